"""Compare our books with the processor's, both ways, and keep what does not match (MONEY 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.permissions import Actor, Permission, require
from portal.domain.reconciliation import FindingKind
from portal.models.projects import Project
from portal.models.reconciliation import ReconciliationFinding, ReconciliationRun
from portal.ports.payments import (
    CheckoutSeen,
    DisputeSeen,
    InvoiceSeen,
    PaymentGateway,
    RefundSeen,
    RenewalSeen,
)
from portal.services.audit import record_change
from portal.services.payments import comparison
from portal.services.payments.comparison import Mismatch

WINDOW = timedelta(days=35)
# Renewals run for years: all of them are listed.
_ALL = timedelta(days=20 * 365)


@dataclass(frozen=True, slots=True)
class Listing:
    """What the processor lists: every renewal, the rest since an instant."""

    since: datetime
    checkouts: tuple[CheckoutSeen, ...]
    renewals: tuple[RenewalSeen, ...]
    invoices: tuple[InvoiceSeen, ...]
    refunds: tuple[RefundSeen, ...]
    disputes: tuple[DisputeSeen, ...]

    @property
    def size(self) -> int:
        """How many objects were seen."""
        every = (self.checkouts, self.renewals, self.invoices, self.refunds, self.disputes)
        return sum(len(each) for each in every)


def list_processor(gateway: PaymentGateway, *, now: datetime) -> Listing:
    """Ask the processor for all its objects; outside any transaction, since it may wait."""
    since = now - WINDOW
    return Listing(
        since=since,
        checkouts=tuple(gateway.list_checkouts(since=since)),
        renewals=tuple(gateway.list_renewals(since=now - _ALL)),
        invoices=tuple(gateway.list_invoices(since=since)),
        refunds=tuple(gateway.list_refunds(since=since)),
        disputes=tuple(gateway.list_disputes(since=since)),
    )


def record_findings(listing: Listing, *, now: datetime) -> int:
    """Keep what does not match, close what does by now; returns how many stand open."""
    found = {(each.kind, each.key): each for each in _compare(listing, now=now)}
    known = {(row.kind, row.key): row for row in db.session.scalars(select(ReconciliationFinding))}
    for identity, row in known.items():
        if identity not in found and row.closed_at is None:
            row.closed_at = now
    for identity, mismatch in found.items():
        known_row = known.get(identity)
        if known_row is None:
            db.session.add(_new(mismatch, now=now))
        elif not known_row.set_aside_by:
            known_row.closed_at, known_row.sentence = None, mismatch.sentence[:300]
    db.session.add(ReconciliationRun(at=now, compared=listing.size))
    db.session.flush()
    still = select(ReconciliationFinding.id).where(ReconciliationFinding.closed_at.is_(None))
    return len(db.session.scalars(still).all())


def set_aside(actor: Actor, project_id: int | None, finding_id: int, *, now: datetime) -> None:
    """Say that a finding is dealt with or of no concern: it will not come back.

    What belongs to no known project is the operator's.
    """
    if project_id is None:
        require(actor, Permission.PORTAL_PAYMENTS_COMPARE)
    else:
        require(actor, Permission.PROJECT_PAYMENTS_RECORD, project_id=project_id)
    row = db.session.get(ReconciliationFinding, finding_id, with_for_update=True)
    if row is None or row.project_id != project_id:
        raise NotFound("finding")
    if row.closed_at is not None:
        return
    row.closed_at, row.set_aside_by = now, actor.name
    record_change(
        "reconciliation:finding:set_aside",
        f"Set aside: {row.sentence}",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"kind": row.kind, "key": row.key},
    )


def _compare(listing: Listing, *, now: datetime) -> Iterator[Mismatch]:
    yield from comparison.compare_checkouts(listing.checkouts)
    yield from comparison.compare_renewals(listing.renewals, now=now)
    yield from comparison.compare_payments(
        listing.checkouts, listing.invoices, since=listing.since, now=now
    )
    yield from comparison.compare_refunds(listing.refunds, since=listing.since, now=now)
    yield from comparison.compare_disputes(listing.disputes)
    yield from comparison.find_given_up(since=listing.since)


def _new(mismatch: Mismatch, *, now: datetime) -> ReconciliationFinding:
    return ReconciliationFinding(
        kind=FindingKind(mismatch.kind),
        key=mismatch.key,
        project_id=mismatch.project_id or _project_of(mismatch.tier_reference),
        sentence=mismatch.sentence[:300],
        first_seen_at=now,
    )


def _project_of(tier_reference: str | None) -> int | None:
    """The project that a tier's reference begins with; the only one, if there is just one."""
    slug = (tier_reference or "").split(".")[0]
    named = db.session.scalar(select(Project.id).where(Project.slug == slug))
    if named is not None:
        return named
    every = db.session.scalars(select(Project.id).limit(2)).all()
    return every[0] if len(every) == 1 else None
