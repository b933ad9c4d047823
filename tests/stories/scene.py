"""A project, its tiers and one buyer, with the verbs of their life together and the whole ledger."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.money import Money
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.domain.sponsorship import Collection
from portal.jobs import run_due
from portal.models.billing import Payment
from portal.models.changes import SponsorshipChange, TermReminder
from portal.models.ledger import LedgerEntry, LedgerTransaction
from portal.models.money_back import Refund
from portal.models.organizations import Organization
from portal.models.outbox import OutboxMessage
from portal.models.sponsorship import Sponsorship, SponsorshipEvent
from portal.ports.payments import Collection as PaymentCollection
from portal.queries.weights.electorate import find_standing
from portal.services.payments.disputes import converge_dispute
from portal.services.payments.money_back import ask_refund, converge_refund
from portal.services.payments.processor_events import converge, look_at
from portal.services.payments.renewals import converge_renewal, take_answer
from portal.services.payments.settlement import record_opened
from portal.services.sponsorship.changes import (
    Unscheduled,
    ask_change,
    prorated,
    put_to_processor,
    withdraw_change,
)
from portal.services.sponsorship.checkouts import start_checkout
from portal.services.sponsorship.collection import wish_collection
from portal.services.sponsorship.open_changes import AskedChange, find_live_change
from portal.services.sponsorship.renewal_choice import wish_renewal
from tests.builders import NOW, actor_of, make_organization, make_person, make_project, make_tier

SITE = "http://localhost"
DAY = timedelta(days=1)


class Scene:
    """Silver at 100.00 with weight 2 and gold at 300.00 with weight 4, a year each, in EUR."""

    def __init__(self, app: Flask, *, currency: str = "EUR", **charter: Any) -> None:
        self.app = app
        self.gateway = app.extensions["stakehold"].payments
        self.gateway.now = NOW
        self.treasurer = make_person("Tara", email="tara@example.org")
        roles = {self.treasurer: [ProjectRole.TREASURER, ProjectRole.LEAD]}
        self.project = make_project("kiln", roles=roles, **charter)
        self.silver = self._tier("silver", 10000, 2, currency)
        self.gold = self._tier("gold", 30000, 4, currency)
        self.owner = make_person("Olga", email="olga@example.org")
        self.organization = make_organization(
            "acme", roles={self.owner: [OrganizationRole.OWNER, OrganizationRole.REPRESENTATIVE]}
        )

    def _tier(self, slug: str, price_minor: int, weight: int, currency: str) -> Any:
        return make_tier(
            self.project,
            slug=slug,
            name=slug.title(),
            price_minor=price_minor,
            voting_weight=weight,
            currency=currency,
        )

    # Who acts

    @property
    def buyer(self) -> Actor:
        return actor_of(self.owner)

    @property
    def desk(self) -> Actor:
        return actor_of(self.treasurer)

    # Buying

    def open(self, tier: str = "silver", *, now: datetime = NOW, buyer: Any = None) -> str:
        organization, person = buyer or (self.organization, self.owner)
        with transaction():
            started = start_checkout(
                actor_of(person), self.project.id, tier, organization.id,
                version=1, site=SITE, now=now,
            )  # fmt: skip
        opened = self.gateway.open_checkout(started.request, idempotency_key=started.reference)
        with transaction():
            record_opened(started.reference, opened)
        return str(opened.checkout_id)

    def buy(self, tier: str = "silver", *, now: datetime = NOW, buyer: Any = None) -> Sponsorship:
        checkout_id = self.open(tier, now=now, buyer=buyer)
        self.gateway.pay(checkout_id, at=now)
        self.look(now, checkout=checkout_id)
        return self.sponsorship

    def look(self, now: datetime, **references: str) -> None:
        """Fetch what an event would name, and converge."""
        seen = look_at(self.gateway, references)
        with transaction():
            converge(seen, site=SITE, now=now)

    def run(self, now: datetime) -> None:
        """Every sweep, as if its hour had come."""
        run_due(self.app, now)
        db.session.expire_all()

    # Changing

    def ask(
        self, tier: str, *, now: datetime, version: int = 1, due: Money | None = None
    ) -> AskedChange:
        sponsorship = self.sponsorship
        after = {"silver": self.silver, "gold": self.gold}[tier]
        if due is None:
            due = prorated(sponsorship, after, now=now).due
            due = Money(max(due.amount_minor, 0), due.currency)
        with transaction():
            asked = ask_change(
                self.buyer, self.organization.id, sponsorship.reference, tier,
                version=version, due=due, site=SITE, now=now,
            )  # fmt: skip
        assert asked is not None
        return asked

    def change(self, tier: str, *, now: datetime) -> None:
        asked = self.ask(tier, now=now)
        seen = put_to_processor(self.gateway, asked)
        with transaction():
            take_answer(asked.request.reference, seen, site=SITE, now=now)

    def withdraw(self, *, now: datetime) -> Unscheduled | None:
        with transaction():
            return withdraw_change(
                self.buyer, self.organization.id, self.sponsorship.reference, site=SITE, now=now
            )

    def end_with_term(self, *, now: datetime, cancel: bool = True) -> None:
        with transaction():
            wish = wish_renewal(
                self.buyer, self.organization.id, self.sponsorship.reference,
                cancel=cancel, site=SITE, now=now,
            )  # fmt: skip
        assert wish is not None
        seen = self.gateway.set_cancel_at_term_end(
            wish.renewal_id, cancel=cancel, idempotency_key=wish.idempotency_key
        )
        with transaction():
            converge_renewal(seen, (), site=SITE, now=now)

    def pay_by(self, collection: Collection, *, now: datetime) -> None:
        """From the next term on by card, or by an invoice with days to pay."""
        with transaction():
            wish = wish_collection(
                self.buyer, self.organization.id, self.sponsorship.reference, collection,
                po_number="PO 7", now=now,
            )  # fmt: skip
        seen = self.gateway.set_collection(
            wish.renewal_id,
            PaymentCollection(wish.collection),
            days_until_due=wish.days_until_due,
            po_number=wish.po_number,
            idempotency_key=wish.idempotency_key,
        )
        with transaction():
            converge_renewal(seen, (), site=SITE, now=now)

    def renew(self, *, paid: bool = True) -> datetime:
        """The processor's term ends; returns when, and lets our rows follow."""
        renewal_id = self.sponsorship.renewal_id
        at = self.gateway.renewals[renewal_id].term_ends_at
        self.gateway.now = at
        self.gateway.renew(renewal_id, paid=paid)
        self.look(at, renewal=renewal_id)
        return at  # type: ignore[no-any-return]

    # Money back

    def refund(self, amount_minor: int, *, now: datetime, payment: Payment | None = None) -> Refund:
        payment = payment or self.payments[-1]
        self.gateway.now = now
        with transaction():
            asked = ask_refund(
                self.desk, self.project.id, payment.id, Money(amount_minor, payment.currency),
                reason="Agreed by mail.", site=SITE, now=now,
            )  # fmt: skip
        if asked is not None:
            seen = self.gateway.refund(asked, idempotency_key=asked.reference)
            with transaction():
                converge_refund(seen, site=SITE, now=now, actor=self.desk)
        return self.rows(Refund)[-1]  # type: ignore[no-any-return]

    def dispute(self, *, now: datetime) -> str:
        seen = self.gateway.dispute(self.payments[-1].processor_payment_id, at=now)
        with transaction():
            converge_dispute(seen, site=SITE, now=now)
        return str(seen.dispute_id)

    def decide(self, dispute_id: str, *, won: bool, now: datetime) -> None:
        seen = self.gateway.close_dispute(dispute_id, won=won)
        with transaction():
            converge_dispute(seen, site=SITE, now=now)

    # What is

    def rows(self, model: type) -> Any:
        db.session.expire_all()
        return db.session.scalars(select(model).order_by(model.id)).all()  # type: ignore[attr-defined]

    @property
    def sponsorship(self) -> Sponsorship:
        return self.rows(Sponsorship)[-1]  # type: ignore[no-any-return]

    @property
    def payments(self) -> list[Payment]:
        return list(self.rows(Payment))

    @property
    def live_change(self) -> SponsorshipChange | None:
        return find_live_change(self.sponsorship.id)

    @property
    def reminders(self) -> list[TermReminder]:
        return list(self.rows(TermReminder))

    @property
    def subjects(self) -> list[str]:
        return [row.subject for row in self.rows(OutboxMessage) if "olga" in row.recipient]

    @property
    def history(self) -> list[tuple[str, str]]:
        return [(row.dimension, row.after) for row in self.rows(SponsorshipEvent)]

    def weight(self, at: datetime, organization: Organization | None = None) -> int:
        """Raw weight that a vote opened at an instant would freeze; 0 if not entitled."""
        db.session.expire_all()
        organization = organization or self.organization
        elector = find_standing(self.project.id, now=at).sponsors.find(organization.id)
        return int(elector.raw) if elector else 0

    def book(self) -> list[tuple[str, dict[str, int]]]:
        """The whole ledger: of each transaction its cause and its entries; all sums checked."""
        return whole_ledger()


