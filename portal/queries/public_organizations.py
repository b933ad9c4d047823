"""An organization's public page, and which pictures somebody may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.permissions import PROJECT_POLICY, Actor, Permission
from portal.domain.sponsorship import GOOD_STANDING, Publication
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
class PublicPicture:
    """A picture's bytes; ``is_public`` says whether everybody may see it."""

    data: bytes
    media_type: str
    is_public: bool


_SHOWN = (
    Sponsorship.publication == Publication.PUBLISHED,
    Sponsorship.is_private.is_(False),
    Sponsorship.active_since.is_not(None),
    Sponsorship.approved_name.is_not(None),
)


def get_organization_page(slug: str) -> OrganizationPage:
    """An organization with a published sponsorship, in one statement; NotFound for every other.

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


def get_picture(sha256: str, *, actor: Actor) -> PublicPicture:
    """A picture that is approved for the public, or that the actor may see all the same.

    That is: members see their organization's, reviewers the one they are asked to approve.
    NotFound for every other.
    """
    picture = db.session.execute(
        select(
            Picture.id,
            Picture.data,
            Picture.media_type,
            exists()
            .where(Sponsorship.approved_picture_id == Picture.id, *_SHOWN)
            .label("is_public"),
        ).where(Picture.sha256 == sha256)
    ).one_or_none()
    if picture is None or not (picture.is_public or _may_see(picture.id, actor)):
        raise NotFound("picture")
    return PublicPicture(picture.data, picture.media_type, picture.is_public)


def _may_see(picture_id: int, actor: Actor) -> bool:
    """Whether the picture is that of an organization the actor belongs to or reviews."""
    reviewers = PROJECT_POLICY[Permission.PROJECT_PUBLICATION_REVIEW]
    reviewed = [each for each, roles in actor.projects.items() if roles & reviewers]
    sponsors = exists().where(
        Sponsorship.organization_id == Organization.id, Sponsorship.project_id.in_(reviewed)
    )
    found = select(Organization.id).where(
        Organization.picture_id == picture_id,
        or_(Organization.id.in_(actor.organizations), sponsors),
    )
    return actor.person_id is not None and db.session.scalar(found.limit(1)) is not None
