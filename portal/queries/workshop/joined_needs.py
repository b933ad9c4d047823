"""Needs and the proposals that answer them, as maintainers see both."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from portal.database import db
from portal.domain.needs import NeedState, NeedText
from portal.models.needs import Need
from portal.models.organizations import Organization
from portal.models.proposals import Proposal

_MOST = 100


@dataclass(frozen=True, slots=True)
class JoinedNeed:
    """A need beside a proposal: its number, its words, and whose; a contributor's is nobody's."""

    number: int
    text: NeedText
    organization: str | None
    state: NeedState
    is_private: bool


def list_joinable(project_id: int) -> tuple[JoinedNeed, ...]:
    """Needs that a proposal could answer, the oldest first: let through, and not taken up yet."""
    return _list(
        Need.project_id == project_id,
        Need.state.in_((NeedState.OPEN, NeedState.ANSWERED)),
        Need.released_at.is_not(None),
    )


def list_joined(project_id: int, proposal_number: int) -> tuple[JoinedNeed, ...]:
    """The needs that a proposal answers."""
    return _list(
        Need.project_id == project_id,
        Need.state == NeedState.TAKEN_UP,
        Need.proposal_id
        == select(Proposal.id)
        .where(Proposal.project_id == project_id, Proposal.number == proposal_number)
        .scalar_subquery(),
    )


def _list(*criteria: ColumnElement[bool]) -> tuple[JoinedNeed, ...]:
    rows = db.session.execute(
        select(Need, Organization.name)
        .outerjoin(Organization, Organization.id == Need.organization_id)
        .where(*criteria)
        .order_by(Need.number)
        .limit(_MOST)
    )
    return tuple(
        JoinedNeed(need.number, need.text, organization, need.state, need.is_private)
        for need, organization in rows
    )
