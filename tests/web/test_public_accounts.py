"""The public accounts: what may be seen, in which figures, and of whom only the sum."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.database import transaction
from portal.domain import ledger
from portal.domain.ledger import Cause, Posting
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.domain.public_accounts import FIGURES
from portal.models.projects import Project
from portal.services.books.ledger import Occasion, correct_transaction, post_transaction
from tests.builders import NOW, make_organization, make_project, make_sponsorship, make_tier


class Book:
    """A project whose ledger is written by hand."""

    def __init__(self) -> None:
        self.project: Project = make_project("kiln")
        self.tier = make_tier(self.project, slug="gold", name="Gold")
        self.public = make_sponsorship(make_organization(), self.tier)
        self.private = make_sponsorship(make_organization(name="Hush"), self.tier, is_private=True)
        self._posted = 0

    def post(self, cause: Cause, posting: Posting, *, months_ago: int = 0, **of: Any) -> int:
        self._posted += 1
        month = NOW.month - months_ago
        with transaction():
            return post_transaction(
                self.project.id,
                posting,
                key=str(self._posted),
                cause=cause,
                actor=SYSTEM,
                now=NOW,
                occasion=Occasion(at=NOW.replace(day=1, month=month), **of),
            )

    def sell(self, minor: int, currency: str = "EUR", *, private: bool = False, **of: Any) -> int:
        sponsorship = self.private if private else self.public
        sale = ledger.card_payment(Money(minor, currency), tier_id=self.tier.tier_id, **of)
        return self.post(Cause.PAYMENT, sale, sponsorship_id=sponsorship.id)


@pytest.fixture
def book(app: Flask) -> Book:
    return Book()


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def months(client: FlaskClient) -> dict[tuple[str, str], dict[str, Any]]:
    found = client.get("/p/kiln/accounts.json").json
    assert found is not None
    return {
        (one["currency"], month["month"]): month
        for one in found["currencies"]
        for month in one["months"]
    }


def test_every_figure_of_a_month_and_the_balance_that_follows(
    client: FlaskClient, book: Book
) -> None:
    book.post(Cause.GIFT, ledger.gift(eur(500)), months_ago=2)
    book.sell(11900, tax_minor=1900)
    book.post(Cause.FEE, ledger.processor_fee(eur(300)))
    book.post(Cause.REFUND, ledger.refund(eur(1000)))
    book.post(Cause.DISPUTE, ledger.dispute_opened(eur(400)))
    wrong = book.post(Cause.GIFT, ledger.gift(eur(7)))
    with transaction():
        correct_transaction(wrong, reference="typed twice", actor=SYSTEM, now=NOW)
    found = months(client)
    assert list(found) == [("EUR", "2026-09"), ("EUR", "2026-10"), ("EUR", "2026-11")]
    assert found["EUR", "2026-10"]["balance"] == 500
    assert found["EUR", "2026-11"] == {
        "month": "2026-11",
        "tiers": [{"tier": "gold", "name": "Gold", "amount": 10000}],
        "income": 10000,
        "gifts": 0,
        "tax": 1900,
        "received": 11907,
        "fees": 300,
        "refunds": 1000,
        "disputes": 400,
        "payouts": 0,
        "other": -7,
        "balance": 500 + 11900 - 300 - 1000 - 400,
    }


def test_a_private_sponsor_is_in_the_totals_and_nowhere_else(
    client: FlaskClient, book: Book
) -> None:
    book.sell(10000)
    book.sell(25000, private=True)
    month = months(client)["EUR", "2026-11"]
    assert month["tiers"] == [{"tier": "gold", "name": "Gold", "amount": 10000}]
    assert month["income"] == 35000
    texts = [client.get(f"/p/kiln/accounts{end}").text for end in ("", ".json", ".csv")]
    assert not any("Hush" in text or "250.00" in text or "25000" in text for text in texts)


def test_a_tier_that_only_private_sponsors_hold_is_not_named(
    client: FlaskClient, book: Book
) -> None:
    book.sell(25000, private=True)
    month = months(client)["EUR", "2026-11"]
    assert (month["tiers"], month["income"]) == ([], 25000)
    assert "gold" not in client.get("/p/kiln/accounts.csv").text


def test_currencies_stand_apart_with_their_own_decimals(client: FlaskClient, book: Book) -> None:
    book.sell(10000)
    book.sell(7000, "JPY")
    book.sell(7001, "KWD")
    rows = list(csv.DictReader(io.StringIO(client.get("/p/kiln/accounts.csv").text)))
    balances = {row["currency"]: row["amount"] for row in rows if row["figure"] == "balance"}
    assert balances == {"EUR": "100.00", "JPY": "7000", "KWD": "7.001"}
    assert {row["amount"] for row in rows if row["tier"] == "gold"} == {"100.00", "7000", "7.001"}
    page = client.get("/p/kiln/accounts").text
    assert all(f'id="{currency}"' in page for currency in ("eur", "jpy", "kwd"))


def test_a_project_without_money_says_so(client: FlaskClient) -> None:
    make_project("kiln")
    assert "No money has moved yet" in client.get("/p/kiln/accounts").text
    assert client.get("/p/kiln/accounts.json").json == {"project": "kiln", "currencies": []}
    assert client.get("/p/other/accounts.json").status_code == 404


def test_the_page_leaves_out_what_stood_at_zero_and_the_files_do_not(
    client: FlaskClient, book: Book
) -> None:
    book.sell(10000)
    book.post(Cause.FEE, ledger.processor_fee(eur(300)))
    page = client.get("/p/kiln/accounts").text
    assert all(word in page for word in ("Earned by tiers", "Received", "Fees", "At hand"))
    assert not any(word in page for word in ("Gifts", "Refunded", "Disputed", "Paid out"))
    figures = {line.split(",")[2] for line in client.get("/p/kiln/accounts.csv").text.splitlines()}
    assert figures == {"figure", "tier", *FIGURES}
