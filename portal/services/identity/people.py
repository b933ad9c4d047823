"""People: found by their address or made, renamed, their linked accounts removed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.domain.errors import NotFound, Refusal
from portal.domain.identity import LONGEST_NAME, Address, name_from_address
from portal.domain.permissions import Actor, Permission, require
from portal.domain.text import clean_line
from portal.models.identity import LinkedIdentity, Person
from portal.services.audit import record_change


def get_or_make_person(address: Address, *, name: str, now: datetime) -> tuple[Person, bool]:
    """The person with this address, made if there is none; and whether it was made.

    A name that cannot be kept is replaced by a guess from the address.
    """
    known = select(Person).where(Person.email_canonical == address.canonical)
    person = db.session.scalar(known)
    if person is not None:
        return person, False
    person = Person(
        name=_usable_name(name) or name_from_address(address.email),
        email=address.email,
        email_canonical=address.canonical,
        created_at=now,
    )
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError:  # another request made the same person in this moment
        return db.session.scalars(known).one(), False
    return person, True


def rename_person(actor: Actor, name: str) -> None:
    """Change one's own name; refuses an empty one and hidden characters."""
    require(actor, Permission.PERSON_ACCOUNT_EDIT)
    cleaned = clean_line(name, max_length=LONGEST_NAME)
    if not cleaned:
        raise Refusal("identity.name_empty", "Enter the name others see.", field="name")
    db.session.get_one(Person, actor.person_id).name = cleaned


def unlink_identity(actor: Actor, identity_id: int, *, now: datetime) -> None:
    """Forget one of one's own linked accounts; the link by e-mail always remains a way in."""
    require(actor, Permission.PERSON_ACCOUNT_EDIT)
    linked = db.session.get(LinkedIdentity, identity_id)
    if linked is None or linked.person_id != actor.person_id:
        raise NotFound("account")
    db.session.delete(linked)
    record_change(
        "person:identity:unlink", f"Unlinked the account at {linked.issuer}.", actor=actor, now=now
    )


def _usable_name(name: str) -> str:
    try:
        return clean_line(name, max_length=LONGEST_NAME)
    except Refusal:
        return ""
