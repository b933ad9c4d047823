"""Rows to vote on: an open vote with as many electors as a measurement wants, and their ballots."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from typing import TypeVar

from flask import Flask
from flask import session as browser_session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import func, insert, select

from portal.database import db, transaction
from portal.domain.charter import House
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.rules import preview_seal
from portal.domain.tokens import hash_token
from portal.models.identity import Person, SignIn
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership, Project
from portal.models.votes import Ballot, Elector, ElectorOrganization, Vote
from portal.queries.votes.proposals import get_desk_proposal
from portal.queries.weights.electorate import find_standing
from portal.services.votes.votes import open_vote
from tests.bench.rows import fill, organization_row
from tests.builders import actor_of

T = TypeVar("T")

SITE = "http://localhost"
OPEN_FOR = timedelta(days=14)
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Seat:
    """An elector of the measured vote, whose representative may be signed in."""

    organization: str
    elector_id: int
    person_id: int


def fill_electors(url: str, electors: int) -> Flask:
    """A portal with a project, a proposal, and so many sponsors with a representative each."""
    app = fill(url, sponsors=electors, proposals=1)
    now = datetime.now(UTC)
    with app.app_context(), transaction() as session:
        project_id = session.scalars(select(Project.id)).one()
        lead = Person(
            name="Lead", email="lead@b.example", email_canonical="lead@b.example", created_at=now
        )
        session.add(lead)
        session.flush()
        session.add(
            Maintainership(
                project_id=project_id, person_id=lead.id, role=ProjectRole.LEAD, since=now
            )
        )
        organizations = session.scalars(select(Organization.id).order_by(Organization.id)).all()
        people = range(lead.id + 1, lead.id + 1 + len(organizations))
        for batch in _batches(zip(people, organizations, strict=True)):
            session.execute(insert(Person), [_person(person, now) for person, _ in batch])
            session.execute(insert(Membership), [_membership(*pair, now) for pair in batch])
    return app


def open_measured_vote(app: Flask) -> int:
    """Open a vote on the one proposal as its lead would, and return its id."""
    now = datetime.now(UTC)
    with app.app_context():
        project_id = db.session.scalars(select(Project.id)).one()
        lead = actor_of(db.session.scalars(select(Person).order_by(Person.id)).first() or Person())
        page = get_desk_proposal(project_id, 1, now=now)
        seal = preview_seal(find_standing(project_id, now=now), revision=page.revision)
        with transaction():
            return open_vote(
                lead, project_id, 1, question="Shall it be so?", closes_at=now + OPEN_FOR,
                seal=seal, read_standing=partial(find_standing, project_id, now=now), site=SITE,
                now=now,
            )  # fmt: skip


def seat_crowd(app: Flask, vote_id: int, electors: int) -> None:
    """Seat so many further electors in an open vote, as rows; its fingerprint does not know them.

    All weigh what the vote's first elector weighs. What the opening itself takes is measured with
    fewer.
    """
    now = datetime.now(UTC)
    with app.app_context(), transaction() as session:
        vote = session.get_one(Vote, vote_id)
        house, seated = next(iter(vote.electorate.items()))
        weights = {"raw": seated[0]["raw"], "weight": seated[0]["weight"]}
        first = 1 + max(
            session.scalar(select(func.max(column))) or 0
            for column in (Organization.id, Person.id, Elector.id)
        )
        numbers = range(first, first + electors)
        crowd = [
            {"position": position, "name": f"Sponsor {number}", **weights}
            for position, number in enumerate(numbers, start=len(seated) + 1)
        ]
        vote.electorate = vote.electorate | {house: [*seated, *crowd]}
        for batch in _batches(zip(numbers, crowd, strict=True)):
            people = [number for number, _elector in batch]
            session.execute(insert(Organization), [organization_row(each, now) for each in people])
            session.execute(insert(Person), [_person(each, now) for each in people])
            session.execute(insert(Membership), [_membership(each, each, now) for each in people])
            session.execute(
                insert(Elector),
                [
                    {
                        "id": number, "vote_id": vote_id, "house": House(house),
                        "position": elector["position"], "public_name": elector["name"],
                        "raw_weight": Fraction(elector["raw"]), "weight": elector["weight"],
                    }
                    for number, elector in batch
                ],
            )  # fmt: skip
            session.execute(
                insert(ElectorOrganization),
                [
                    {"vote_id": vote_id, "elector_id": each, "organization_id": each}
                    for each in people
                ],
            )


def find_seats(app: Flask, vote_id: int) -> list[Seat]:
    """All electors with their representatives, in the order of their organizations."""
    with app.app_context():
        rows = db.session.execute(
            select(Organization.slug, ElectorOrganization.elector_id, Membership.person_id)
            .join(Organization, Organization.id == ElectorOrganization.organization_id)
            .join(Membership, Membership.organization_id == Organization.id)
            .where(ElectorOrganization.vote_id == vote_id)
            .order_by(Organization.id)
        )
        return [Seat(*row) for row in rows]


def add_ballots(app: Flask, vote_id: int, seats: list[Seat]) -> None:
    """Give each seat a ballot, as rows."""
    now = datetime.now(UTC)
    positions = itertools.cycle(("for", "for", "against", "abstain"))
    with app.app_context(), transaction() as session:
        for batch in _batches(iter(seats)):
            session.execute(
                insert(Ballot),
                [
                    {
                        "vote_id": vote_id, "elector_id": seat.elector_id, "cast_at": now,
                        "reference": f"b-{secrets.token_hex(6)}", "cast_by_id": seat.person_id,
                        "choice": {"position": next(positions)}, "reason": "",
                    }
                    for seat in batch
                ],
            )  # fmt: skip


def count_electors(app: Flask, vote_id: int) -> int:
    """How many electors the vote froze."""
    with app.app_context():
        return db.session.scalar(select(func.count()).where(Elector.vote_id == vote_id)) or 0


def signed_in_posts(app: Flask, vote_id: int, seats: list[Seat], position: str) -> list[bytes]:
    """The requests by which representatives, each in a browser of their own, cast ballots."""
    now = datetime.now(UTC)
    tokens = [secrets.token_urlsafe(32) for _ in seats]
    with app.app_context(), transaction() as session:
        session.execute(
            insert(SignIn),
            [
                {
                    "token_hash": hash_token(token), "person_id": seat.person_id,
                    "started_at": now, "expires_at": now + OPEN_FOR,
                }
                for token, seat in zip(tokens, seats, strict=True)
            ],
        )  # fmt: skip
    return [
        _post(app, f"/organizations/{seat.organization}/votes/{vote_id}", token, position)
        for token, seat in zip(tokens, seats, strict=True)
    ]


def _post(app: Flask, path: str, token: str, position: str) -> bytes:
    with app.test_request_context():
        browser_session.update({"_user_id": token, "_fresh": True})
        body = f"csrf_token={generate_csrf()}&position={position}&reason="
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        cookie = f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(dict(browser_session))}"
    return post(path, body, f"Cookie: {cookie}\r\n")


def post(path: str, body: str, headers: str = "") -> bytes:
    """A form as it is posted."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(itertools.islice(rows, _BATCH)):
        yield batch


def _person(number: int, now: datetime) -> dict[str, object]:
    email = f"person{number}@b.example"
    return {
        "id": number, "name": f"Person {number}", "email": email, "email_canonical": email,
        "is_operator": False, "created_at": now,
    }  # fmt: skip


def _membership(person: int, organization: int, now: datetime) -> dict[str, object]:
    return {
        "organization_id": organization, "person_id": person,
        "role": OrganizationRole.REPRESENTATIVE, "since": now,
    }  # fmt: skip
