"""What the pages of an organization's desk show."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal.database import db
from portal.domain.errors import NotFound, Obstacle
from portal.domain.organizations import OrganizationKind, Profile
from portal.domain.permissions import OrganizationRole
from portal.domain.sponsorship import Commercial, Publication, Term, voting_obstacles
from portal.domain.tokens import hash_token
from portal.domain.votes import VotePhase
from portal.models.identity import Person
from portal.models.invitations import Invitation
from portal.models.organizations import Membership, Organization, Picture
from portal.models.projects import CharterVersion, Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.queries.votes.vote_lists import VoteEntry, list_organization_votes


@dataclass(frozen=True, slots=True)
class Relative:
    """A related organization; ``agreed`` once the parent's owner has said so."""

    slug: str
    name: str
    agreed: bool


@dataclass(frozen=True, slots=True)
class OrganizationProfile:
    """The profile as its editors see it."""

    slug: str
    kind: OrganizationKind
    profile: Profile
    picture: str | None
    parent: Relative | None
    asked_parent: Relative | None
    daughters: tuple[Relative, ...]


@dataclass(frozen=True, slots=True)
class Stake:
    """A sponsorship on the organization's desk: its four states, the voting state with reasons."""

    reference: str
    project_slug: str
    project: str
    tier: str
    voting_weight: int
    commercial: Commercial
    term: Term
    publication: Publication
    is_private: bool
    obstacles: tuple[Obstacle, ...]
    term_ends_at: datetime | None
    grace_ends_at: datetime | None
    cancel_at_term_end: bool
    review_note: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person with all roles held in the organization."""

    person_id: int
    name: str
    email: str
    roles: frozenset[OrganizationRole]
    since: datetime


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An offer that was not accepted yet; ``is_expired`` once it can only be sent again."""

    id: int
    email: str
    role: OrganizationRole
    invited_by: str
    expires_at: datetime
    is_expired: bool


@dataclass(frozen=True, slots=True)
class MembersPage:
    """Members and open invitations of one organization."""

    members: tuple[Member, ...]
    invitations: tuple[OpenInvitation, ...]


@dataclass(frozen=True, slots=True)
class OrganizationDesk:
    """The overview: where the organization stands and what waits for it."""

    profile: OrganizationProfile
    members: tuple[Member, ...]
    stakes: tuple[Stake, ...]
    open_votes: tuple[VoteEntry, ...]

    @property
    def waiting_votes(self) -> tuple[VoteEntry, ...]:
        """Open votes in which the organization's ballot is still to be cast."""
        return tuple(vote for vote in self.open_votes if vote.cast_at is None and not vote.voided)

    @property
    def running(self) -> tuple[Stake, ...]:
        """Sponsorships that are pending, active or in grace."""
        return tuple(stake for stake in self.stakes if stake.term not in (Term.LAPSED, Term.ENDED))


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """An invitation as whoever has its link sees it; ``problem`` says why it cannot be accepted.

    ``work`` is what a contributor is invited for.
    """

    place: str
    is_project: bool
    role: str
    email: str
    invited_by: str
    expires_at: datetime
    is_for_this_person: bool
    problem: str
    work: str


def get_organization_desk(organization_id: int, *, now: datetime) -> OrganizationDesk:
    """The overview of one organization."""
    votes = list_organization_votes(organization_id, now=now).entries
    return OrganizationDesk(
        profile=get_profile(organization_id),
        members=_members(organization_id),
        stakes=_stakes(organization_id, now=now),
        open_votes=tuple(vote for vote in votes if vote.phase is VotePhase.OPEN),
    )


def get_profile(organization_id: int) -> OrganizationProfile:
    """The profile with its relations."""
    parent, asked = aliased(Organization), aliased(Organization)
    found = db.session.execute(
        select(Organization, Picture.sha256, parent, asked)
        .outerjoin(Picture, Picture.id == Organization.picture_id)
        .outerjoin(parent, parent.id == Organization.parent_id)
        .outerjoin(asked, asked.id == Organization.parent_asked_id)
        .where(Organization.id == organization_id)
    ).one_or_none()
    if found is None:
        raise NotFound("organization")
    row, sha256, parent_row, asked_row = found
    daughters = db.session.execute(
        select(Organization.slug, Organization.name, Organization.parent_id)
        .where(
            (Organization.parent_id == organization_id)
            | (Organization.parent_asked_id == organization_id)
        )
        .order_by(Organization.name)
    )
    return OrganizationProfile(
        slug=row.slug,
        kind=row.kind,
        profile=Profile(
            row.name, row.legal_name, row.address, row.country, row.tax_id, row.website, row.about
        ),
        picture=sha256,
        parent=_relative(parent_row, agreed=True),
        asked_parent=_relative(asked_row, agreed=False),
        daughters=tuple(
            Relative(one.slug, one.name, agreed=one.parent_id == organization_id)
            for one in daughters
        ),
    )


