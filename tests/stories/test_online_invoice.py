"""Net-30 on the processor's page: ours is the invoice, theirs is where it is paid; over HTTP."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.database import db, transaction
from portal.domain.documents import DocumentKind, DocumentState
from portal.domain.errors import ProcessorUnavailable, Refusal
from portal.domain.ledger import Account
from portal.domain.money import Money
from portal.domain.permissions import ProjectRole
from portal.domain.sponsorship import Term
from portal.jobs import run_due
from portal.models.billing import Payment
from portal.models.documents import Document
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership
from portal.services.billing.bank_payments import Arrival, record_payment
from portal.services.billing.credit_notes import credit_invoice
from portal.services.billing.sellers import save_billing_data, save_seller
from portal.services.books.ledger import read_balance
from tests.builders import NOW, actor_of, make_person
from tests.document_builders import BUYER, SELLER, SITE
from tests.web.test_card_over_http import Street, rows, street  # noqa: F401 - a fixture
from tests.web.test_sponsorships import sponsorship

DAY = timedelta(days=1)
PRICE, TAX = 10000, 0  # reverse charge between Germany and the Netherlands


class Net30:
    """A seller, a buyer who may be billed, and what they do."""

    def __init__(self, street: Street) -> None:  # noqa: F811
        self.street, self.project = street, street.shop.project
        self.treasurer = actor_of(make_person("Tara"))
        assert self.treasurer.person_id
        with transaction() as session:
            session.add(
                Maintainership(
                    project_id=self.project.id,
                    person_id=self.treasurer.person_id,
                    role=ProjectRole.TREASURER,
                    since=NOW,
                )
            )
        self.treasurer = actor_of(
            db.session.get_one(type(street.shop.owner), self.treasurer.person_id)
        )
        with transaction():
            save_seller(self.treasurer, self.project.id, SELLER, now=NOW)
            save_billing_data(
                actor_of(street.shop.owner), street.shop.organization.id, BUYER, now=NOW
            )

    def order(self, way: str = "online") -> str:
        """From the tier to the invoice, as a browser does; the invoice's page."""
        client = self.street.shop.client
        data = {"organization": "acme", "version": "1", "legal_name": BUYER.legal_name,
                "address": BUYER.address, "country": "NL", "tax_id": BUYER.tax_id}  # fmt: skip
        quote = client.post("/p/kiln/tiers/gold/invoice", data=data).location
        shown = client.get(quote).text
        assert "Online, on the processor" in shown
        answer = client.post(f"{quote}/accept", data={"po_number": "PO 77", "way": way})
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def hosted(self, page: str) -> str:
        """The processor's page, as the document's page and the desk link it."""
        client = self.street.shop.client
        shown = client.get(page)
        found = re.search(r'href="([^"]+/i/[^"]+)"', shown.text)
        assert found, shown.text
        assert found[1] in client.get("/organizations/acme/billing").text
        return found[1]

    def invoices(self) -> list[Document]:
        db.session.expire_all()
        kind = Document.kind == DocumentKind.INVOICE
        return list(db.session.scalars(select(Document).where(kind).order_by(Document.id)))

    def books(self) -> dict[str, int]:
        """Every account that is not empty, without fees, which lie between two accounts."""
        found = {
            account.value: read_balance(
                self.project.id, account, self.project.currency
            ).amount_minor
            for account in Account
        }
        assert sum(found.values()) == 0
        fees = found.pop("processor_fees")
        found["card_clearing"] += fees
        return {name: amount for name, amount in found.items() if amount}

    def recorded(self, invoice: Document) -> None:
        """The treasurer finds the money on the bank account."""
        today = datetime.now(UTC)
        arrival = Arrival(
            Money(invoice.total_minor, invoice.currency), today.date(), "statement 7", "bank",
            invoice.standing.open_minor,
        )  # fmt: skip
        with transaction():
            record_payment(
                self.treasurer, self.project.id, invoice.reference, arrival, site=SITE, now=today
            )


@pytest.fixture
def net30(street: Street) -> Net30:  # noqa: F811
    return Net30(street)


