"""Rows for tests, each built with as little as its rules allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import DecisionMode, PrivacyMode
from portal.domain.organizations import OrganizationKind
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.domain.sponsorship import Commercial, Publication, Term
from portal.domain.tiers import Audience, Interval
from portal.domain.tokens import hash_token
from portal.domain.weights import Damping
from portal.models.contributors import Contributor
from portal.models.identity import Person, SignIn
from portal.models.organizations import Membership, Organization
from portal.models.projects import CharterVersion, Maintainership, Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_numbers = count(1)


def _save(*rows: Any) -> None:
    with transaction() as session:
        session.add_all(rows)


def make_person(name: str = "", *, email: str = "", is_operator: bool = False) -> Person:
    """A person with an address of their own."""
    number = next(_numbers)
    email = email or f"person{number}@example.org"
    person = Person(
        name=name or f"Person {number}",
        email=email,
        email_canonical=email.casefold(),
        is_operator=is_operator,
        created_at=NOW,
    )
    _save(person)
    return person


def make_project(
    slug: str = "", *, roles: dict[Person, list[ProjectRole]] | None = None, **charter: Any
) -> Project:
    """A project with a charter (seasoning 0 unless given) and maintainers."""
    slug = slug or f"project-{next(_numbers)}"
    project = Project(slug=slug, name=slug.title(), currency="EUR", created_at=NOW)
    settings: dict[str, Any] = {
        "number": 1,
        "damping": Damping.LINEAR,
        "cap": Fraction(1, 4),
        "quorum_weight": Fraction(1, 2),
        "quorum_electors": Fraction(1, 2),
        "threshold": None,
        "mode": DecisionMode.ADVISORY,
        "privacy": PrivacyMode.SEALED_ROLL_CALL,
        "seasoning_days": 0,
        "window_days": 14,
        "grace_days": 21,
        "reason_required": False,
        "changed_by": "test",
        "changed_at": NOW,
    }
    _save(project, CharterVersion(project=project, **(settings | charter)))
    for person, held in (roles or {}).items():
        _save(
            *(
                Maintainership(project_id=project.id, person_id=person.id, role=role, since=NOW)
                for role in held
            )
        )
    return project


def make_organization(
    slug: str = "", *, roles: dict[Person, list[OrganizationRole]] | None = None, **values: Any
) -> Organization:
    """An organization with its members."""
    slug = slug or f"organization-{next(_numbers)}"
    organization = Organization(
        **(
            {
                "slug": slug,
                "kind": OrganizationKind.COMPANY,
                "name": slug.title(),
                "created_at": NOW,
            }
            | values
        )
    )
    _save(organization)
    for person, held in (roles or {}).items():
        _save(
            *(
                Membership(
                    organization_id=organization.id, person_id=person.id, role=role, since=NOW
                )
                for role in held
            )
        )
    return organization


def make_tier(project: Project, *, slug: str = "", **values: Any) -> TierVersion:
    """A tier in its first version: 100.00 a year, weight 1."""
    number = next(_numbers)
    tier = Tier(project_id=project.id, slug=slug or f"tier-{number}", position=number)
    version = TierVersion(
        tier=tier,
        **(
            {
                "number": 1,
                "name": f"Tier {number}",
                "price_minor": 10000,
                "currency": project.currency,
                "interval": Interval.YEAR,
                "voting_weight": 1,
                "audience": Audience.ORGANIZATION,
                "benefits": [],
                "created_at": NOW,
            }
            | values
        ),
    )
    _save(version)
    return version


def make_sponsorship(
    organization: Organization,
    tier: TierVersion,
    *,
    since: datetime = NOW - timedelta(days=90),
    **values: Any,
) -> Sponsorship:
    """A paid, active, published sponsorship."""
    sponsorship = Sponsorship(
        **(
            {
                "reference": f"sp_{next(_numbers)}",
                "organization_id": organization.id,
                "project_id": tier.tier.project_id,
                "tier_snapshot_id": tier.id,
                "commercial": Commercial.PAID,
                "term": Term.ACTIVE,
                "publication": Publication.PUBLISHED,
                "approved_name": organization.name
                if values.get("publication", Publication.PUBLISHED) is Publication.PUBLISHED
                else None,
                "active_since": since,
                "term_starts_at": since,
                "term_ends_at": since + timedelta(days=365),
                "processor": "stripe",
                "created_at": since,
            }
            | values
        )
    )
    _save(sponsorship)
    return sponsorship


def actor_of(person: Person) -> Actor:
    """The actor with the roles that the person holds now."""
    organizations: dict[int, set[OrganizationRole]] = {}
    for seat in db.session.scalars(select(Membership).filter_by(person_id=person.id)):
        organizations.setdefault(seat.organization_id, set()).add(seat.role)
    projects: dict[int, set[ProjectRole]] = {}
    for held in db.session.scalars(select(Maintainership).filter_by(person_id=person.id)):
        projects.setdefault(held.project_id, set()).add(held.role)
    return Actor(
        person_id=person.id,
        name=person.name,
        is_operator=person.is_operator,
        organizations={key: frozenset(roles) for key, roles in organizations.items()},
        projects={key: frozenset(roles) for key, roles in projects.items()},
        contributions=frozenset(
            part.project_id
            for part in db.session.scalars(
                select(Contributor).filter_by(person_id=person.id, ended_at=None)
            )
        ),
    )


def sign_in(app: Flask, person: Person) -> FlaskClient:
    """A browser in which the person is signed in."""
    token = f"token-{next(_numbers)}-{person.id}"
    now = datetime.now(UTC)
    _save(
        SignIn(
            token_hash=hash_token(token),
            person_id=person.id,
            started_at=now,
            expires_at=now + timedelta(days=30),
        )
    )
    client = app.test_client()
    with client.session_transaction() as session:
        session.permanent = True
        session["_user_id"] = token
        session["_fresh"] = True
    return client
