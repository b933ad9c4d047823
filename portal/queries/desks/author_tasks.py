"""What is asked of authors: other words for a need or a statement, an answer to maintainers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal.domain.needs import NeedState
from portal.domain.proposals import ProposalState
from portal.domain.statements import StatementState
from portal.domain.tasks import TaskKind
from portal.models.needs import Need, NeedMessage
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.statements import Statement
from portal.queries.desks.task_rows import NOTHING, Column, Scopes, Waiting, waiting

_LAST = aliased(NeedMessage)


def needs_of_authors(
    reword: TaskKind,
    asked: TaskKind,
    scope: InstrumentedAttribute[Any],
    scopes: Scopes,
    *,
    detail: Column = NOTHING,
) -> list[Waiting]:
    """Needs to reword, and those about which the maintainers wrote last."""
    newest = (
        select(func.max(NeedMessage.id)).where(NeedMessage.need_id == Need.id).correlate(Need)
    ).scalar_subquery()
    return [
        waiting(reword, scope, Need.id, Need.need, detail=detail, since=Need.updated_at)
        .join(Project, Project.id == Need.project_id)
        .where(scope.in_(scopes[reword]), Need.state == NeedState.REWORD),
        waiting(asked, scope, Need.id, Need.need, detail=detail, since=_LAST.written_at)
        .join(Project, Project.id == Need.project_id)
        .join(_LAST, _LAST.id == newest)
        .where(scope.in_(scopes[asked]), Need.state == NeedState.OPEN, _LAST.by_project),
    ]


def own_statements_to_reword(
    kind: TaskKind, person_id: int | None, projects: Sequence[int]
) -> Waiting:
    """What somebody put in person and is asked to say in other words."""
    return statements_to_reword(kind, Statement.project_id, projects, key=Proposal.number).where(
        Statement.author_id == person_id, Statement.organization_id.is_(None)
    )


def statements_to_reword(
    kind: TaskKind,
    scope: InstrumentedAttribute[Any],
    places: Sequence[int],
    *,
    key: Column,
    detail: Column = NOTHING,
) -> Waiting:
    """What authors are asked to say in other words, while they still can."""
    return (
        waiting(kind, scope, key, Proposal.title, detail=detail, since=Statement.screened_at)
        .join(Proposal, Proposal.id == Statement.proposal_id)
        .join(Project, Project.id == Statement.project_id)
        .where(
            scope.in_(places),
            Statement.state == StatementState.REWORD,
            Proposal.state == ProposalState.CONSULTATION,
        )
    )
