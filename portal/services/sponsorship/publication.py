"""Whether a sponsor's name, link and logo are shown: submit, approve, reject, keep private."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.sponsorship import (
    GOOD_STANDING,
    Publication,
    PublicationAction,
    publication_seal,
)
from portal.models.sponsorship import Sponsorship
from portal.services.sponsorship.sponsorships import (
    find_sponsorship,
    lock_sponsorship,
    move_publication,
    note_event,
)


def approve_publication(
    actor: Actor, project_id: int, reference: str, *, seal: str, now: datetime
) -> None:
    """Show a sponsor's name, link and logo to the public, exactly as they were seen.

    ``seal`` is what the review page showed; refuses with Conflict if the sponsor has edited any
    of it since, and whatever does not wait for review.
    """
    sponsorship = _find(actor, project_id, reference)
    sponsor = sponsorship.organization
    if seal != publication_seal(sponsor.name, sponsor.website, sponsor.picture_id):
        raise Conflict(
            "publication.changed", "The sponsor has edited this meanwhile. Look at it again."
        )
    move_publication(
        sponsorship,
        PublicationAction.APPROVE,
        "Name, link and logo are shown.",
        actor=actor,
        now=now,
    )
    sponsorship.approved_name = sponsor.name
    sponsorship.approved_website = sponsor.website
    sponsorship.approved_picture_id = sponsor.picture_id
    sponsorship.review_note = ""


def reject_publication(
    actor: Actor, project_id: int, reference: str, *, reason: str, now: datetime
) -> None:
    """Do not show a sponsor, or no longer; refuses without a reason, which the sponsor reads."""
    sponsorship = _find(actor, project_id, reference)
    if not reason:
        raise Refusal(
            "publication.reason", "Say why, so that the sponsor can change it.", field="reason"
        )
    move_publication(sponsorship, PublicationAction.REJECT, reason, actor=actor, now=now)
    _forget_approved(sponsorship)
    sponsorship.review_note = reason


def set_privacy(
    actor: Actor, organization_id: int, reference: str, *, private: bool, now: datetime
) -> None:
    """Keep a sponsor's name from the public, or ask for it to be shown after all (S6).

    A private sponsor counts in totals; its name never shows.
    """
    require(actor, Permission.ORGANIZATION_PROFILE_EDIT, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    if sponsorship.is_private is private:
        return
    sponsorship.is_private = private
    note_event(
        sponsorship,
        "privacy",
        "public" if private else "private",
        "private" if private else "public",
        "The sponsor stays private." if private else "The sponsor may be named.",
        actor=actor,
        now=now,
    )
    if private and sponsorship.publication is not Publication.HIDDEN:
        _forget_approved(sponsorship)
        move_publication(
            sponsorship, PublicationAction.HIDE, "Hidden at its wish.", actor=actor, now=now
        )
    elif not private and sponsorship.term in GOOD_STANDING:
        _submit(sponsorship, actor, now)


def _submit(sponsorship: Sponsorship, actor: Actor, now: datetime) -> None:
    move_publication(
        sponsorship,
        PublicationAction.SUBMIT,
        "Name, link and logo wait for approval.",
        actor=actor,
        now=now,
    )


def _forget_approved(sponsorship: Sponsorship) -> None:
    sponsorship.approved_name = sponsorship.approved_website = None
    sponsorship.approved_picture_id = None


def _find(actor: Actor, project_id: int, reference: str) -> Sponsorship:
    require(actor, Permission.PROJECT_PUBLICATION_REVIEW, project_id=project_id)
    found = db.session.scalar(
        select(Sponsorship.id).where(
            Sponsorship.reference == reference, Sponsorship.project_id == project_id
        )
    )
    if found is None:
        raise NotFound("sponsorship")
    return lock_sponsorship(found)
