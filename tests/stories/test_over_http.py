"""Stories through the official SDK, the sandbox over HTTP, and the portal's own pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.permissions import ProjectRole
from portal.domain.sponsorship import Term
from portal.jobs import run_due
from portal.models.billing import Payment
from portal.models.changes import SponsorshipChange
from portal.models.money_back import Dispute
from portal.models.projects import Maintainership
from portal.sandbox.amounts import fee_of
from tests.builders import NOW, make_person, make_tier, sign_in
from tests.sandbox.stage import CHALLENGED, DECLINED
from tests.stories.scene import given_back, whole_ledger
from tests.web.test_card_over_http import Street, rows, street  # noqa: F401 - a fixture
from tests.web.test_sponsorships import sponsorship

DISPUTED = "4000000000000259"


def page() -> str:
    return f"/organizations/acme/sponsorships/{sponsorship().reference}"


def gold_now(street: Street) -> None:  # noqa: F811
    """Preview and confirm, exactly as a browser does."""
    client = street.shop.client
    shown = client.get(f"{page()}/change/platinum").text
    fields = dict(re.findall(r'name="(version|due)"[^>]*value="(\d+)"', shown))
    fields |= {
        name: value for value, name in re.findall(r'value="(\d+)"[^>]*name="(due|version)"', shown)
    }
    answer = client.post(f"{page()}/change/platinum", data=fields)
    assert answer.status_code == 303, answer.text


def treasurer(street: Street) -> FlaskClient:  # noqa: F811
    """A browser in which a treasurer of the project is signed in."""
    person = make_person()
    with transaction() as session:
        session.add(
            Maintainership(
                project_id=street.shop.project.id,
                person_id=person.id,
                role=ProjectRole.TREASURER,
                since=NOW,
            )
        )
    return sign_in(street.app, person)


def money_page() -> str:
    return f"/desk/kiln/sponsors/{sponsorship().reference}/money"


def paid(amount: int, currency: str = "EUR") -> list[tuple[str, dict[str, int]]]:
    """A payment as it is written, with what the sandbox keeps of it."""
    fee = fee_of(amount, currency.lower())
    return [
        ("payment", {"card_clearing": amount, "income_tiers": -amount}),
        ("fee", {"processor_fees": fee, "card_clearing": -fee}),
    ]


def sweep(street: Street) -> None:  # noqa: F811
    """Every sweep, in an hour's time and an hour later."""
    for hours in (1, 2):
        run_due(street.app, datetime.now(UTC) + timedelta(hours=hours))


def declined_then_another_card(street: Street) -> None:  # noqa: F811
    url = street.press()
    street.stage.pay(url, DECLINED)
    street.stage.pay(url)
    street.deliver("checkout.session.completed")


def the_bank_asks_and_is_answered(street: Street) -> None:  # noqa: F811
    url = street.press()
    street.stage.pay(url, CHALLENGED)
    sweep(street)
    assert whole_ledger() == [], "nothing is paid while the bank asks"
    street.stage.pay(f"{url}/challenge", answer="confirm")
    street.deliver("checkout.session.completed")


def events_twice(street: Street) -> None:  # noqa: F811
    street.stage.pay(street.press())
    street.deliver("checkout.session.completed")
    for body, signature in street.stage.endpoint.received:
        assert street.post(body, signature) == 200


def events_backwards(street: Street) -> None:  # noqa: F811
    street.stage.pay(street.press())
    street.deliver("checkout.session.completed", backwards=True)


def events_lost(street: Street) -> None:  # noqa: F811
    street.stage.pay(street.press())


def the_payer_comes_back_first(street: Street) -> None:  # noqa: F811
    back = street.stage.pay(street.press())
    street.shop.client.get(back.headers["Location"])
    street.deliver("checkout.session.completed")


@pytest.mark.parametrize(
    "story",
    [
        declined_then_another_card,
        the_bank_asks_and_is_answered,
        events_twice,
        events_backwards,
        events_lost,
        the_payer_comes_back_first,
    ],
)
def test_however_it_went_it_is_paid_once(
    street: Street,  # noqa: F811
    story: Callable[[Street], None],
) -> None:
    story(street)
    sweep(street)
    assert sponsorship().term is Term.ACTIVE
    assert whole_ledger() == paid(10000)


@pytest.mark.parametrize(
    "street",
    [{"currency": currency, "price_minor": 10000} for currency in ("JPY", "KWD")],
    indirect=True,
    ids=["no-minor-unit", "three-places"],
)
def test_currencies_without_a_minor_unit_and_with_three_places(street: Street) -> None:  # noqa: F811
    """10,000 yen or 10.000 dinars: bought, moved to three times that, and a part given back."""
    currency = street.shop.tier.currency
    make_tier(
        street.shop.project, slug="platinum", name="Platinum", price_minor=30000,
        voting_weight=9, currency=currency,
    )  # fmt: skip
    street.bought()
    gold_now(street)
    assert sponsorship().tier_snapshot.tier.slug == "platinum"
    amount = {"JPY": "40", "KWD": "0.040"}[currency]
    form = {"payment": str(rows(Payment)[0].id), "amount": amount, "reason": "Agreed."}
    assert treasurer(street).post(money_page(), data=form).status_code == 303
    assert whole_ledger() == [*paid(10000, currency), *paid(20000, currency), *given_back(40)]


