"""What waits for somebody as a contributor: an own ballot, and what they wrote that came back."""

from __future__ import annotations

from datetime import datetime

from portal.domain.tasks import TaskKind
from portal.domain.votes import VoteState
from portal.models.needs import Need
from portal.models.votes import Elector, Vote
from portal.queries.desks.author_tasks import needs_of_authors, own_statements_to_reword
from portal.queries.desks.task_rows import Scopes, Waiting, waiting
from portal.queries.desks.vote_tasks import HAS_BALLOT

_K = TaskKind


def contributor_tasks(scopes: Scopes, person_id: int | None, now: datetime) -> list[Waiting]:
    """Ballots to cast, needs and statements to reword, needs about which maintainers asked."""
    needs = needs_of_authors(
        _K.CONTRIBUTOR_REWORD, _K.CONTRIBUTOR_ASKED, Need.project_id, scopes
    )  # fmt: skip
    return [
        _ballots(scopes, person_id, now),
        *(
            each.where(Need.author_id == person_id, Need.organization_id.is_(None))
            for each in needs
        ),
        own_statements_to_reword(
            _K.CONTRIBUTOR_STATEMENT,
            person_id,
            _not_maintained(scopes, _K.CONTRIBUTOR_STATEMENT, _K.PROJECT_STATEMENT),
        ),
    ]


def _ballots(scopes: Scopes, person_id: int | None, now: datetime) -> Waiting:
    kind = _K.CONTRIBUTOR_BALLOT
    return (
        waiting(kind, Vote.project_id, Vote.id, Vote.question, due=Vote.closes_at)
        .join(Elector, Elector.vote_id == Vote.id)
        .where(
            Vote.project_id.in_(_not_maintained(scopes, kind, _K.PROJECT_BALLOT)),
            Vote.state == VoteState.OPEN,
            Vote.closes_at > now,
            Elector.person_id == person_id,
            Elector.voided_at.is_(None),
            ~HAS_BALLOT,
        )
    )


def _not_maintained(scopes: Scopes, kind: TaskKind, as_maintainer: TaskKind) -> list[int]:
    """Whoever maintains and contributes has one ballot and one voice, on the maintainers' desk."""
    return sorted(set(scopes[kind]) - set(scopes[as_maintainer]))
