"""Who is in an organization, and as what: roles changed, members removed, leaving."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.notifications import MailKind
from portal.domain.organizations import SEATS, check_members, list_roles
from portal.domain.permissions import Actor, OrganizationRole, Permission, require
from portal.models.identity import Person
from portal.models.organizations import Membership
from portal.services.audit import record_change
from portal.services.identity.organizations import lock_organization
from portal.services.outbox import post_mail

Roles = frozenset[OrganizationRole]


def change_roles(
    actor: Actor,
    organization_id: int,
    person_id: int,
    roles: Roles,
    *,
    replace: bool = False,
    now: datetime,
) -> None:
    """Give a member exactly these roles; none removes the member.

    ``replace`` takes the seat of representative or deputy from whoever holds it. Refuses to leave
    the organization without an owner (also under concurrency: the organization's row is locked),
    a seat held twice, and somebody who is not a member.
    """
    require(actor, Permission.ORGANIZATION_MEMBERS_EDIT, organization_id=organization_id)
    _set_roles(actor, organization_id, person_id, roles, replace=replace, now=now)


def leave_organization(actor: Actor, organization_id: int, *, now: datetime) -> None:
    """Give up all one's own roles; refuses the last owner."""
    require(actor, Permission.ORGANIZATION_DESK_READ, organization_id=organization_id)
    _set_roles(actor, organization_id, actor.person_id or 0, frozenset(), replace=False, now=now)


def add_role(
    actor: Actor, organization_id: int, person_id: int, role: OrganizationRole, *, now: datetime
) -> None:
    """Add a role that was offered and accepted; the invitation stands for the right to give it."""
    lock_organization(organization_id)
    held, names = _read_members(organization_id)
    person = db.session.get_one(Person, person_id)
    before = held.get(person_id, frozenset())
    held[person_id], names[person_id] = before | {role}, person.name
    check_members(held, names)
    _write(organization_id, person_id, before, held[person_id], now=now)
    record_change(
        "organization:member:join",
        f"{person.name} joined as {role}.",
        actor=actor,
        now=now,
        organization_id=organization_id,
    )


def find_seat_holder(organization_id: int, role: OrganizationRole) -> str | None:
    """Name of whoever holds the seat of representative or deputy."""
    if role not in SEATS:
        return None
    return db.session.scalar(
        select(Person.name)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organization_id == organization_id, Membership.role == role)
    )


def _set_roles(
    actor: Actor,
    organization_id: int,
    person_id: int,
    roles: Roles,
    *,
    replace: bool,
    now: datetime,
) -> None:
    organization = lock_organization(organization_id)
    held, names = _read_members(organization_id)
    if person_id not in held:
        raise NotFound("member")
    after = dict(held) | {person_id: roles}
    if replace:
        taken = roles.intersection(SEATS)
        after |= {other: held[other] - taken for other in held if other != person_id}
    after = {person: kept for person, kept in after.items() if kept}
    check_members(after, names)
    # What is given up is written first: a seat is held once at every moment.
    changed = [person for person in held if held[person] != after.get(person, frozenset())]
    for person in sorted(changed, key=lambda person: len(after.get(person, ()))):
        _write(
            organization_id,
            person,
            held[person],
            held[person] & after.get(person, frozenset()),
            now=now,
        )
    for person in changed:
        now_held = after.get(person, frozenset())
        _write(organization_id, person, held[person] & now_held, now_held, now=now)
        _tell(actor, organization.name, organization_id, person, names[person], now_held, now=now)


def _read_members(organization_id: int) -> tuple[dict[int, Roles], dict[int, str]]:
    held: defaultdict[int, set[OrganizationRole]] = defaultdict(set)
    names: dict[int, str] = {}
    for person_id, name, role in db.session.execute(
        select(Person.id, Person.name, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organization_id == organization_id)
        .order_by(Person.id)
    ):
        held[person_id].add(role)
        names[person_id] = name
    return {person: frozenset(roles) for person, roles in held.items()}, names


def _write(
    organization_id: int, person_id: int, before: Roles, after: Roles, *, now: datetime
) -> None:
    """Turn one person's rows from ``before`` into ``after``, and send them to the database."""
    for membership in db.session.scalars(
        select(Membership).where(
            Membership.organization_id == organization_id,
            Membership.person_id == person_id,
            Membership.role.in_(before - after),
        )
    ):
        db.session.delete(membership)
    for role in after - before:
        db.session.add(
            Membership(organization_id=organization_id, person_id=person_id, role=role, since=now)
        )
    db.session.flush()


def _tell(
    actor: Actor,
    organization: str,
    organization_id: int,
    person_id: int,
    name: str,
    roles: Roles,
    *,
    now: datetime,
) -> None:
    """Leave the audit entry, and tell whoever did not make the change themselves by mail."""
    itself = actor.person_id == person_id
    if roles:
        sentence = f"{name} is now {list_roles(roles)}."
        action = "roles"
    else:
        sentence = f"{name} left." if itself else f"{name} was removed."
        action = "leave" if itself else "remove"
    record_change(
        f"organization:member:{action}",
        sentence,
        actor=actor,
        now=now,
        organization_id=organization_id,
        details={"person_id": person_id, "roles": sorted(roles)},
    )
    if not itself:
        post_mail(
            dedupe_key=f"roles:{organization_id}:{person_id}:{now.timestamp()}",
            recipient=db.session.get_one(Person, person_id).email,
            subject=f"Your roles in {organization} changed",
            paragraphs=(
                f"{actor.name} changed your roles in {organization}.",
                f"You are now: {list_roles(roles)}." if roles else "You are no longer a member.",
            ),
            why=f"You are, or were, a member of {organization}.",
            kind=MailKind.ACCESS,
            person_id=person_id,
            now=now,
        )
