"""The hosted pages: paid once however often one presses, closed when closed, strict about scripts."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox.stage import CHALLENGED, DECLINED, SUCCEEDS, Stage


def _get(url: str) -> requests.Response:
    return requests.get(url, timeout=10)


def test_the_page_says_what_is_bought_and_for_how_much(stage: Stage) -> None:
    page = _get(stage.open_session()["url"]).text
    for words in ("Gold", "EUR 1,200.00", "every year", "billing@acme.example", "4000 0027 6000 3184",
                  'href="http://shop.localhost/tiers"'):  # fmt: skip
        assert words in page


def test_pages_carry_no_script_and_no_inline_style(stage: Stage) -> None:
    url = stage.open_session()["url"]
    for address in (url, stage.url):
        answer = _get(address)
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", answer.text)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy


def test_a_form_may_lead_to_the_sellers_addresses_and_nowhere_else(stage: Stage) -> None:
    policy = _get(stage.open_session()["url"]).headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' http://localhost http://shop.localhost")


def test_paying_leads_back_with_the_checkouts_id(stage: Stage) -> None:
    session = stage.open_session()
    answer = stage.pay(session["url"])
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://localhost/done?session={session['id']}"


def test_a_typed_number_wins_over_the_choice(stage: Stage) -> None:
    answer = stage.pay(stage.open_session()["url"], DECLINED, number="4242 4242-4242 4242")
    assert answer.headers["Location"].startswith("http://localhost/done")


@pytest.mark.parametrize("number", ["4111 1111 1111 1111", "x" * 5000, "<script>", "٤٢٤٢"])
def test_what_is_no_test_card_is_refused_and_nothing_is_charged(stage: Stage, number: str) -> None:
    answer = stage.pay(stage.open_session()["url"], number=number)
    assert answer.status_code == 422
    assert "not a test card" in answer.text
    assert "<script" not in answer.text
    assert stage.call("GET", "charges").json()["data"] == []


def test_an_unknown_payer_must_leave_an_address(stage: Stage) -> None:
    price = stage.call(
        "POST", "prices", {"currency": "eur", "unit_amount": "5", "product_data[name]": "G"}
    ).json()
    session = stage.call(
        "POST",
        "checkout/sessions",
        {
            "mode": "payment",
            "success_url": "http://localhost/",
            "line_items[0][price]": price["id"],
        },
    ).json()
    assert stage.pay(session["url"]).status_code == 422
    assert stage.pay(session["url"], email="new@acme.example").status_code == 303


def test_a_decline_is_told_and_another_card_may_follow(stage: Stage) -> None:
    session = stage.open_session()
    back = stage.pay(session["url"], DECLINED)
    assert (back.status_code, back.headers["Location"]) == (303, f"/c/pay/{session['id']}")
    assert "The card was declined" in _get(session["url"]).text
    assert stage.pay(session["url"], SUCCEEDS).headers["Location"].startswith("http://localhost/")
    statuses = [charge["status"] for charge in stage.call("GET", "charges").json()["data"]]
    assert statuses == ["succeeded", "failed"]
    assert len(stage.call("GET", "subscriptions").json()["data"]) == 1


def test_the_bank_is_asked_and_its_no_charges_nothing(stage: Stage) -> None:
    session = stage.open_session()
    challenge = f"{session['url']}/challenge"
    assert stage.pay(session["url"], CHALLENGED).headers["Location"].endswith("/challenge")
    assert "Your bank asks" in _get(challenge).text
    stage.pay(challenge, answer="deny")
    assert "could not confirm" in _get(session["url"]).text
    assert stage.call("GET", "charges").json()["data"] == []


def test_the_banks_answer_counts_only_while_it_is_asked(stage: Stage) -> None:
    session = stage.open_session()
    stage.pay(f"{session['url']}/challenge", answer="confirm")
    assert stage.call("GET", "subscriptions").json()["data"] == []


def test_the_banks_yes_after_its_no_or_after_the_expiry_charges_nothing(stage: Stage) -> None:
    denied, expired = stage.open_session(), stage.open_session()
    for session in (denied, expired):
        stage.pay(session["url"], CHALLENGED)
    stage.pay(f"{denied['url']}/challenge", answer="deny")
    stage.call("POST", f"checkout/sessions/{expired['id']}/expire")
    for session in (denied, expired):
        assert stage.pay(f"{session['url']}/challenge", answer="confirm").status_code < 400
    assert stage.call("GET", "charges").json()["data"] == []


def test_pressing_twice_at_once_pays_once(stage: Stage) -> None:
    session = stage.open_session()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: stage.pay(session["url"]), range(6)))
    assert {answer.headers["Location"] for answer in answers} == {
        f"http://localhost/done?session={session['id']}"
    }
    for path in ("subscriptions", "invoices", "charges", "payment_intents"):
        assert len(stage.call("GET", path).json()["data"]) == 1, path


def test_confirming_twice_at_once_pays_once(stage: Stage) -> None:
    session = stage.open_session("payment")
    stage.pay(session["url"], CHALLENGED)
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(lambda _: stage.pay(f"{session['url']}/challenge", answer="confirm"), range(4))
        )
    assert len(stage.call("GET", "charges").json()["data"]) == 1


def test_a_closed_checkout_says_so_and_takes_no_money(stage: Stage) -> None:
    paid, expired = stage.open_session(), stage.open_session()
    stage.pay(paid["url"])
    stage.call("POST", f"checkout/sessions/{expired['id']}/expire")
    assert "has been paid" in _get(paid["url"]).text
    assert "has expired" in _get(expired["url"]).text
    assert "has expired" in stage.pay(expired["url"]).text
    assert len(stage.call("GET", "charges").json()["data"]) == 1


def test_unknown_addresses_are_not_found(stage: Stage) -> None:
    for path in ("/c/pay/cs_test_none", "/c/pay/cs_test_none/challenge", "/receipts/ch_none"):
        assert _get(f"{stage.url}{path}").status_code == 404
    customer = stage.call("POST", "customers", {"name": "Acme"}).json()["id"]
    assert _get(f"{stage.url}/receipts/{customer}").status_code == 404
    assert _get(f"{stage.url}/c/pay/{customer}").status_code == 404


def test_receipts_show_the_amount(stage: Stage) -> None:
    stage.pay(stage.open_session("payment")["url"])
    charge = stage.call("GET", "charges").json()["data"][0]
    assert "EUR 1,200.00" in _get(charge["receipt_url"]).text


def test_names_are_shown_as_text(stage: Stage) -> None:
    price = {"currency": "kwd", "unit_amount": "1230", "product_data[name]": "<b>Gold</b>"}
    made = stage.call("POST", "prices", price).json()
    wish = {
        "mode": "payment",
        "success_url": "http://localhost/",
        "line_items[0][price]": made["id"],
    }
    page = _get(stage.call("POST", "checkout/sessions", wish).json()["url"]).text
    assert "&lt;b&gt;Gold" in page
    assert "KWD 1.230" in page
