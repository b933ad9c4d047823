"""Needs in any state, for tests that read them."""

from __future__ import annotations

from itertools import count
from typing import Any

from portal.database import transaction
from portal.domain.needs import UNSCREENED, UNSEEN, Credit, NeedState
from portal.models.identity import Person
from portal.models.needs import Need, NeedMessage
from portal.models.organizations import Organization
from portal.models.projects import Project
from tests.builders import NOW

_numbers = count(1)
_SEEN_BY_A_STEWARD = frozenset(NeedState) - {NeedState.DRAFT, NeedState.WAITING}
_WITH_MAINTAINERS = frozenset(NeedState) - UNSCREENED - UNSEEN


def make_need(
    project: Project,
    organization: Organization | None,
    author: Person,
    state: NeedState = NeedState.OPEN,
    **values: Any,
) -> Need:
    """A complete need in a state."""
    need = Need(
        **(
            {
                "project_id": project.id, "number": next(_numbers),
                "organization_id": organization.id if organization else None, "author_id": author.id, "state": state,
                "need": "Transfers that survive", "for_whom": "Ships", "evidence": "A log",
                "cost_of_not": "Days", "conflicts": "None", "credit": Credit.ORGANIZATION if organization else Credit.NONE,
                "created_at": NOW, "updated_at": NOW,
                "submitted_at": None if state is NeedState.DRAFT else NOW,
                "handed_in_at": None if state is NeedState.DRAFT else NOW,
                "screened_at": NOW if state in _SEEN_BY_A_STEWARD else None,
                "released_at": NOW if state in _WITH_MAINTAINERS else None,
            }
            | values
        )
    )  # fmt: skip
    with transaction() as session:
        session.add(need)
    return need


def make_message(need: Need, author: Person, text: str = "A word", **values: Any) -> NeedMessage:
    """A message of the author's side that waits for a steward."""
    message = NeedMessage(
        **(
            {
                "project_id": need.project_id, "need_id": need.id, "author_id": author.id,
                "by_project": False, "signed": author.name, "text": text, "written_at": NOW,
            }
            | values
        )
    )  # fmt: skip
    with transaction() as session:
        session.add(message)
    return message
