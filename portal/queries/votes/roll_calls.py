"""The roll call of a counted vote, a hundred electors of each house at a time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from portal.database import db
from portal.domain.count import called
from portal.domain.outcomes import RollEntry
from portal.models.votes import Ballot, Elector

ROLL_PAGE = 100

# The heaviest electors of each house come first; after the close none of these rows changes.
_SEATS = (
    select(
        Elector.house,
        Elector.position,
        Elector.public_name,
        Elector.weight,
        Ballot.choice,
        Ballot.reason,
        Ballot.conflict,
    )
    .outerjoin(Ballot, (Ballot.elector_id == Elector.id) & Ballot.superseded_at.is_(None))
    .where(
        Elector.vote_id == bindparam("vote_id"),
        Elector.position.between(bindparam("first"), bindparam("last")),
    )
    .order_by(Elector.id)
)


@dataclass(frozen=True, slots=True)
class RollCall:
    """Who chose what, in the order of the frozen electorate; ``after`` leads to the next page."""

    entries: tuple[RollEntry, ...]
    after: int | None


def find_roll_call(vote_id: int, *, after: int = 0) -> RollCall:
    """The electors behind a position in each house, in one statement.

    For votes that are counted and were not secret: it reads the ballots that the count read.
    """
    last = after + ROLL_PAGE
    rows = db.session.execute(
        _SEATS, {"vote_id": vote_id, "first": after + 1, "last": last + 1}
    ).all()
    entries = tuple(
        RollEntry(
            row.house,
            row.position,
            row.public_name,
            row.weight,
            called(row.choice),
            row.reason or "",
            row.conflict or "",
        )
        for row in rows
        if row.position <= last
    )
    return RollCall(entries, last if len(entries) < len(rows) else None)
