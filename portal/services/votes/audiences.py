"""Who is told news of a proposal: those who took part, or those who would have a ballot."""

from __future__ import annotations

from sqlalchemy import Select, false, select, union

from portal.database import db
from portal.domain.charter import ContributorsVoice, House
from portal.domain.permissions import ORGANIZATION_POLICY, PROJECT_POLICY, Permission
from portal.domain.rules import deciding_houses
from portal.domain.sponsorship import GOOD_STANDING
from portal.domain.statements import StatementState
from portal.models.contributors import Contributor
from portal.models.needs import Need
from portal.models.organizations import Membership
from portal.models.projects import CharterVersion, Maintainership
from portal.models.sponsorship import Sponsorship
from portal.models.statements import Statement
from portal.models.tiers import TierVersion
from portal.models.votes import Ballot, VoteProposal

_STATED = (StatementState.RELEASED, StatementState.PRIVATE)


def took_part(proposal_id: int) -> Select[int]:
    """Who cast a ballot that counts, needed what it answers, or put a released statement on it."""
    cast = (
        select(Ballot.cast_by_id)
        .join(VoteProposal, VoteProposal.vote_id == Ballot.vote_id)
        .where(VoteProposal.proposal_id == proposal_id, Ballot.superseded_at.is_(None))
    )
    wrote = select(Need.author_id).where(Need.proposal_id == proposal_id)
    stated = select(Statement.author_id).where(
        Statement.proposal_id == proposal_id, Statement.state.in_(_STATED)
    )
    everybody = union(cast, wrote, stated).subquery()
    return select(everybody.c[0])


def may_speak(project_id: int) -> Select[int]:
    """Who may put statements in a project for somebody with a ballot, by the charter of today.

    A short time of waiting that the charter asks of new sponsors is left to the page to explain.
    """
    newest = db.session.scalars(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return select(Membership.person_id).where(false())
    own_house = House.MAINTAINERS in deciding_houses(newest.charter.mode)
    seats = [_representatives(project_id)]
    if own_house:
        seats.append(_maintainers(project_id))
    voice = newest.charter.contributors
    if voice is ContributorsVoice.HOUSE or (own_house and voice is ContributorsVoice.MAINTAINERS):
        seats.append(_contributors(project_id))
    everybody = union(*seats).subquery()
    return select(everybody.c[0])


def _representatives(project_id: int) -> Select[int]:
    return (
        select(Membership.person_id)
        .join(Sponsorship, Sponsorship.organization_id == Membership.organization_id)
        .join(TierVersion, TierVersion.id == Sponsorship.tier_snapshot_id)
        .where(
            Sponsorship.project_id == project_id,
            Sponsorship.term.in_(GOOD_STANDING),
            Sponsorship.active_since.is_not(None),
            TierVersion.voting_weight > 0,
            Membership.role.in_(ORGANIZATION_POLICY[Permission.ORGANIZATION_STATEMENT_WRITE]),
        )
    )


def _maintainers(project_id: int) -> Select[int]:
    return select(Maintainership.person_id).where(
        Maintainership.project_id == project_id,
        Maintainership.role.in_(PROJECT_POLICY[Permission.PROJECT_STATEMENT_WRITE]),
    )


def _contributors(project_id: int) -> Select[int]:
    return select(Contributor.person_id).where(
        Contributor.project_id == project_id, Contributor.ended_at.is_(None)
    )
