"""Which people are kept apart: no notification tells one of them about the other (W5)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from portal.database import connection
from portal.models.blocks import PersonBlock

Pair = tuple[int, int]


def find_apart(pairs: Iterable[Pair]) -> set[Pair]:
    """Of pairs of (reader, whom the mail is about), those of whom one blocked the other."""
    asked = set(pairs)
    about = {each for _reader, each in asked}
    if not about:
        return set()
    rows = connection().execute(
        select(PersonBlock.blocker_id, PersonBlock.blocked_id).where(
            PersonBlock.blocker_id.in_(about) | PersonBlock.blocked_id.in_(about)
        )
    )
    blocks = {(row.blocker_id, row.blocked_id) for row in rows}
    return {pair for pair in asked if pair in blocks or pair[::-1] in blocks}
