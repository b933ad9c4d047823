"""Contributors, for tests that need one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.database import transaction
from portal.domain.contributors import ContributorState
from portal.domain.permissions import Actor
from portal.models.contributors import Contributor
from portal.models.identity import Person
from portal.models.projects import Project
from portal.services.votes.ballots import cast_contributor_ballot
from tests.builders import NOW, actor_of
from tests.vote_builders import DAY, SITE


def make_contributor(project: Project, person: Person, **values: Any) -> Contributor:
    """A person's part in a project, unnamed in public unless said otherwise."""
    part = Contributor(
        **(
            {
                "project_id": project.id, "person_id": person.id, "work": "The protocol tests",
                "state": ContributorState.ACTIVE, "invited_by": "Noor Lead", "since": NOW - 9 * DAY,
            }
            | values
        )
    )  # fmt: skip
    with transaction() as session:
        session.add(part)
    return part


def cast_own(
    project: Project, person: Person | Actor, vote_id: int, said: str, *, now: datetime = NOW + DAY,
    **values: Any,
) -> str:  # fmt: skip
    """Cast a contributor's ballot; the receipt's reference."""
    actor = person if isinstance(person, Actor) else actor_of(person)
    choice: dict[str, Any] = {"recused": True} if said == "recused" else {"position": said}
    with transaction():
        return cast_contributor_ballot(
            actor, project.id, vote_id, choice, site=SITE, now=now, **values
        ).reference
