"""Support requests that wait: for the maintainers by their aim, for an organization to look."""

from __future__ import annotations

from portal.domain.support import SupportState
from portal.domain.tasks import TaskKind
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.support import SupportRequest, waits_for_maintainers
from portal.queries.desks.task_rows import Column, Scopes, Waiting, waiting


def dated_support_tasks(scopes: Scopes) -> list[Waiting]:
    """Requests without a first answer, each until the last day of its aim."""
    kind, due = TaskKind.PROJECT_SUPPORT, SupportRequest.due_on
    return [_for_maintainers(kind, scopes, due=due).where(SupportRequest.answered_at.is_(None))]


def support_tasks(scopes: Scopes) -> list[Waiting]:
    """Requests about which the organization wrote again."""
    kind, since = TaskKind.PROJECT_SUPPORT_MESSAGE, SupportRequest.updated_at
    again = SupportRequest.answered_at.is_not(None)
    return [_for_maintainers(kind, scopes, since=since).where(again)]


def _for_maintainers(
    kind: TaskKind, scopes: Scopes, *, since: Column | None = None, due: Column | None = None
) -> Waiting:
    return (
        waiting(
            kind, SupportRequest.project_id, SupportRequest.number, SupportRequest.tried,
            detail=Organization.name, since=since, due=due,
        )
        .join(Organization, Organization.id == SupportRequest.organization_id)
        .where(SupportRequest.project_id.in_(scopes[kind]), waits_for_maintainers())
    )  # fmt: skip


def answered_support_tasks(scopes: Scopes) -> list[Waiting]:
    """Requests that the maintainers answered, until the organization writes or settles them."""
    kind = TaskKind.ORGANIZATION_SUPPORT
    return [
        waiting(
            kind, SupportRequest.organization_id, SupportRequest.id, SupportRequest.tried,
            detail=Project.name, since=SupportRequest.updated_at,
        )
        .join(Project, Project.id == SupportRequest.project_id)
        .where(
            SupportRequest.organization_id.in_(scopes[kind]),
            SupportRequest.state == SupportState.ANSWERED,
        )
    ]  # fmt: skip
