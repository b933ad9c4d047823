"""Organizations: founded, their profile edited, their relation to a parent agreed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.domain.errors import NotFound, Refusal
from portal.domain.organizations import (
    PRESENTED,
    OrganizationKind,
    Profile,
    check_parent,
    clean_profile,
    slugs_for,
)
from portal.domain.permissions import Actor, OrganizationRole, Permission, require
from portal.domain.sponsorship import Publication, PublicationAction, Term
from portal.models.organizations import Membership, Organization
from portal.models.sponsorship import Sponsorship
from portal.services.audit import record_change
from portal.services.identity.pictures import EncodedPicture, keep_picture
from portal.services.sponsorship.sponsorships import move_publication


def found_organization(actor: Actor, *, name: str, kind: OrganizationKind, now: datetime) -> str:
    """Found an organization, with its founder as owner and representative; returns its slug.

    Refuses an empty name and hidden characters. The slug is made from the name and is unique.
    """
    require(actor, Permission.PERSON_ORGANIZATION_FOUND)
    profile = clean_profile(Profile(name))
    organization = insert_organization(profile.name, kind, now=now)
    for role in (OrganizationRole.OWNER, OrganizationRole.REPRESENTATIVE):
        db.session.add(
            Membership(
                organization_id=organization.id, person_id=actor.person_id, role=role, since=now
            )
        )
    record_change(
        "organization:profile:found",
        f"Founded {organization.name}; {actor.name} is owner and representative.",
        actor=actor,
        now=now,
        organization_id=organization.id,
    )
    return organization.slug


def insert_organization(name: str, kind: OrganizationKind, *, now: datetime) -> Organization:
    """A new row under the first slug of the name that is free, even if two ask at once."""
    for slug in slugs_for(name):
        taken = select(Organization.id).where(Organization.slug == slug)
        if db.session.scalar(taken) is not None:
            continue
        organization = Organization(slug=slug, kind=kind, name=name, created_at=now)
        try:
            with db.session.begin_nested():
                db.session.add(organization)
        except IntegrityError:  # somebody took this slug in the same moment: try the next
            continue
        return organization
    raise AssertionError("slugs never run out")


def edit_profile(
    actor: Actor,
    organization_id: int,
    profile: Profile,
    *,
    picture: EncodedPicture | None = None,
    remove_picture: bool = False,
    now: datetime,
) -> bool:
    """Change what an organization says about itself; ``picture`` replaces its logo.

    A new name, website or logo puts its sponsorships' publication back into review, while what was
    approved stays visible (PRODUCT S6); returns whether that happened. Refuses malformed values at
    their field.
    """
    require(actor, Permission.ORGANIZATION_PROFILE_EDIT, organization_id=organization_id)
    organization = lock_organization(organization_id)
    changed = set()
    for key, value in asdict(clean_profile(profile)).items():
        if getattr(organization, key) != value:
            setattr(organization, key, value)
            changed.add(key)
    picture_id = organization.picture_id
    if picture is not None:
        picture_id = keep_picture(picture).id
    elif remove_picture:
        picture_id = None
    if picture_id != organization.picture_id:
        organization.picture_id = picture_id
        changed.add("picture")
    if not changed:
        return False
    words = ", ".join(sorted(key.replace("_", " ") for key in changed))
    record_change(
        "organization:profile:edit",
        f"Changed {words}.",
        actor=actor,
        now=now,
        organization_id=organization_id,
        details={"fields": sorted(changed)},
    )
    return bool(changed & PRESENTED) and _review_again(organization_id, actor=actor, now=now)


def ask_parent(actor: Actor, organization_id: int, parent_slug: str, *, now: datetime) -> None:
    """Say that the organization belongs to another; it holds once that one's owner agrees.

    Related companies share one ballot (VOTING 2), so nobody can attach a company to another
    without it. Refuses an unknown parent, itself, and a circle.
    """
    require(actor, Permission.ORGANIZATION_MEMBERS_EDIT, organization_id=organization_id)
    _close_relations()
    organization = lock_organization(organization_id)
    slug = parent_slug.strip().rstrip("/").rsplit("/", 1)[-1].casefold()
    parent = db.session.scalar(select(Organization).where(Organization.slug == slug))
    if parent is None:
        raise Refusal(
            "organization.parent_unknown",
            "No organization has this address here. Ask the parent company to found itself first.",
            field="parent",
        )
    check_parent(organization_id, parent.id, _ancestors(parent.id))
    if parent.id == organization.parent_id:
        raise Refusal(
            "organization.parent_same", f"It already belongs to {parent.name}.", field="parent"
        )
    organization.parent_asked_id = parent.id
    for place in (organization_id, parent.id):
        record_change(
            "organization:parent:ask",
            f"{organization.name} says that it belongs to {parent.name}.",
            actor=actor,
            now=now,
            organization_id=place,
        )


def agree_parent(actor: Actor, parent_id: int, daughter_slug: str, *, now: datetime) -> None:
    """Agree, as the parent's owner, that an organization which says so belongs to it."""
    require(actor, Permission.ORGANIZATION_MEMBERS_EDIT, organization_id=parent_id)
    _close_relations()
    daughter, parent = _asking(parent_id, daughter_slug), lock_organization(parent_id)
    if daughter.parent_asked_id != parent_id:
        raise NotFound("organization")
    check_parent(daughter.id, parent_id, _ancestors(parent_id))
    daughter.parent_id, daughter.parent_asked_id = parent_id, None
    _note_relation(
        "agree",
        f"{daughter.name} belongs to {parent.name}.",
        daughter,
        parent_id,
        actor=actor,
        now=now,
    )