def test_upgrade_downgrade_and_refund_on_the_pages(street: Street) -> None:  # noqa: F811
    make_tier(
        street.shop.project, slug="platinum", name="Platinum", price_minor=30000, voting_weight=9
    )
    street.bought()
    gold_now(street)
    assert sponsorship().tier_snapshot.tier.slug == "platinum"
    assert [row.state.value for row in rows(SponsorshipChange)] == ["done"]
    assert whole_ledger() == [*paid(10000), *paid(20000)], "the first day is all the difference"
    client = street.shop.client
    assert "The difference is paid, and you have Platinum now." in client.get(page()).text
    client.post(f"{page()}/change/gold", data={"version": "1", "due": "0"})
    assert "It begins with the next term." in client.get(page()).text
    assert rows(SponsorshipChange)[-1].state.value == "scheduled"
    for preview in ("cancel", "change/gold"):
        shown = client.get(f"{page()}/{preview}").text
        assert re.search(r"Next payment\W.*?(€\d+), \d", shown, re.DOTALL).group(1) == "€100"  # type: ignore[union-attr]
    client.post(f"{page()}/withdraw-change")
    assert rows(SponsorshipChange)[-1].state.value == "withdrawn"
    client.post(f"{page()}/collection", data={"collection": "invoice", "po_number": "PO 7"})
    assert sponsorship().collection.value == "invoice"
    client.post(f"{page()}/collection", data={"collection": "card"})
    assert sponsorship().collection.value == "card"
    desk, address = treasurer(street), money_page()
    first = rows(Payment)[0].id
    form = {"payment": str(first), "amount": "40.00", "reason": "Agreed."}
    assert desk.post(address, data=form).status_code == 303
    assert sponsorship().term is Term.ACTIVE
    assert "€40 given back" in client.get(page()).text
    receipt = f"{page()}/receipts/{first}"
    assert re.search(r"Given back.*€40.*Paid by", client.get(receipt).text, re.DOTALL)
    assert "Refunded" not in client.get(receipt).text
    assert desk.post(address, data=form | {"amount": "60.00"}).status_code == 303
    assert sponsorship().term is Term.ENDED
    assert "Refunded" in client.get(receipt).text
    assert whole_ledger() == [*paid(10000), *paid(20000), *given_back(4000), *given_back(6000)]
    run_due(street.app, datetime.now(UTC))
    assert not sponsorship().ends_renewal


def test_a_refund_that_the_processor_refused_may_be_asked_for_again_unchanged(
    street: Street,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_args: Any, **_options: Any) -> Any:
        raise Refusal("processor.refused", "The balance is too low.")

    street.bought()
    desk, address = treasurer(street), money_page()
    form = {"payment": str(rows(Payment)[0].id), "amount": "40.00", "reason": "Agreed."}
    with monkeypatch.context() as patched:
        patched.setattr(StripeGateway, "refund", refuse)
        for _ in range(2):
            assert "The balance is too low." in desk.post(address, data=form).text
    assert desk.post(address, data=form).status_code == 303
    assert "You sent exactly this" in desk.post(address, data=form).text
    assert whole_ledger() == [*paid(10000), *given_back(4000)]


def test_a_payment_that_is_disputed_at_once(street: Street) -> None:  # noqa: F811
    street.stage.pay(street.press(), DISPUTED)
    street.deliver("charge.dispute.created")
    run_due(street.app, datetime.now(UTC))
    assert [row.state.value for row in rows(Dispute)] == ["open"]
    shown = street.shop.client.get(page()).text
    assert "A payment is disputed" in shown
    cost = next(row.fee_minor for row in rows(Dispute))
    assert whole_ledger() == [
        *paid(10000),
        ("dispute", {"disputes": 10000, "card_clearing": -10000}),
        ("fee", {"processor_fees": cost, "card_clearing": -cost}),
    ]


def test_a_difference_given_back_sets_the_processors_price_back(street: Street) -> None:  # noqa: F811
    make_tier(
        street.shop.project, slug="platinum", name="Platinum", price_minor=30000, voting_weight=9
    )
    street.bought()
    gold_now(street)
    form = {"payment": str(rows(Payment)[-1].id), "amount": "200.00", "reason": "Agreed."}
    desk = treasurer(street)
    assert "the tier before it holds again" in desk.get(money_page()).text
    assert desk.post(money_page(), data=form).status_code == 303
    assert sponsorship().tier_snapshot.tier.slug == "gold"
    sweep(street)
    assert rows(SponsorshipChange)[-1].state.value == "done"
    street.stage.forward(366)
    street.deliver("invoice.paid")
    assert whole_ledger() == [*paid(10000), *paid(20000), *given_back(20000), *paid(10000)]
