"""What another charter would make of today's sponsors, computed on request for anybody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import Charter
from portal.domain.electorate import Electorate, draw_up
from portal.models.figures import ProjectFigures
from portal.queries.weights.electorate import load_paying_facts

MOST_SPONSORS = 200


def find_what_if(
    project_id: int, charters: tuple[Charter, ...], *, now: datetime
) -> tuple[Electorate, ...] | None:
    """The electorates of those who pay, today, under each charter; in three statements.

    None where there are more sponsors than are computed while somebody waits.
    """
    sponsors = db.session.scalar(
        select(ProjectFigures.sponsors).where(ProjectFigures.project_id == project_id)
    )
    if (sponsors or 0) > MOST_SPONSORS:
        return None
    facts = load_paying_facts(project_id, now=now)
    return tuple(draw_up(facts, charter, now) for charter in charters)