def refuse_parent(actor: Actor, parent_id: int, daughter_slug: str, *, now: datetime) -> None:
    """Say, as the parent's owner, that an organization does not, or no longer, belong to it."""
    require(actor, Permission.ORGANIZATION_MEMBERS_EDIT, organization_id=parent_id)
    _close_relations()
    daughter, parent = _asking(parent_id, daughter_slug), lock_organization(parent_id)
    if daughter.parent_asked_id == parent_id:
        daughter.parent_asked_id = None
    if daughter.parent_id == parent_id:
        daughter.parent_id = None
    _note_relation(
        "refuse",
        f"{daughter.name} does not belong to {parent.name}.",
        daughter,
        parent_id,
        actor=actor,
        now=now,
    )


def leave_parent(actor: Actor, organization_id: int, *, now: datetime) -> None:
    """End the relation to the parent, or take back the question; harmless if there is none."""
    require(actor, Permission.ORGANIZATION_MEMBERS_EDIT, organization_id=organization_id)
    _close_relations()
    organization = lock_organization(organization_id)
    parent_id = organization.parent_asked_id or organization.parent_id
    if parent_id is None:
        return
    parent = db.session.get_one(Organization, parent_id)
    if organization.parent_asked_id is not None:
        organization.parent_asked_id = None
        sentence = f"{organization.name} no longer asks to belong to {parent.name}."
    else:
        organization.parent_id = None
        sentence = f"{organization.name} no longer belongs to {parent.name}."
    _note_relation("end", sentence, organization, parent_id, actor=actor, now=now)


def lock_organization(organization_id: int) -> Organization:
    """The organization's row, locked until the end of the transaction."""
    organization = db.session.get(
        Organization, organization_id, with_for_update=True, populate_existing=True
    )
    if organization is None:
        raise NotFound("organization")
    return organization


def _review_again(organization_id: int, *, actor: Actor, now: datetime) -> bool:
    shown = db.session.scalars(
        select(Sponsorship)
        .where(
            Sponsorship.organization_id == organization_id,
            Sponsorship.term != Term.ENDED,
            Sponsorship.publication.in_((Publication.PUBLISHED, Publication.REJECTED)),
        )
        .order_by(Sponsorship.id)
        .with_for_update()
    ).all()
    for sponsorship in shown:
        move_publication(
            sponsorship,
            PublicationAction.SUBMIT,
            "The organization changed how it presents itself.",
            actor=actor,
            now=now,
        )
    return bool(shown)


def _close_relations() -> None:
    """Let one transaction at a time change relations: two at once could close a circle.

    The oldest organization's row is the gate, since every change passes it first.
    """
    db.session.execute(select(Organization.id).order_by(Organization.id).limit(1).with_for_update())


def _ancestors(organization_id: int) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    above: int | None = organization_id
    while above is not None and above not in found:
        found[above] = db.session.scalar(
            select(Organization.parent_id).where(Organization.id == above)
        )
        above = found[above]
    return found


def _asking(parent_id: int, daughter_slug: str) -> Organization:
    daughter = db.session.scalar(
        select(Organization).where(Organization.slug == daughter_slug).with_for_update()
    )
    if daughter is None or parent_id not in (daughter.parent_id, daughter.parent_asked_id):
        raise NotFound("organization")
    return daughter


def _note_relation(
    action: str,
    sentence: str,
    daughter: Organization,
    parent_id: int,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    for place in (daughter.id, parent_id):
        record_change(
            f"organization:parent:{action}", sentence, actor=actor, now=now, organization_id=place
        )
