"""The start page: the projects of this instance, each with where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal.database import db
from portal.domain.decisions import RoadmapState
from portal.domain.votes import VoteState
from portal.models.decisions import RoadmapItem
from portal.models.figures import ProjectFigures
from portal.models.projects import Project
from portal.models.votes import Vote

_PAGE = 50


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """A project on the start page; ``closes_at`` is the next close among its open votes."""

    slug: str
    name: str
    tagline: str
    sponsors: int
    open_votes: int
    closes_at: datetime | None
    shipped: int


@dataclass(frozen=True, slots=True)
class HomePage:
    """One page of projects; ``after`` is the slug that leads to the next page, if there is one."""

    projects: tuple[ProjectCard, ...]
    after: str | None

    @property
    def changes_at(self) -> datetime | None:
        """The next instant at which an open vote on this page closes."""
        return min((each.closes_at for each in self.projects if each.closes_at), default=None)


def get_home_page(*, now: datetime, after: str = "") -> HomePage:
    """The projects after a slug, in the order of their slugs, in one statement."""
    running = (Vote.project_id == Project.id, Vote.state == VoteState.OPEN, Vote.closes_at > now)
    shipped = (RoadmapItem.project_id == Project.id, RoadmapItem.state == RoadmapState.SHIPPED)
    rows = db.session.execute(
        select(
            Project.slug,
            Project.name,
            Project.tagline,
            func.coalesce(ProjectFigures.sponsors, 0).label("sponsors"),
            select(func.count(Vote.id)).where(*running).scalar_subquery().label("open_votes"),
            select(func.min(Vote.closes_at)).where(*running).scalar_subquery().label("closes_at"),
            select(func.count(RoadmapItem.id)).where(*shipped).scalar_subquery().label("shipped"),
        )
        .outerjoin(ProjectFigures, ProjectFigures.project_id == Project.id)
        .where(Project.slug > after)
        .order_by(Project.slug)
        .limit(_PAGE + 1)
    ).all()
    cards = tuple(ProjectCard(*row) for row in rows[:_PAGE])
    return HomePage(cards, cards[-1].slug if len(rows) > _PAGE else None)
