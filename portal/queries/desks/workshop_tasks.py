"""Words that wait on a project's desk: for a steward, or for an answer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal.domain.needs import NeedState
from portal.domain.proposals import ProposalState
from portal.domain.statements import StatementState
from portal.domain.tasks import LAST_WORD, TaskKind
from portal.models.needs import MESSAGE_HELD, NEED_HELD, Need, NeedMessage
from portal.models.organizations import Organization
from portal.models.proposals import Proposal
from portal.models.statements import STATEMENT_HELD, Statement
from portal.queries.desks.author_tasks import own_statements_to_reword
from portal.queries.desks.task_rows import Column, Scopes, Waiting, waiting

_DEALT_WITH = (NeedState.ANSWERED, NeedState.DECLINED, NeedState.TAKEN_UP)
_LAST = aliased(NeedMessage)
# A contributor states needs as a person, who is named on the page of the need alone.
_WHOSE = func.coalesce(Organization.name, "")


def workshop_tasks(scopes: Scopes, person_id: int | None, now: datetime) -> list[Waiting]:
    """What waits for stewards, for an answer, and for other words of the reader's own."""
    return [
        *_to_screen(scopes),
        own_statements_to_reword(
            TaskKind.PROJECT_STATEMENT, person_id, scopes[TaskKind.PROJECT_STATEMENT]
        ),
        *_to_answer(scopes, now),
    ]


def _to_screen(scopes: Scopes) -> list[Waiting]:
    return [
        waiting(
            TaskKind.PROJECT_SCREEN_NEED, Need.project_id, Need.number, Need.need,
            detail=_WHOSE, since=func.coalesce(Need.handed_in_at, Need.submitted_at),
        )
        .outerjoin(Organization, Organization.id == Need.organization_id)
        .where(
            Need.project_id.in_(scopes[TaskKind.PROJECT_SCREEN_NEED]),
            Need.state == NeedState.WAITING,
            ~NEED_HELD,
        ),
        waiting(
            TaskKind.PROJECT_SCREEN_MESSAGE, NeedMessage.project_id, NeedMessage.id, Need.need,
            detail=_WHOSE, since=NeedMessage.written_at,
        )
        .join(Need, Need.id == NeedMessage.need_id)
        .outerjoin(Organization, Organization.id == Need.organization_id)
        .where(
            NeedMessage.project_id.in_(scopes[TaskKind.PROJECT_SCREEN_MESSAGE]),
            NeedMessage.released_at.is_(None),
            NeedMessage.refused_at.is_(None),
            ~MESSAGE_HELD,
        ),
        # By its proposal: nothing of a statement says who is behind a pseudonym.
        waiting(
            TaskKind.PROJECT_SCREEN_STATEMENT, Statement.project_id, Statement.id, Proposal.title,
            since=Statement.submitted_at,
        )
        .join(Proposal, Proposal.id == Statement.proposal_id)
        .where(
            Statement.project_id.in_(scopes[TaskKind.PROJECT_SCREEN_STATEMENT]),
            Statement.state == StatementState.WAITING,
            ~STATEMENT_HELD,
        ),
    ]  # fmt: skip


def _to_answer(scopes: Scopes, now: datetime) -> list[Waiting]:
    came = func.coalesce(_LAST.released_at, Need.released_at)
    return [
        _needs(TaskKind.PROJECT_NEED, came, scopes).where(
            Need.state == NeedState.OPEN, _LAST.by_project.is_not(True)
        ),
        _needs(TaskKind.PROJECT_NEED_ASKED, came, scopes).where(
            Need.state == NeedState.OPEN, _LAST.by_project.is_(True)
        ),
        _needs(TaskKind.PROJECT_NEED_MESSAGE, came, scopes).where(
            Need.state.in_(_DEALT_WITH),
            _LAST.by_project.is_(False),
            _LAST.released_at > now - LAST_WORD,
        ),
        _needs(TaskKind.PROJECT_NEED_LEFT, Proposal.updated_at, scopes)
        .join(Proposal, Proposal.id == Need.proposal_id)
        .where(Need.state == NeedState.TAKEN_UP, Proposal.state == ProposalState.WITHDRAWN),
    ]


def _needs(kind: TaskKind, since: Column, scopes: Scopes) -> Waiting:
    """Needs that a steward let through, each with the last message that its reader may see."""
    newest = (
        select(func.max(NeedMessage.id))
        .where(NeedMessage.need_id == Need.id, NeedMessage.released_at.is_not(None))
        .correlate(Need)
    )
    return (
        waiting(
            kind, Need.project_id, Need.number, Need.need, detail=_WHOSE,
            since=since,
        )
        .outerjoin(Organization, Organization.id == Need.organization_id)
        .outerjoin(_LAST, _LAST.id == newest.scalar_subquery())
        .where(Need.project_id.in_(scopes[kind]), Need.released_at.is_not(None))
    )  # fmt: skip
