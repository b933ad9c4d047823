"""An organization's public page, and which pictures somebody may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Exists, exists, or_, select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.permissions import PROJECT_POLICY, Actor, Permission
from portal.domain.sponsorship import GOOD_STANDING
from portal.models.organizations import Organization, Picture
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion


@dataclass(frozen=True, slots=True)
class PublicStake:
    """One sponsorship that may be shown; ``until`` is None while it runs."""

    project_slug: str
    project: str
    tier: str
    voting_weight: int
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class OrganizationPage:
    """What a project's maintainers approved for the public, and nothing else."""

    slug: str
    name: str
    website: str | None
    picture: str | None
    stakes: tuple[PublicStake, ...]

    @property
    def running(self) -> tuple[PublicStake, ...]:
        """The stakes it holds now."""
        return tuple(stake for stake in self.stakes if stake.until is None)

    @property
    def past(self) -> tuple[PublicStake, ...]:
        """The stakes it held before."""
        return tuple(stake for stake in self.stakes if stake.until is not None)


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture as it goes over the wire."""

    data: bytes
    media_type: str


_SHOWN = (
    Sponsorship.is_private.is_(False),
    Sponsorship.active_since.is_not(None),
    Sponsorship.approved_name.is_not(None),
)


def get_organization_page(slug: str) -> OrganizationPage:
    """An organization with an approved sponsorship, in one statement; NotFound for every other.

    Name, website and logo are those of the newest sponsorship that was approved.
    """
    rows: Any = db.session.execute(
        select(
            Sponsorship,
            Project.slug,
            Project.name,
            TierVersion.name,
            TierVersion.voting_weight,
            Picture.sha256,
        )
        .join(Organization, Sponsorship.organization_id == Organization.id)
        .join(Project, Sponsorship.project_id == Project.id)
        .join(TierVersion, Sponsorship.tier_snapshot_id == TierVersion.id)
        .outerjoin(Picture, Sponsorship.approved_picture_id == Picture.id)
        .where(Organization.slug == slug, *_SHOWN)
        .order_by(Sponsorship.active_since.desc(), Sponsorship.id.desc())
    ).all()
    if not rows:
        raise NotFound("organization")
    newest: Sponsorship = rows[0][0]
    return OrganizationPage(
        slug=slug,
        name=newest.approved_name or "",
        website=newest.approved_website,
        picture=rows[0][-1],
        stakes=tuple(
            PublicStake(
                project_slug,
                project,
                tier,
                weight,
                stake.active_since,
                None if stake.term in GOOD_STANDING else stake.ended_at or stake.term_ends_at,
            )
            for stake, project_slug, project, tier, weight, _picture in rows
        ),
    )


def find_public_picture(sha256: str) -> PictureFile | None:
    """A picture that is approved for the public."""
    approved = exists().where(Sponsorship.approved_picture_id == Picture.id, *_SHOWN)
    return _picture(sha256, approved)


def get_own_picture(sha256: str, *, actor: Actor) -> PictureFile:
    """A picture of the actor's organization, or one whose publication the actor reviews.

    NotFound for every other, and for visitors.
    """
    reviewers = PROJECT_POLICY[Permission.PROJECT_PUBLICATION_REVIEW]
    reviewed = [each for each, roles in actor.projects.items() if roles & reviewers]
    sponsor = exists().where(
        Sponsorship.organization_id == Organization.id, Sponsorship.project_id.in_(reviewed)
    )
    found = _picture(
        sha256,
        exists().where(
            Organization.picture_id == Picture.id,
            or_(Organization.id.in_(actor.organizations), sponsor),
        ),
    )
    if found is None:
        raise NotFound("picture")
    return found


def _picture(sha256: str, condition: Exists) -> PictureFile | None:
    row = db.session.execute(
        select(Picture.data, Picture.media_type).where(Picture.sha256 == sha256, condition)
    ).one_or_none()
    return None if row is None else PictureFile(row.data, row.media_type)