def get_members_page(organization_id: int, *, now: datetime) -> MembersPage:
    """Members, owners first, and the invitations that were not accepted."""
    invitations = db.session.scalars(
        select(Invitation)
        .where(
            Invitation.organization_id == organization_id,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
        .order_by(Invitation.id.desc())
        .limit(100)
    )
    return MembersPage(
        members=_members(organization_id),
        invitations=tuple(
            OpenInvitation(
                one.id,
                one.email,
                OrganizationRole(one.role),
                one.invited_by,
                one.expires_at,
                one.expires_at <= now,
            )
            for one in invitations
        ),
    )


def get_invitation(token: str, *, person_id: int | None, now: datetime) -> InvitationPage:
    """An invitation by the token in its link; an unknown one is not found."""
    found = db.session.execute(
        select(
            Invitation,
            func.coalesce(Organization.name, Project.name),
            select(Person.email_canonical).where(Person.id == person_id).scalar_subquery(),
        )
        .outerjoin(Organization, Organization.id == Invitation.organization_id)
        .outerjoin(Project, Project.id == Invitation.project_id)
        .where(Invitation.token_hash == hash_token(token))
    ).one_or_none()
    if found is None:
        raise NotFound("invitation")
    invitation, place, canonical = found
    problem = ""
    if invitation.accepted_at is not None:
        problem = "This invitation has already been accepted."
    elif invitation.withdrawn_at is not None:
        problem = "This invitation was withdrawn."
    elif invitation.expires_at <= now:
        problem = "This invitation is too old. Ask for a new one."
    return InvitationPage(
        place=place,
        is_project=invitation.project_id is not None,
        role=invitation.role,
        email=invitation.email,
        invited_by=invitation.invited_by,
        expires_at=invitation.expires_at,
        is_for_this_person=canonical == invitation.email_canonical,
        problem=problem,
        work=invitation.work,
    )


def _relative(row: Organization | None, *, agreed: bool) -> Relative | None:
    return None if row is None else Relative(row.slug, row.name, agreed)


def _members(organization_id: int) -> tuple[Member, ...]:
    rows = db.session.execute(
        select(Person.id, Person.name, Person.email, Membership.role, Membership.since)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organization_id == organization_id)
        .order_by(Person.name, Person.id)
    ).all()
    roles: defaultdict[int, set[OrganizationRole]] = defaultdict(set)
    since: dict[int, datetime] = {}
    for row in rows:
        roles[row.id].add(row.role)
        since[row.id] = min(row.since, since.get(row.id, row.since))
    people = {row.id: row for row in rows}
    members = [
        Member(key, row.name, row.email, frozenset(roles[key]), since[key])
        for key, row in people.items()
    ]
    return tuple(sorted(members, key=lambda one: OrganizationRole.OWNER not in one.roles))


def _stakes(organization_id: int, *, now: datetime) -> tuple[Stake, ...]:
    newest = (
        select(CharterVersion.project_id, func.max(CharterVersion.number).label("number"))
        .group_by(CharterVersion.project_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            Sponsorship,
            Project.slug,
            Project.name,
            TierVersion.name,
            TierVersion.voting_weight,
            CharterVersion.seasoning_days,
        )
        .join(Project, Project.id == Sponsorship.project_id)
        .join(TierVersion, TierVersion.id == Sponsorship.tier_snapshot_id)
        .outerjoin(newest, newest.c.project_id == Project.id)
        .outerjoin(
            CharterVersion,
            (CharterVersion.project_id == Project.id) & (CharterVersion.number == newest.c.number),
        )
        .where(Sponsorship.organization_id == organization_id)
        .order_by(Sponsorship.id.desc())
        .limit(100)
    )
    return tuple(
        Stake(
            reference=one.reference,
            project_slug=slug,
            project=project,
            tier=tier,
            voting_weight=weight,
            commercial=one.commercial,
            term=one.term,
            publication=one.publication,
            is_private=one.is_private,
            obstacles=tuple(
                voting_obstacles(
                    commercial=one.commercial,
                    term=one.term,
                    active_since=one.active_since,
                    voting_weight=weight,
                    seasoning_days=seasoning or 0,
                    at=now,
                )
            ),
            term_ends_at=one.term_ends_at,
            grace_ends_at=one.grace_ends_at,
            cancel_at_term_end=one.cancel_at_term_end,
            review_note=one.review_note,
        )
        for one, slug, project, tier, weight, seasoning in rows
    )
