"""The stage of the crawl: readers of every kind, and the words that are planted before them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.models.identity import Person
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership, Project
from portal.models.tiers import Tier, TierVersion
from tests.builders import actor_of, make_organization, make_person, make_sponsorship, make_tier
from tests.contributor_builders import make_contributor
from tests.web.world import World, build_world

_numbers = count(1)
_O, _P = OrganizationRole, ProjectRole
NOBODY: frozenset[str] = frozenset()
# Those of the organization that wrote who may read its needs.
OWN = frozenset({"owner", "representative", "deputy"})
# And who of it asks for support.
OWN_SUPPORT = OWN | {"editor"}
STEWARDS = frozenset({"lead", "steward"})
MAINTAINERS = STEWARDS | {"maintainer"}


@dataclass(frozen=True)
class Canary:
    """A word that stands nowhere else, what it stands for, and who may read it."""

    word: str
    about: str
    readers: frozenset[str]


@dataclass
class Stage:
    """A world with readers of every kind, and the words planted in it."""

    world: World
    project: Project
    acme: Organization
    readers: dict[str, Person | None]
    canaries: list[Canary] = field(default_factory=list)
    # What addresses may name besides the world's own rows.
    named: dict[str, set[object]] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def actor(self, name: str) -> Actor:
        """A reader as an actor."""
        person = self.readers[name]
        assert person is not None
        return actor_of(person)

    def plant(self, about: str, readers: frozenset[str]) -> str:
        """A new word for a text, to be read by nobody but ``readers``."""
        word = f"canary{next(_numbers):04}x"
        self.canaries.append(Canary(word, about, readers))
        return word

    def name(self, argument: str, value: object) -> None:
        """Let the crawl ask for this value wherever an address has such a part.

        ``needs/number`` is the number of a need: it stands in addresses behind ``needs``.
        """
        self.named.setdefault(argument, set()).add(value)


def set_stage(app: Flask) -> Stage:
    """A world in which every kind of person looks for what is not theirs."""
    world = build_world(app)
    project = db.session.get_one(Project, world.project_id)
    acme = db.session.get_one(Organization, world.organization_id)
    people = {
        name: make_person(f"Reader {name}", is_operator=name == "operator")
        for name in ("stranger", "operator", "rival", "other lead", "contributor")
    }
    people |= {
        name: _join(acme, *roles)
        for name, roles in {
            "owner": [_O.OWNER],
            "representative": [_O.REPRESENTATIVE],
            "deputy": [_O.DEPUTY],
            "billing": [_O.BILLING],
            "editor": [_O.EDITOR],
            "viewer": [_O.VIEWER],
        }.items()
    }
    people |= {role.value: _appoint(project, role) for role in _P}
    rival = make_organization("rival", roles={people["rival"]: list(_O)})
    gold = select(TierVersion).join(Tier).where(Tier.project_id == project.id, Tier.slug == "gold")
    make_sponsorship(rival, db.session.scalars(gold).one(), reference="sp_rival")
    other = db.session.scalars(select(Project).where(Project.slug == "dune")).one()
    with transaction() as session:
        for role in _P:
            session.add(_role(other, people["other lead"], role))
    make_contributor(project, people["contributor"])
    room = make_tier(project, slug="room", benefits=[{"kind": "needs", "at_once": 50}])
    with transaction() as session:
        stake = session.merge(_stake_of(acme, project))
        stake.tier_snapshot_id = room.id
    stage = Stage(world, project, acme, {"visitor": None, **people})
    stage.name("organization", "rival")
    stage.name("project", "dune")
    return stage


def _stake_of(acme: Organization, project: Project) -> object:
    from portal.models.sponsorship import Sponsorship

    return db.session.scalars(
        select(Sponsorship).where(
            Sponsorship.organization_id == acme.id, Sponsorship.project_id == project.id
        )
    ).one()


def _join(organization: Organization, *roles: OrganizationRole) -> Person:
    person = make_person(f"{roles[0].value.title()} of acme")
    with transaction() as session:
        session.add_all(
            Membership(
                organization_id=organization.id, person_id=person.id, role=role,
                since=organization.created_at,
            )
            for role in roles
        )  # fmt: skip
    return person


def _appoint(project: Project, role: ProjectRole) -> Person:
    person = make_person(f"{role.value.title()} of kelp")
    with transaction() as session:
        session.add(_role(project, person, role))
    return person


def _role(project: Project, person: Person, role: ProjectRole) -> Maintainership:
    return Maintainership(
        project_id=project.id, person_id=person.id, role=role, since=project.created_at
    )
