"""Post money events into the ledger, each once, and undo them by reversing transactions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.domain.errors import Conflict
from portal.domain.ledger import Account, Cause, Line, Posting, correction
from portal.domain.money import Money
from portal.domain.permissions import Actor
from portal.models.ledger import LedgerEntry, LedgerTransaction


@dataclass(frozen=True, slots=True)
class Occasion:
    """What caused a transaction: when the money moved (else now), what, for which sponsorship."""

    at: datetime | None = None
    reference: str = ""
    sponsorship_id: int | None = None
    reverses_id: int | None = None


def post_transaction(
    project_id: int,
    posting: Posting,
    *,
    key: str,
    cause: Cause,
    actor: Actor,
    now: datetime,
    occasion: Occasion | None = None,
) -> int:
    """Write one money event into a project's book and return its id; the same key writes once.

    Keys name the event, such as ``payment:stripe:pi_123``; also two at once write one. Refuses
    with ``ledger.key`` a key under which something else stands. Part of the caller's transaction.
    """
    occasion = occasion or Occasion()
    known = _find(key)
    if known is None:
        at = occasion.at or now
        header = LedgerTransaction(
            project_id=project_id,
            cause=cause,
            key=key,
            currency=posting.currency,
            entry_count=len(posting.lines),
            at=at,
            month=f"{at.astimezone(UTC):%Y-%m}",
            posted_by=(actor.name or "visitor")[:120],
            posted_at=now,
            reference=occasion.reference[:120],
            sponsorship_id=occasion.sponsorship_id,
            reverses_id=occasion.reverses_id,
        )
        try:
            with db.session.begin_nested():
                db.session.add(header)
        except IntegrityError:
            known = _find(key)
            if known is None:
                raise
        else:
            db.session.add_all(_entries(header, posting))
            db.session.flush()
            return header.id
    _refuse_another(known, project_id, posting)
    return known.id


def correct_transaction(transaction_id: int, *, reference: str, actor: Actor, now: datetime) -> int:
    """Undo a transaction by its mirror, once; what is right is posted as a new transaction."""
    wrong = db.session.get_one(LedgerTransaction, transaction_id)
    return post_transaction(
        wrong.project_id,
        correction(read_posting(transaction_id)),
        key=f"correction:{transaction_id}",
        cause=Cause.CORRECTION,
        actor=actor,
        now=now,
        occasion=Occasion(
            reference=reference, sponsorship_id=wrong.sponsorship_id, reverses_id=wrong.id
        ),
    )


def find_transaction(key: str) -> int | None:
    """The id of the transaction under a key, if the event was posted."""
    known = _find(key)
    return known.id if known else None


def read_posting(transaction_id: int) -> Posting:
    """The lines of a transaction, as the rule book takes them."""
    rows = db.session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.transaction_id == transaction_id)
        .order_by(LedgerEntry.position)
    )
    return Posting(
        tuple(
            Line(
                row.account,
                Money(row.amount_minor, row.currency),
                organization_id=row.organization_id,
                person_id=row.person_id,
                tier_id=row.tier_id,
            )
            for row in rows
        )
    )


def read_balance(
    project_id: int, account: Account, currency: str, *, organization_id: int | None = None
) -> Money:
    """Where an account stands, debits positive: of one organization, or of all together."""
    query = select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0)).where(
        LedgerEntry.project_id == project_id,
        LedgerEntry.account == account,
        LedgerEntry.currency == currency,
    )
    if organization_id is not None:
        query = query.where(LedgerEntry.organization_id == organization_id)
    # PostgreSQL sums large integers to an exact decimal.
    return Money(int(db.session.scalars(query).one()), currency)


def _find(key: str) -> LedgerTransaction | None:
    return db.session.scalar(select(LedgerTransaction).where(LedgerTransaction.key == key))


def _entries(header: LedgerTransaction, posting: Posting) -> list[LedgerEntry]:
    return [
        LedgerEntry(
            transaction_id=header.id,
            position=position,
            project_id=header.project_id,
            currency=header.currency,
            account=line.account,
            organization_id=line.organization_id,
            person_id=line.person_id,
            tier_id=line.tier_id,
            amount_minor=line.money.amount_minor,
        )
        for position, line in enumerate(posting.lines, start=1)
    ]


def _refuse_another(known: LedgerTransaction, project_id: int, posting: Posting) -> None:
    if known.project_id != project_id or read_posting(known.id) != posting:
        raise Conflict("ledger.key", f"Something else was posted under the key {known.key}.")
