"""How people want to get the mail that can be turned off, looked up for many at once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from portal.database import connection
from portal.domain.notifications import DEFAULT_WAYS, MailKind, Way
from portal.models.notifications import MailChoice

Wanted = dict[tuple[int, MailKind], Way]


def find_ways(asked: Iterable[tuple[int, MailKind]]) -> Wanted:
    """The way of each person and kind, in one statement; kinds that are necessary are left out."""
    wanted = {each: DEFAULT_WAYS[each[1]] for each in asked if each[1] in DEFAULT_WAYS}
    if not wanted:
        return {}
    rows = connection().execute(
        select(MailChoice.person_id, MailChoice.kind, MailChoice.way).where(
            MailChoice.person_id.in_({person_id for person_id, _kind in wanted}),
            MailChoice.kind.in_({kind.value for _person_id, kind in wanted}),
        )
    )
    chosen = {(person_id, MailKind(kind)): way for person_id, kind, way in rows}
    return {each: chosen.get(each, way) for each, way in wanted.items()}