def mails() -> list[OutboxMessage]:
    db.session.expire_all()
    return list(db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def test_ordered_paid_late_on_the_hosted_page_and_renewed_there(net30: Net30) -> None:
    street = net30.street  # noqa: F811
    page = net30.order()
    (invoice,) = net30.invoices()
    assert net30.books() == {"receivable": PRICE, "income_tiers": -PRICE}
    assert sponsorship().term is Term.PENDING
    url = net30.hosted(page)
    asked = [mail for mail in mails() if invoice.number in mail.subject]
    assert len(asked) == 1
    assert url in asked[0].paragraphs
    assert "PO 77" in street.stage.pay(url, "no card").text

    street.stage.forward(40)
    run_due(street.app, datetime.now(UTC) + 40 * DAY)
    assert sponsorship().term is Term.PENDING, "late, and nothing has begun that could lapse"
    street.stage.pay(url)
    street.deliver("invoice.paid")
    stake = sponsorship()
    assert stake.term is Term.ACTIVE
    assert stake.active_since > stake.term_starts_at, "the term since the invoice, the weight later"
    assert net30.books() == {"card_clearing": PRICE, "income_tiers": -PRICE}
    assert net30.invoices()[0].standing.state is DocumentState.PAID
    receipts = select(Document).where(Document.kind == DocumentKind.RECEIPT)
    assert len(db.session.scalars(receipts).all()) == 1
    assert "/i/" not in street.shop.client.get(page).text

    first_end = stake.term_ends_at
    assert first_end is not None
    street.stage.forward(330)
    street.deliver("invoice.finalized")
    first, second = net30.invoices()
    assert (first.po_number, second.po_number) == ("PO 77", "PO 77")
    assert second.term_starts_at == first_end
    assert net30.books() == {
        "card_clearing": PRICE, "receivable": PRICE, "income_tiers": -2 * PRICE,
    }  # fmt: skip
    run_due(street.app, first_end + DAY)
    assert sponsorship().term is Term.GRACE, "the next term has begun and is not paid"
    street.stage.pay(net30.hosted(f"/organizations/acme/documents/{second.reference}"))
    street.deliver("invoice.paid")
    stake = sponsorship()
    assert (stake.term, stake.term_starts_at) == (Term.ACTIVE, first_end)
    assert net30.books() == {"card_clearing": 2 * PRICE, "income_tiers": -2 * PRICE}
    assert len(rows(Payment)) == 2
    for body, signature in street.stage.endpoint.received:
        assert street.post(body, signature) == 200
    run_due(street.app, datetime.now(UTC))
    assert net30.books() == {"card_clearing": 2 * PRICE, "income_tiers": -2 * PRICE}


@pytest.mark.parametrize("answered", [False, True])
def test_a_crash_on_either_side_of_the_call_is_healed(
    net30: Net30,
    monkeypatch: pytest.MonkeyPatch,
    answered: bool,  # noqa: FBT001 - given by the parameters
) -> None:
    usual = StripeGateway.open_invoiced_renewal

    def lost(self: StripeGateway, *args: Any, **kwargs: Any) -> Any:
        if answered:
            usual(self, *args, **kwargs)
        raise ProcessorUnavailable("processor.unavailable", "Out of reach.")

    with monkeypatch.context() as patched:
        patched.setattr(StripeGateway, "open_invoiced_renewal", lost)
        page = net30.order()
    assert "/i/" not in net30.street.shop.client.get(page).text
    run_due(net30.street.app, datetime.now(UTC) + timedelta(minutes=5))
    net30.street.stage.pay(net30.hosted(page))
    net30.street.deliver("invoice.paid")
    assert sponsorship().term is Term.ACTIVE
    assert len(net30.street.stage.call("GET", "invoices").json()["data"]) == 1
    assert net30.books() == {"card_clearing": PRICE, "income_tiers": -PRICE}


def test_lost_webhooks_are_made_up_for_by_the_sweep(net30: Net30) -> None:
    net30.street.stage.pay(net30.hosted(net30.order()))
    run_due(net30.street.app, datetime.now(UTC))
    assert sponsorship().term is Term.ACTIVE
    assert net30.books() == {"card_clearing": PRICE, "income_tiers": -PRICE}


def test_paid_by_transfer_after_all_closes_the_processors_page(net30: Net30) -> None:
    page = net30.order()
    url = net30.hosted(page)
    net30.recorded(net30.invoices()[0])
    assert sponsorship().term is Term.ACTIVE
    run_due(net30.street.app, datetime.now(UTC))
    (theirs,) = net30.street.stage.call("GET", "invoices").json()["data"]
    assert theirs["status"] == "paid"
    net30.street.stage.pay(url)
    run_due(net30.street.app, datetime.now(UTC))
    assert net30.books() == {"bank": PRICE, "income_tiers": -PRICE}
    assert sponsorship().term_ends_at - sponsorship().term_starts_at < 367 * DAY


def test_paid_twice_the_second_payment_is_credit(net30: Net30) -> None:
    url = net30.hosted(net30.order())
    net30.street.stage.pay(url)
    net30.recorded(net30.invoices()[0])
    run_due(net30.street.app, datetime.now(UTC))
    assert net30.books() == {
        "bank": PRICE, "card_clearing": PRICE, "credit": -PRICE, "income_tiers": -PRICE,
    }  # fmt: skip


def test_taken_back_it_is_withdrawn_at_the_processor_too(net30: Net30) -> None:
    net30.order()
    (invoice,) = net30.invoices()
    with transaction():
        credit_invoice(
            net30.treasurer, net30.project.id, invoice.reference,
            amount=Money(invoice.total_minor, invoice.currency), reason="A slip.",
            site=SITE, now=datetime.now(UTC),
        )  # fmt: skip
    run_due(net30.street.app, datetime.now(UTC))
    (theirs,) = net30.street.stage.call("GET", "invoices").json()["data"]
    assert theirs["status"] == "void"
    (renewal,) = net30.street.stage.call("GET", "subscriptions", {"status": "all"}).json()["data"]
    assert renewal["status"] == "canceled"
    assert net30.books() == {}
    net30.street.stage.pay(net30.hosted(net30.order()))
    net30.street.deliver("invoice.paid")
    assert sponsorship().term is Term.ACTIVE


def test_a_processor_that_refuses_leaves_the_transfer(
    net30: Net30, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise Refusal("processor.refused", "No.")

    monkeypatch.setattr(StripeGateway, "open_invoiced_renewal", refuse)
    page = net30.order()
    assert "please pay by bank transfer" in net30.street.shop.client.get(page).text
    assert sponsorship().processor == "bank"
    net30.recorded(net30.invoices()[0])
    assert sponsorship().term is Term.ACTIVE