def whole_ledger() -> list[tuple[str, dict[str, int]]]:
    """Every transaction in order: its cause and its entries, by account and party; sums checked."""
    db.session.expire_all()
    slugs = {row.id: row.slug for row in db.session.scalars(select(Organization))}
    entries: dict[int, dict[str, int]] = {}
    for entry in db.session.scalars(
        select(LedgerEntry).order_by(LedgerEntry.transaction_id, LedgerEntry.position)
    ):
        lines = entries.setdefault(entry.transaction_id, {})
        party = f":{slugs[entry.organization_id]}" if entry.organization_id else ""
        name = f"{entry.account.value}{party}"
        lines[name] = lines.get(name, 0) + entry.amount_minor
    transactions = db.session.scalars(select(LedgerTransaction).order_by(LedgerTransaction.id))
    book = [(row.cause.value, entries[row.id]) for row in transactions]
    assert all(sum(lines.values()) == 0 for _cause, lines in book)
    return book


def paid(amount: int) -> list[tuple[str, dict[str, int]]]:
    """A payment by card as it is written, with its fee."""
    return [
        ("payment", {"card_clearing": amount, "income_tiers": -amount}),
        fee(amount),
    ]


def fee(amount: int) -> tuple[str, dict[str, int]]:
    """What the scripted processor keeps of an amount."""
    kept = amount * 15 // 1000 + 25
    return ("fee", {"processor_fees": kept, "card_clearing": -kept})


def given_back(amount: int) -> list[tuple[str, dict[str, int]]]:
    """A refund of income as it is written."""
    return [
        ("credit_note", {"income_tiers": amount, "refunds": -amount}),
        ("refund", {"refunds": amount, "card_clearing": -amount}),
    ]
