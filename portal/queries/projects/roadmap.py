"""The roadmap of a project: its items by state, with what was reported on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, union_all

from portal.database import db
from portal.domain.decisions import CREDITED, RoadmapOwner, RoadmapState
from portal.domain.errors import NotFound
from portal.models.decisions import RoadmapItem, RoadmapUpdate
from portal.models.proposals import Proposal

_SHOWN = 100
_SHOWN_UPDATES = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """One report on an item."""

    text: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoadmapEntry:
    """One item; ``updates`` are newest first, on the board the last three.

    ``owner`` is a role; ``credit`` names a contributor or a sponsor who wished to be named.
    """

    number: int
    title: str
    summary: str
    state: RoadmapState
    owner: RoadmapOwner
    credit: str
    shipped_url: str
    changed_at: datetime
    updates: tuple[Progress, ...]


@dataclass(frozen=True, slots=True)
class Roadmap:
    """The board: items by state, the last changed first, each column at most 100 long."""

    columns: Mapping[RoadmapState, tuple[RoadmapEntry, ...]]

    @property
    def empty(self) -> bool:
        """Whether nothing was ever accepted."""
        return not any(self.columns.values())


def get_roadmap(project_id: int) -> Roadmap:
    """The whole board of a project, in two statements."""
    columns = [
        _items()
        .where(RoadmapItem.project_id == project_id, RoadmapItem.state == state)
        .order_by(RoadmapItem.changed_at.desc(), RoadmapItem.id.desc())
        .limit(_SHOWN)
        .subquery()
        for state in RoadmapState
    ]
    rows = db.session.execute(union_all(*(select(column) for column in columns))).all()
    updates = _updates([row.id for row in rows], _SHOWN_UPDATES)
    found: dict[RoadmapState, list[RoadmapEntry]] = {state: [] for state in RoadmapState}
    for row in rows:
        found[RoadmapState(row.state)].append(_entry(row, updates[row.id]))
    return Roadmap({state: tuple(entries) for state, entries in found.items()})


def get_roadmap_item(project_id: int, number: int) -> RoadmapEntry:
    """One item with its reports, by the number of its proposal; NotFound if it is on no roadmap."""
    row = db.session.execute(
        _items().where(RoadmapItem.project_id == project_id, Proposal.number == number)
    ).one_or_none()
    if row is None:
        raise NotFound("roadmap item")
    return _entry(row, _updates([row.id], _SHOWN)[row.id])


def _items() -> Select[*tuple[Any, ...]]:
    return select(
        RoadmapItem.id,
        RoadmapItem.state,
        RoadmapItem.owner_role,
        RoadmapItem.owner,
        RoadmapItem.shipped_url,
        RoadmapItem.changed_at,
        Proposal.number,
        Proposal.title,
        Proposal.summary,
    ).join(Proposal, Proposal.id == RoadmapItem.proposal_id)


def _updates(item_ids: Sequence[int], limit: int) -> defaultdict[int, list[Progress]]:
    """The newest reports on some items, so many of each."""
    reports: defaultdict[int, list[Progress]] = defaultdict(list)
    if not item_ids:
        return reports
    place = func.row_number().over(
        partition_by=RoadmapUpdate.item_id, order_by=RoadmapUpdate.id.desc()
    )
    ranked = (
        select(RoadmapUpdate, place.label("place"))
        .where(RoadmapUpdate.item_id.in_(item_ids))
        .subquery()
    )
    query = select(ranked).where(ranked.c.place <= limit).order_by(ranked.c.id.desc())
    for row in db.session.execute(query):
        reports[row.item_id].append(Progress(row.text, row.author, row.at))
    return reports


def _entry(row: Row[*tuple[Any, ...]], updates: Sequence[Progress]) -> RoadmapEntry:
    return RoadmapEntry(
        number=row.number,
        title=row.title,
        summary=row.summary,
        state=row.state,
        owner=RoadmapOwner(row.owner_role),
        credit=row.owner if RoadmapOwner(row.owner_role) in CREDITED else "",
        shipped_url=row.shipped_url,
        changed_at=row.changed_at,
        updates=tuple(updates),
    )
