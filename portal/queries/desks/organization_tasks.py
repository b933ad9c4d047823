"""What waits for an organization's people, each in their roles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, cast

from portal.domain.documents import OPEN_STATES
from portal.domain.sponsorship import RUNNING, Publication, Term
from portal.domain.tasks import TaskKind
from portal.domain.votes import VoteState
from portal.models.documents import Document, DocumentStanding
from portal.models.needs import Need
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.statements import Statement
from portal.models.votes import Elector, ElectorOrganization, Vote
from portal.queries.desks.author_tasks import needs_of_authors, statements_to_reword
from portal.queries.desks.money_tasks import ending_soon
from portal.queries.desks.task_rows import Scopes, Waiting, waiting
from portal.queries.desks.vote_tasks import HAS_BALLOT


def organization_tasks(scopes: Scopes, now: datetime) -> list[Waiting]:
    """Ballots to cast, needs that came back, stakes that run out, a name that was not approved."""
    return [
        _ballots(scopes, now),
        *needs_of_authors(
            TaskKind.ORGANIZATION_REWORD, TaskKind.ORGANIZATION_ASKED, Need.organization_id, scopes,
            detail=Project.name,
        ),
        statements_to_reword(
            TaskKind.ORGANIZATION_STATEMENT, Statement.organization_id,
            scopes[TaskKind.ORGANIZATION_STATEMENT],
            key=Project.slug + "/" + cast(Proposal.number, String), detail=Project.name,
        ),
        *_stakes(scopes, now),
        _related(scopes),
    ]  # fmt: skip


def dated_organization_tasks(scopes: Scopes) -> list[Waiting]:
    """Invoices to pay."""
    kind = TaskKind.ORGANIZATION_INVOICE
    return [
        waiting(
            kind, Document.organization_id, Document.reference, Project.name,
            detail=Document.number, due=DocumentStanding.due_on,
        )
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .join(Project, Project.id == Document.project_id)
        .where(
            Document.organization_id.in_(scopes[kind]), DocumentStanding.state.in_(OPEN_STATES)
        )
    ]  # fmt: skip


def _ballots(scopes: Scopes, now: datetime) -> Waiting:
    kind, scope = TaskKind.ORGANIZATION_BALLOT, ElectorOrganization.organization_id
    return (
        waiting(kind, scope, Vote.id, Vote.question, detail=Project.name, due=Vote.closes_at)
        .join(Elector, Elector.id == ElectorOrganization.elector_id)
        .join(Vote, Vote.id == Elector.vote_id)
        .join(Project, Project.id == Vote.project_id)
        .where(
            scope.in_(scopes[kind]),
            Vote.state == VoteState.OPEN,
            Vote.closes_at > now,
            Elector.voided_at.is_(None),
            ~HAS_BALLOT,
        )
    )


def _stakes(scopes: Scopes, now: datetime) -> list[Waiting]:
    grace, ending, rejected = (
        TaskKind.ORGANIZATION_GRACE, TaskKind.ORGANIZATION_ENDING, TaskKind.ORGANIZATION_REJECTED,
    )  # fmt: skip
    scope, key = Sponsorship.organization_id, Sponsorship.reference
    selects = (
        waiting(grace, scope, key, Project.name, due=Sponsorship.grace_ends_at).where(
            scope.in_(scopes[grace]), Sponsorship.term == Term.GRACE
        ),
        waiting(ending, scope, key, Project.name, due=Sponsorship.term_ends_at).where(
            scope.in_(scopes[ending]),
            *ending_soon(now),
        ),
        waiting(
            rejected, scope, key, Project.name,
            detail=Sponsorship.review_note, since=Sponsorship.created_at,
        ).where(
            scope.in_(scopes[rejected]),
            Sponsorship.publication == Publication.REJECTED,
            Sponsorship.term.in_(RUNNING),
        ),
    )  # fmt: skip
    return [each.join(Project, Project.id == Sponsorship.project_id) for each in selects]


def _related(scopes: Scopes) -> Waiting:
    """Companies that say they belong here."""
    kind = TaskKind.ORGANIZATION_RELATED
    return waiting(
        kind, Organization.parent_asked_id, Organization.slug, Organization.name,
        since=Organization.created_at,
    ).where(Organization.parent_asked_id.in_(scopes[kind]))  # fmt: skip
