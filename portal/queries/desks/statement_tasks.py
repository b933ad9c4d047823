"""Statements that wait: for a steward, or for other words of their author."""

from __future__ import annotations

from sqlalchemy import String, cast

from portal.domain.proposals import ProposalState
from portal.domain.statements import StatementState
from portal.domain.tasks import TaskKind
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.statements import STATEMENT_HELD, Statement
from portal.queries.desks.task_rows import Scopes, Waiting, waiting


def statements_to_screen(scopes: Scopes) -> Waiting:
    """What waits for stewards, by its proposal: nothing of it says who is behind a pseudonym."""
    kind = TaskKind.PROJECT_SCREEN_STATEMENT
    return (
        waiting(
            kind, Statement.project_id, Statement.id, Proposal.title,
            since=Statement.submitted_at,
        )
        .join(Proposal, Proposal.id == Statement.proposal_id)
        .where(
            Statement.project_id.in_(scopes[kind]),
            Statement.state == StatementState.WAITING,
            ~STATEMENT_HELD,
        )
    )  # fmt: skip


def statements_to_reword(scopes: Scopes) -> Waiting:
    """What an organization is asked to say in other words, while it still can."""
    kind = TaskKind.ORGANIZATION_STATEMENT
    return (
        waiting(
            kind, Statement.organization_id, Project.slug + "/" + cast(Proposal.number, String),
            Proposal.title, detail=Project.name, since=Statement.screened_at,
        )
        .join(Proposal, Proposal.id == Statement.proposal_id)
        .join(Project, Project.id == Statement.project_id)
        .where(
            Statement.organization_id.in_(scopes[kind]),
            Statement.state == StatementState.REWORD,
            Proposal.state == ProposalState.CONSULTATION,
        )
    )  # fmt: skip
