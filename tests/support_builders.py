"""Support requests in any state, for tests that read them."""

from __future__ import annotations

from itertools import count
from typing import Any

from portal.database import transaction
from portal.domain.support import CLOSED, SupportState
from portal.domain.support_pace import due_on
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.support import DocumentationGap, SupportMessage, SupportRequest
from tests.builders import NOW

SUPPORT = {"kind": "support", "per_quarter": 4, "answer_days": 3}
_numbers = count(1)


def make_request(
    project: Project,
    organization: Organization,
    author: Person,
    state: SupportState = SupportState.OPEN,
    **values: Any,
) -> SupportRequest:
    """A complete request in a state."""
    request = SupportRequest(
        **(
            {
                "project_id": project.id, "number": next(_numbers),
                "organization_id": organization.id, "author_id": author.id, "state": state,
                "tried": "Connect two sites", "happened": "It says: no route",
                "environment": "4.3 on Linux", "aim_days": 3, "asked_at": NOW, "updated_at": NOW,
                "closed_at": NOW if state in CLOSED else None,
                "due_on": due_on(values.get("asked_at", NOW), 3),
            }
            | values
        )
    )  # fmt: skip
    with transaction() as session:
        session.add(request)
    return request


def make_words(
    request: SupportRequest, author: Person, text: str = "A word", *, by_project: bool = False
) -> SupportMessage:
    """A message about a request."""
    message = SupportMessage(
        request_id=request.id, author_id=author.id, by_project=by_project, signed=author.name,
        text=text, written_at=NOW,
    )  # fmt: skip
    with transaction() as session:
        session.add(message)
    return message


def make_gap(request: SupportRequest) -> DocumentationGap:
    """A gap in the documentation that a request showed."""
    gap = DocumentationGap(
        project_id=request.project_id, request_id=request.id, found_at=NOW, url=""
    )
    with transaction() as session:
        session.add(gap)
    return gap
