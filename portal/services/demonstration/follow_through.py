"""What became of the demonstration's decisions: one looked at again, one in other hands."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.decisions import Hands, ReviewFinding, RoadmapAction, RoadmapOwner
from portal.domain.permissions import Actor
from portal.models.proposals import Proposal
from portal.services.demonstration import texts
from portal.services.projects.roadmap import report_progress
from portal.services.votes.reviews import review_decision

_DAY = timedelta(days=1)


def follow_through(lead: Actor, project_id: int, *, now: datetime) -> None:
    """The shipped proposal was looked at again when its day came; a contributor is credited.

    The day of the departed one came yesterday, so it stands on the maintainers' desk.
    """
    shipped = _number(project_id, texts.SHIPPED.title)
    review_decision(
        lead,
        project_id,
        shipped,
        finding=ReviewFinding.STANDS,
        text=texts.REVIEW,
        next_review_on=(now + 160 * _DAY).date(),
        now=now - 19 * _DAY,
    )
    report_progress(
        lead,
        project_id,
        shipped,
        action=RoadmapAction.NOTE,
        text="The manual has a chapter on keys now, by the one who wrote the key file.",
        hands=Hands(RoadmapOwner.CONTRIBUTOR, "Ana F., who wrote the key file"),
        now=now - 18 * _DAY,
    )


def _number(project_id: int, title: str) -> int:
    return db.session.scalars(
        select(Proposal.number).where(Proposal.project_id == project_id, Proposal.title == title)
    ).one()
