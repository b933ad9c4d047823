"""Votes for tests: a project with sponsors, a proposal, an open vote, ballots and an outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.money import Money
from portal.domain.papers import BallotPaper, Option
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.domain.rules import preview_seal
from portal.domain.votes import Method
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.votes import Ballot, Vote
from portal.queries.votes.proposals import get_desk_proposal
from portal.queries.weights.electorate import find_standing
from portal.services.votes.ballots import cast_ballot
from portal.services.votes.proposals import draft_proposal, publish_proposal
from portal.services.votes.tallies import close_vote
from portal.services.votes.votes import open_vote
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)

SITE = "http://localhost"
DAY = timedelta(days=1)


@dataclass
class Scene:
    """A project with a lead, and sponsors with a representative each."""

    project: Project
    lead: Person
    organizations: list[Organization] = field(default_factory=list)
    representatives: list[Person] = field(default_factory=list)

    @property
    def lead_actor(self) -> Actor:
        return actor_of(self.lead)

    def representative(self, index: int) -> Actor:
        return actor_of(self.representatives[index])


def make_scene(*, weights: tuple[int, ...] = (4, 2, 2, 1), **charter: Any) -> Scene:
    """A project, led, with one sponsor for each weight."""
    lead = make_person("Noor Lead")
    project = make_project(roles={lead: [ProjectRole.LEAD]}, **charter)
    scene = Scene(project, lead)
    tiers = {weight: make_tier(project, voting_weight=weight) for weight in sorted(set(weights))}
    for index, weight in enumerate(weights):
        person = make_person(f"Representative {index}")
        organization = make_organization(roles={person: [OrganizationRole.REPRESENTATIVE]})
        make_sponsorship(organization, tiers[weight])
        scene.organizations.append(organization)
        scene.representatives.append(person)
    return scene


def make_draft(scene: Scene, **texts: str) -> int:
    """A draft's number."""
    values = {"title": "Persistent queues", "summary": "Queues survive restarts.", "body": "Why."}
    with transaction():
        return draft_proposal(scene.lead_actor, scene.project.id, **values | texts, now=NOW)


def make_consultation(scene: Scene, **texts: str) -> int:
    """The number of a proposal in consultation."""
    number = make_draft(scene, **texts)
    with transaction():
        publish_proposal(scene.lead_actor, scene.project.id, number, revision=1, now=NOW)
    return number


def seal_of(scene: Scene, number: int, *, now: datetime = NOW, merged: bool = False) -> str:
    """The seal that a preview would post along."""
    page = get_desk_proposal(scene.project.id, number, now=now)
    standing = find_standing(scene.project.id, now=now, merged=merged)
    return preview_seal(standing, revision=page.revision)


def make_vote(
    scene: Scene,
    number: int | None = None,
    *,
    now: datetime = NOW,
    merged: bool = False,
    **values: Any,
) -> int:
    """The id of an open vote, from now for fourteen days."""
    number = number or make_consultation(scene)
    settings: dict[str, Any] = {
        "question": "Shall queues survive restarts?",
        "closes_at": now + 14 * DAY,
        "seal": seal_of(scene, number, now=now, merged=merged),
        "read_standing": partial(find_standing, scene.project.id, now=now, merged=merged),
        "merged": merged,
        "site": SITE,
        "now": now,
    }
    with transaction():
        return open_vote(scene.lead_actor, scene.project.id, number, **settings | values)


def make_paper(method: Method, **values: Any) -> BallotPaper:
    """A paper with three options, as a maintainer would write it; costs only matter in budgets."""
    costs = {"Replication": 30_000, "Tracing": 20_000, "Windows": 10_000}
    options = tuple(Option("", name, f"About {name}.", cost) for name, cost in costs.items())
    budget = Money(50_000, "EUR") if method is Method.BUDGET else None
    return BallotPaper(method, **{"options": options, "budget": budget} | values)


def cast(scene: Scene, vote_id: int, index: int, said: str | dict[str, Any], **values: Any) -> str:
    """Cast the ballot of one of the scene's sponsors; the receipt's reference."""
    choice = said
    if isinstance(said, str):
        choice = {"recused": True} if said == "recused" else {"position": said}
    settings: dict[str, Any] = {"site": SITE, "now": NOW + DAY}
    actor = scene.representative(index)
    organization = scene.organizations[index].id
    with transaction():
        return cast_ballot(actor, vote_id, organization, choice, **settings | values).reference


def close(vote_id: int, *, now: datetime = NOW + 14 * DAY) -> bool:
    """Count a vote."""
    with transaction():
        return close_vote(vote_id, site=SITE, now=now)


def get_vote(vote_id: int) -> Vote:
    """A vote as it stands."""
    return db.session.get_one(Vote, vote_id, populate_existing=True)


def ballots_of(vote_id: int) -> list[Ballot]:
    """All ballots of a vote, the oldest first."""
    return list(
        db.session.scalars(
            select(Ballot)
            .where(Ballot.vote_id == vote_id)
            .order_by(Ballot.id)
            .execution_options(populate_existing=True)
        )
    )
