"""The demonstration's people and companies, as rows."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from itertools import count

from portal.database import db
from portal.domain.organizations import OrganizationKind
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.models.identity import Person
from portal.models.organizations import Membership, Organization, Picture
from portal.models.projects import Maintainership
from portal.services.demonstration.cast import MAINTAINERS, PERSONAS, SponsorSeed
from portal.services.demonstration.logos import SIDE, draw_logo

_GIVEN = "Ada Bram Cleo Dario Edda Femi Gwen Hugo Iris Jules Kaja Leon Mira Nilo Oona Pavel".split()
_FAMILY = "Vance Moreau Lindgren Okafor Brandt Silva Novak Haines Keller Ruiz Dahl Weir".split()
_SETTLED = timedelta(days=900)


def add_person(name: str, email: str, *, now: datetime, is_operator: bool = False) -> Person:
    """One invented person."""
    person = Person(
        name=name,
        email=email,
        email_canonical=email,
        is_operator=is_operator,
        created_at=now - _SETTLED,
    )
    db.session.add(person)
    db.session.flush()
    return person


def add_personas(*, now: datetime) -> dict[str, Person]:
    """The people a newcomer signs in as, by key."""
    return {
        persona.key: add_person(
            persona.name, persona.email, now=now, is_operator=persona.key == "operator"
        )
        for persona in PERSONAS
    }


def add_maintainers(project_id: int, personas: dict[str, Person], *, now: datetime) -> list[Actor]:
    """The project's maintainers as actors, the lead first; some of them are personas."""
    known = {person.name: person for person in personas.values()}
    people: list[tuple[Person, tuple[ProjectRole, ...]]] = [
        (personas["maintainer"], (ProjectRole.LEAD, ProjectRole.MAINTAINER))
    ]
    people += [
        (
            known.get(name)
            or add_person(name, f"{name.split()[0].lower()}@kelpline.example", now=now),
            roles,
        )
        for name, roles in MAINTAINERS
    ]
    for person, roles in people:
        for role in roles:
            since = now - _SETTLED
            db.session.add(
                Maintainership(project_id=project_id, person_id=person.id, role=role, since=since)
            )
    db.session.flush()
    return [
        Actor(person_id=person.id, name=person.name, projects={project_id: frozenset(roles)})
        for person, roles in people
    ]


class Companies:
    """Founds companies, gives them logos and people, and knows who casts their ballots."""

    def __init__(self, personas: dict[str, Person], *, now: datetime) -> None:
        """Start with no company."""
        self._personas = personas
        self._now = now
        self._numbers = count()
        self.by_name: dict[str, Organization] = {}
        self.casters: dict[str, Actor] = {}

    def found(self, seed: SponsorSeed) -> Organization:
        """Found one company with an owner who casts its ballot, or with the personas."""
        number = next(self._numbers)
        slug = seed.name.lower().replace(" & ", "-").replace(" ", "-")
        organization = Organization(
            slug=slug,
            kind=OrganizationKind.COMPANY,
            name=seed.name,
            legal_name=f"{seed.name} Ltd",
            address=f"{number + 3} Harbor Street\n{10_000 + number * 731} Example Town",
            country=seed.country,
            website=f"https://{slug}.example",
            about=seed.about,
            picture=_add_logo(number),
            parent=self.by_name.get(seed.parent),
            created_at=self._now - timedelta(days=seed.days_ago + 2),
        )
        db.session.add(organization)
        db.session.flush()
        self.by_name[seed.name] = organization
        self._staff(organization, number)
        return organization

    def _staff(self, organization: Organization, number: int) -> None:
        roles = OrganizationRole
        if organization.name.startswith("Brackwater"):
            owner = caster = self._personas["owner"]
            self._join(organization, owner, roles.OWNER)
            if organization.name == "Brackwater Freight":
                caster = self._personas["representative"]
                self._join(organization, self._personas["billing"], roles.BILLING)
        else:
            name = f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number % len(_FAMILY)]}"
            email = f"{name.split(maxsplit=1)[0].lower()}@{organization.slug}.example"
            owner = caster = add_person(name, email, now=self._now)
            self._join(organization, owner, roles.OWNER)
        self._join(organization, caster, roles.REPRESENTATIVE)
        self.casters[organization.name] = Actor(
            person_id=caster.id,
            name=caster.name,
            organizations={organization.id: frozenset({roles.REPRESENTATIVE})},
        )

    def _join(self, organization: Organization, person: Person, role: OrganizationRole) -> None:
        db.session.add(
            Membership(
                organization=organization,
                organization_id=organization.id,
                person=person,
                person_id=person.id,
                role=role,
                since=organization.created_at,
            )
        )
        db.session.flush()


def _add_logo(number: int) -> Picture:
    data = draw_logo(number)
    return Picture(
        sha256=hashlib.sha256(data).hexdigest(),
        media_type="image/webp",
        width=SIDE,
        height=SIDE,
        data=data,
    )
