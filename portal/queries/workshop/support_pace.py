"""How fast a project's support answers: as it is now, and as its tier page says it."""

from __future__ import annotations

from sqlalchemy import select

from portal.database import db
from portal.domain.support_pace import LOOKED_AT, Pace, measure_pace
from portal.domain.tiers import Support
from portal.models.support import SupportPace, SupportRequest
from portal.models.tiers import Tier, TierVersion


def find_pace(project_id: int) -> Pace | None:
    """What the last ten first answers took, in one statement; None where nobody was answered."""
    rows = db.session.execute(
        select(SupportRequest.asked_at, SupportRequest.answered_at)
        .where(SupportRequest.project_id == project_id, SupportRequest.answered_at.is_not(None))
        .order_by(SupportRequest.answered_at.desc(), SupportRequest.id.desc())
        .limit(LOOKED_AT)
    )
    return measure_pace((row.asked_at, row.answered_at) for row in rows)


def list_supporting_projects() -> tuple[int, ...]:
    """Projects that were ever asked for support."""
    return tuple(
        db.session.scalars(
            select(SupportRequest.project_id).distinct().order_by(SupportRequest.project_id)
        )
    )


def find_public_pace(project_id: int) -> Pace | None:
    """What the tier page says, kept once a night; None where ten were not answered yet."""
    kept = db.session.get(SupportPace, project_id)
    return None if kept is None else Pace(kept.answers, kept.median_halves)


def gives_support(project_id: int) -> bool:
    """Whether a tier of the project includes support, in any version, in one statement."""
    benefits = db.session.scalars(
        select(TierVersion.benefits)
        .join(Tier, TierVersion.tier_id == Tier.id)
        .where(Tier.project_id == project_id)
    )
    return any(each.get("kind") == Support.kind for version in benefits for each in version)
