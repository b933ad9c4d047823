"""What a check is and what it finds; most checks are one statement that returns what is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, text

from portal.database import Instant, db
from portal.domain.money import Money
from portal.ports.payments import PaymentGateway
from portal.services.sponsorship.letters import amount_text

# A sweep may be late, or the processor out of reach, without anything being wrong.
_PATIENCE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a run may look at besides the rows: the instant, and the processor or none."""

    now: datetime
    gateway: PaymentGateway | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where an invariant does not hold, in a sentence, and the project it concerns."""

    project_id: int
    what: str


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant: a stable name, the promise in a sentence, and how breaches are found."""

    name: str
    promise: str
    find: Callable[[Circumstances], Iterator[Finding]]


class NotChecked(Exception):
    """A check could not be made now; the message says why."""


def by_statement(statement: str, what: str) -> Callable[[Circumstances], Iterator[Finding]]:
    """Find by one statement whose rows are the breaches; so it sees one state of the database.

    Each row has ``project_id`` and what the sentence ``what`` fills in. ``amount_minor`` and
    ``other_minor`` with ``currency`` are given as ``amount`` and ``other``; ``:late`` is the
    instant before which what was due should have been done.
    """
    query = text(statement)
    if ":late" in statement:
        query = query.bindparams(bindparam("late", type_=Instant))

    def find(circumstances: Circumstances) -> Iterator[Finding]:
        late = {"late": circumstances.now - _PATIENCE} if ":late" in statement else {}
        rows = db.session.execute(query, late, execution_options={"yield_per": 200})
        for row in rows.mappings():
            yield Finding(row["project_id"], what.format_map(_in_words(dict(row))))

    return find


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("amount", "other"):
        if f"{name}_minor" in row:
            # PostgreSQL sums large integers to an exact decimal.
            row[name] = amount_text(Money(int(row[f"{name}_minor"]), row["currency"]))
    return row
