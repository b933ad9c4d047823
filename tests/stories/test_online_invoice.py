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
from portal.domain.ledger import Account, Cause, payment_on_credit
from portal.domain.money import Money
from portal.domain.permissions import ProjectRole
from portal.domain.sponsorship import Term
from portal.domain.term_reminders import ReminderKind
from portal.jobs import run_due
from portal.models.billing import Payment
from portal.models.changes import TermReminder
from portal.models.documents import Document
from portal.models.identity import Person
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership
from portal.models.sponsorship import SponsorshipEvent
from portal.services.billing.bank_payments import Arrival, record_payment
from portal.services.billing.credit_notes import credit_invoice
from portal.services.billing.sellers import save_billing_data, save_seller
from portal.services.books.ledger import post_transaction, read_balance
from portal.services.selfcheck.run import check_everything
from portal.services.sponsorship.sponsorships import get_charter
from tests.builders import NOW, actor_of, make_person, make_tier, sign_in
from tests.document_builders import BUYER, SELLER, SITE
from tests.stories.scene import whole_ledger
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

    def order(self, way: str = "online", *, once: str = "") -> str:
        """From the tier to the invoice, as a browser does; the invoice's page.

        The same once more on one day is meant, and sent with another ``once``.
        """
        client = self.street.shop.client
        data = {"organization": "acme", "version": "1", "legal_name": BUYER.legal_name,
                "address": BUYER.address, "country": "NL", "tax_id": BUYER.tax_id,
                "once": once}  # fmt: skip
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

    def upgrade(self, tier: str = "platinum") -> None:
        """Look at the preview and confirm it, as a browser does."""
        client, stake = self.street.shop.client, sponsorship()
        page = f"/organizations/acme/sponsorships/{stake.reference}/change/{tier}"
        shown = client.get(page).text
        data = {
            name: re.search(rf'name="{name}"[^>]*value="(\d+)"', shown)[1]  # type: ignore[index]
            for name in ("version", "due")
        }
        answer = client.post(page, data=data)
        assert answer.status_code == 303, answer.text

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

    def recorded(self, invoice: Document, amount: int | None = None) -> None:
        """The treasurer finds the money on the bank account."""
        today = datetime.now(UTC)
        arrival = Arrival(
            Money(amount or invoice.total_minor, invoice.currency), today.date(), "statement 7",
            "bank",
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
    run_due(street.app, first_end + timedelta(hours=1))
    assert sponsorship().term is Term.ACTIVE, "the processor may not have issued its invoice yet"
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


def test_who_moves_to_a_card_still_owes_the_invoice_and_its_days_to_pay_count(
    net30: Net30,
) -> None:
    street = net30.street  # noqa: F811
    street.bought()
    page = f"/organizations/acme/sponsorships/{sponsorship().reference}"
    first_end = sponsorship().term_ends_at
    assert first_end is not None
    street.shop.client.post(f"{page}/collection", data={"collection": "invoice"})
    street.stage.forward(366)
    street.deliver("invoice.finalized")
    (second,) = net30.invoices()
    street.shop.client.post(f"{page}/collection", data={"collection": "card"})
    assert sponsorship().collection.value == "card"
    run_due(street.app, first_end + DAY)
    stake = sponsorship()
    assert stake.term is Term.GRACE
    assert second.due_on is not None
    assert second.due_on > first_end.date() + 20 * DAY
    assert stake.grace_ends_at is not None
    grace = get_charter(net30.project.id).grace_days * DAY
    assert stake.grace_ends_at.date() == second.due_on + grace
    assert "The invoice is not paid yet." in [row.reason for row in rows(SponsorshipEvent)]
    failures = [mail.subject for mail in mails() if mail.subject.endswith("failed")]
    assert failures == []
    assert ReminderKind.FAILING not in [row.kind for row in rows(TermReminder)]
    invoice = f"/organizations/acme/documents/{second.reference}"
    shown = street.shop.client.get(page).text
    assert "The invoice for this term is not paid." in shown
    assert f'href="{invoice}"' in shown
    street.stage.pay(net30.hosted(invoice))
    street.deliver("invoice.paid")
    assert (sponsorship().term, sponsorship().term_starts_at) == (Term.ACTIVE, first_end)
    assert invoice not in street.shop.client.get(page).text


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
    net30.street.stage.pay(net30.hosted(net30.order(once="again")))
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


DEARER, DIFFERENCE = 30000, 20000  # on the first day of the term the whole of it is left


def upgraded(net30: Net30) -> Document:
    """Gold is paid, and the difference to platinum asked for; our invoice for it."""
    make_tier(net30.project, slug="platinum", price_minor=DEARER, voting_weight=9)
    net30.street.stage.pay(net30.hosted(net30.order()))
    net30.street.deliver("invoice.paid")
    net30.upgrade()
    return net30.invoices()[-1]


def ledger() -> list[tuple[str, dict[str, int]]]:
    """The whole book, without the fees of the processor."""
    return [(cause, lines) for cause, lines in whole_ledger() if cause != "fee"]


def asked(amount: int) -> tuple[str, dict[str, int]]:
    return ("invoice", {"receivable:acme": amount, "income_tiers": -amount})


def paid_online(amount: int) -> tuple[str, dict[str, int]]:
    return ("payment", {"card_clearing": amount, "receivable:acme": -amount})


def test_an_upgrade_in_mid_term_has_an_invoice_of_ours_paid_on_the_processors_page(
    net30: Net30,
) -> None:
    invoice = upgraded(net30)
    street, bought = net30.street, [asked(PRICE), paid_online(PRICE)]  # noqa: F811
    first = net30.invoices()[0]
    assert (invoice.series_number, invoice.total_minor) == (first.series_number + 1, DIFFERENCE)
    assert (invoice.po_number, invoice.currency) == ("PO 77", "EUR")
    assert invoice.payment_reference.startswith("RF")
    assert invoice.term_ends_at == sponsorship().term_ends_at
    assert sponsorship().tier_snapshot.tier.slug != "platinum", "no weight without its money"
    assert ledger() == [*bought, asked(DIFFERENCE)]
    page = f"/organizations/acme/documents/{invoice.reference}"
    stake = street.shop.client.get(f"/organizations/acme/sponsorships/{sponsorship().reference}")
    assert f'href="{page}"' in stake.text
    assert "difference for the rest of the term" in street.shop.client.get(page).text
    assert street.shop.client.get(f"{page}/file").data.startswith(b"%PDF")
    told = [mail for mail in mails() if invoice.number in mail.subject]
    assert len(told) == 1
    street.stage.pay(net30.hosted(page))
    street.deliver("invoice.paid", backwards=True)
    for body, signature in reversed(street.stage.endpoint.received):
        assert street.post(body, signature) == 200
    run_due(street.app, datetime.now(UTC))
    assert sponsorship().tier_snapshot.tier.slug == "platinum"
    assert sponsorship().term is Term.ACTIVE
    assert len(net30.invoices()) == 2
    assert net30.invoices()[-1].standing.state is DocumentState.PAID
    assert ledger() == [*bought, asked(DIFFERENCE), paid_online(DIFFERENCE)]
    assert [row.tier_snapshot.tier.slug for row in rows(Payment)] == ["gold", "platinum"]
    street.stage.forward(366)
    street.deliver("invoice.finalized")
    assert net30.invoices()[-1].total_minor == DEARER


@pytest.mark.parametrize("answered", [False, True])
def test_an_upgrade_whose_answer_is_lost_is_invoiced_once(
    net30: Net30,
    monkeypatch: pytest.MonkeyPatch,
    answered: bool,  # noqa: FBT001 - given by the parameters
) -> None:
    usual = StripeGateway.change_renewal

    def lost(self: StripeGateway, *args: Any, **kwargs: Any) -> Any:
        if answered:
            usual(self, *args, **kwargs)
        raise ProcessorUnavailable("processor.unavailable", "Out of reach.")

    with monkeypatch.context() as patched:
        patched.setattr(StripeGateway, "change_renewal", lost)
        with pytest.raises(AssertionError):
            upgraded(net30)
    if answered:
        net30.street.deliver("invoice.finalized")
    run_due(net30.street.app, datetime.now(UTC) + timedelta(minutes=5))
    _first, invoice = net30.invoices()
    net30.street.stage.pay(net30.hosted(f"/organizations/acme/documents/{invoice.reference}"))
    run_due(net30.street.app, datetime.now(UTC) + timedelta(minutes=9))
    assert sponsorship().tier_snapshot.tier.slug == "platinum"
    assert ledger() == [
        asked(PRICE), paid_online(PRICE), asked(DIFFERENCE), paid_online(DIFFERENCE),
    ]  # fmt: skip


def test_an_upgrade_that_is_taken_back_unpaid_leaves_the_term_and_its_price(net30: Net30) -> None:
    invoice = upgraded(net30)
    url = net30.hosted(f"/organizations/acme/documents/{invoice.reference}")
    with transaction():
        credit_invoice(
            net30.treasurer, net30.project.id, invoice.reference,
            amount=Money(DIFFERENCE, "EUR"), reason="Not wanted.", site=SITE, now=datetime.now(UTC),
        )  # fmt: skip
    run_due(net30.street.app, datetime.now(UTC) + timedelta(minutes=5))
    (renewal,) = net30.street.stage.call("GET", "subscriptions").json()["data"]
    assert renewal["items"]["data"][0]["price"]["unit_amount"] == PRICE, "the processor followed"
    assert renewal["status"] == "active"
    net30.street.stage.pay(url)
    run_due(net30.street.app, datetime.now(UTC) + timedelta(minutes=9))
    assert (sponsorship().tier_snapshot.tier.slug, sponsorship().term) == ("gold", Term.ACTIVE)
    assert ledger() == [
        asked(PRICE), paid_online(PRICE), asked(DIFFERENCE),
        ("credit_note", {"receivable:acme": -DIFFERENCE, "income_tiers": DIFFERENCE}),
    ]  # fmt: skip


def test_an_upgrade_nobody_paid_comes_with_the_next_term_and_its_difference_is_taken_back(
    net30: Net30,
) -> None:
    upgraded(net30)
    street = net30.street  # noqa: F811
    street.stage.forward(366)
    street.deliver("invoice.finalized")
    *_others, term = net30.invoices()
    assert (sponsorship().tier_snapshot.tier.slug, term.total_minor) == ("gold", DEARER)
    run_due(street.app, datetime.now(UTC))
    street.stage.pay(net30.hosted(f"/organizations/acme/documents/{term.reference}"))
    street.deliver("invoice.paid")
    assert (sponsorship().tier_snapshot.tier.slug, sponsorship().term) == ("platinum", Term.ACTIVE)
    assert sponsorship().term_starts_at == term.term_starts_at
    assert ledger() == [
        asked(PRICE), paid_online(PRICE), asked(DIFFERENCE), asked(DEARER),
        ("credit_note", {"receivable:acme": -DIFFERENCE, "income_tiers": DIFFERENCE}),
        paid_online(DEARER),
    ]  # fmt: skip


def test_a_term_that_is_taken_back_ends_standing_also_after_an_upgrade(net30: Net30) -> None:
    net30.street.stage.pay(
        net30.hosted(f"/organizations/acme/documents/{upgraded(net30).reference}")
    )
    net30.street.deliver("invoice.paid")
    first = net30.invoices()[0]
    with transaction():
        credit_invoice(
            net30.treasurer, net30.project.id, first.reference,
            amount=Money(PRICE, "EUR"), reason="A slip.", site=SITE, now=datetime.now(UTC),
        )  # fmt: skip
    assert sponsorship().term is Term.ENDED


# Credit: what was paid too much pays the next invoice, and the processor asks for the rest.


def give_credit(net30: Net30, amount: int) -> None:
    """Money of the buyer that nothing has used yet."""
    with transaction():
        post_transaction(
            net30.project.id,
            payment_on_credit(Money(amount, "EUR"), net30.street.shop.organization.id),
            key="payment:bank:too-much", cause=Cause.PAYMENT, actor=net30.treasurer, now=NOW,
        )  # fmt: skip


def credited(amount: int) -> tuple[str, dict[str, int]]:
    return ("credit", {"credit:acme": amount, "receivable:acme": -amount})


def theirs(net30: Net30) -> list[dict[str, Any]]:
    """The processor's invoices, the oldest first."""
    return list(reversed(net30.street.stage.call("GET", "invoices").json()["data"]))


def test_credit_pays_a_part_and_the_page_asks_for_the_rest(net30: Net30) -> None:
    give_credit(net30, 3000)
    page = net30.order()
    (asks,) = theirs(net30)
    assert (asks["total"], asks["amount_remaining"]) == (PRICE, 7000)
    shown = net30.street.shop.client.get(page).text
    assert "Paid from your credit" in shown
    (mail,) = [mail for mail in mails() if net30.invoices()[0].number in mail.subject]
    assert "EUR 30.00 is paid from your credit." in mail.paragraphs
    net30.street.stage.pay(net30.hosted(page))
    net30.street.deliver("invoice.paid")
    run_due(net30.street.app, datetime.now(UTC))
    assert sponsorship().term is Term.ACTIVE
    assert ledger()[1:] == [asked(PRICE), credited(3000), paid_online(7000)]


def test_credit_that_pays_all_begins_the_term_and_nothing_is_asked(net30: Net30) -> None:
    give_credit(net30, PRICE + 500)
    net30.order()
    assert sponsorship().term is Term.ACTIVE
    (asks,) = theirs(net30)
    assert (asks["status"], asks["amount_paid"]) == ("paid", PRICE)
    assert sponsorship().renewal_id is not None, "the next terms are the processor's"
    run_due(net30.street.app, datetime.now(UTC))
    assert ledger()[1:] == [asked(PRICE), credited(PRICE)]
    assert net30.books() == {"card_clearing": PRICE + 500, "credit": -500, "income_tiers": -PRICE}


@pytest.mark.parametrize("credit", [4000, PRICE])
def test_credit_pays_a_renewal_that_the_processor_invoices(net30: Net30, credit: int) -> None:
    net30.street.stage.pay(net30.hosted(net30.order()))
    net30.street.deliver("invoice.paid")
    first_end = sponsorship().term_ends_at
    assert first_end is not None
    give_credit(net30, credit)
    net30.street.stage.forward(366)
    net30.street.deliver("invoice.finalized")
    run_due(net30.street.app, first_end + DAY)
    renewal, invoice = theirs(net30)[-1], net30.invoices()[-1]
    if credit < PRICE:
        assert sponsorship().term is Term.GRACE
        assert renewal["amount_remaining"] == PRICE - credit
        net30.street.stage.pay(net30.hosted(f"/organizations/acme/documents/{invoice.reference}"))
        net30.street.deliver("invoice.paid")
    assert theirs(net30)[-1]["status"] == "paid"
    assert (sponsorship().term, sponsorship().term_starts_at) == (Term.ACTIVE, first_end)
    rest = [paid_online(PRICE - credit)] if credit < PRICE else []
    assert ledger() == [
        asked(PRICE), paid_online(PRICE),
        ("payment", {"card_clearing": credit, "credit:acme": -credit}),
        asked(PRICE), credited(credit), *rest,
    ]  # fmt: skip


def test_credit_pays_the_difference_of_an_upgrade(net30: Net30) -> None:
    net30.street.stage.pay(net30.hosted(net30.order()))
    net30.street.deliver("invoice.paid")
    give_credit(net30, DIFFERENCE)
    make_tier(net30.project, slug="platinum", price_minor=DEARER, voting_weight=9)
    net30.upgrade()
    assert sponsorship().tier_snapshot.tier.slug == "platinum"
    run_due(net30.street.app, datetime.now(UTC))
    assert theirs(net30)[-1]["status"] == "paid", "settled outside, so that nobody pays it again"
    assert ledger()[-2:] == [asked(DIFFERENCE), credited(DIFFERENCE)]
    assert check_everything(gateway=None, now=datetime.now(UTC)).broken == 0


def test_a_part_paid_by_transfer_leaves_the_rest_on_the_page(net30: Net30) -> None:
    url = net30.hosted(net30.order())
    (invoice,) = net30.invoices()
    page = f"/desk/{net30.project.slug}/treasury/documents/{invoice.reference}"
    treasurer = db.session.get_one(Person, net30.treasurer.person_id)
    answer = sign_in(net30.street.app, treasurer).post(
        f"{page}/payments",
        data={"amount": "25", "received_on": f"{datetime.now(UTC):%Y-%m-%d}", "source": "bank",
              "reference": "statement 7", "seen_open": str(PRICE)},
    )  # fmt: skip
    assert answer.status_code == 303
    assert theirs(net30)[0]["amount_remaining"] == PRICE - 2500, "at once, as the page is open"
    net30.street.stage.pay(url)
    net30.street.deliver("invoice.paid")
    assert sponsorship().term is Term.ACTIVE
    assert net30.books() == {"bank": 2500, "card_clearing": 7500, "income_tiers": -PRICE}


def test_paid_in_full_before_the_credit_is_off_makes_credit_again(
    net30: Net30, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_credit(net30, 3000)
    with monkeypatch.context() as patched:
        patched.setattr(StripeGateway, "_ask_rest", lambda self, found, *_: self._invoice(found))
        net30.street.stage.pay(net30.hosted(net30.order()))
    net30.street.deliver("invoice.paid")
    assert sponsorship().term is Term.ACTIVE
    assert net30.books()["credit"] == -3000
