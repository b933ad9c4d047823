"""A person who sponsors does so through an organization of one, made silently (PRODUCT S10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from portal.database import db
from portal.domain.organizations import OrganizationKind
from portal.domain.permissions import Actor, OrganizationRole, Permission, require
from portal.models.identity import Person
from portal.models.organizations import Membership
from portal.services.audit import record_change
from portal.services.identity.organizations import insert_organization

_ROLES = frozenset({OrganizationRole.OWNER, OrganizationRole.REPRESENTATIVE})


def get_own_organization(
    actor: Actor, *, read_own: Callable[[int], int | None], now: datetime
) -> tuple[Actor, int]:
    """The organization of one through which the actor sponsors; made if missing.

    The person owns it and casts its ballot: returns the actor with these roles, and its id.
    ``read_own`` finds the one that is the person's own, by the person's id.
    """
    require(actor, Permission.PERSON_SPONSORSHIP_START)
    # The person's row is locked: of two purchases at once, one makes the organization.
    person = db.session.get_one(Person, actor.person_id, with_for_update={"key_share": True})
    known = read_own(person.id)
    organization_id = known or _found(person, actor, now=now)
    roles = actor.organizations.get(organization_id, frozenset()) | _ROLES
    return replace(actor, organizations={**actor.organizations, organization_id: roles}), (
        organization_id
    )


def _found(person: Person, actor: Actor, *, now: datetime) -> int:
    organization = insert_organization(person.name, OrganizationKind.PERSON, now=now)
    db.session.add_all(
        Membership(organization_id=organization.id, person_id=person.id, role=role, since=now)
        for role in sorted(_ROLES)
    )
    record_change(
        "organization:self:found",
        f"{person.name} sponsors as a person.",
        actor=actor,
        now=now,
        organization_id=organization.id,
    )
    db.session.flush()
    return organization.id
