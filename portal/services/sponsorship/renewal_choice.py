"""Whether a sponsorship goes on after its term: asked for by its organization, noted once known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.database import db
from portal.domain.errors import Conflict, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.sponsorship import GOOD_STANDING
from portal.domain.tiers import Interval
from portal.models.sponsorship import Sponsorship
from portal.services.sponsorship.changes import drop_change
from portal.services.sponsorship.sponsorship_mail import mail_renewal_choice
from portal.services.sponsorship.sponsorships import find_sponsorship, note_event


@dataclass(frozen=True, slots=True)
class RenewalWish:
    """A wish to stop or resume a renewal, as it is to be put to the processor."""

    renewal_id: str
    cancel: bool
    idempotency_key: str


def wish_renewal(
    actor: Actor, organization_id: int, reference: str, *, cancel: bool, site: str, now: datetime
) -> RenewalWish | None:
    """Note the wish to stop a sponsorship at the end of its term, or to let it go on.

    Nothing has changed yet: the processor is asked next, and its answer is what counts; None where
    our own invoices renew, and all is done. Refuses what does not renew, and a wish that is
    already fulfilled.
    """
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_CANCEL, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    one_time = sponsorship.tier_snapshot.interval is Interval.ONE_TIME
    if one_time or not sponsorship.renews or sponsorship.term not in GOOD_STANDING:
        raise Refusal("renewal.none", "This sponsorship does not renew, so it ends by itself.")
    if sponsorship.cancel_at_term_end is cancel:
        raise Conflict(
            "renewal.same",
            "This sponsorship already ends with its term."
            if cancel
            else "This sponsorship already goes on.",
        )
    event = note_event(
        sponsorship,
        "renewal",
        "renews" if cancel else "ends",
        "asked to end" if cancel else "asked to renew",
        "Asked to end with the term." if cancel else "Asked to go on after the term.",
        actor=actor,
        now=now,
    )
    db.session.flush()
    if sponsorship.renewal_id is None:
        choose_renewal(sponsorship, stops=cancel, actor=actor, site=site, now=now)
        return None
    return RenewalWish(sponsorship.renewal_id, cancel, f"{reference}-renewal-{event.id}")


def choose_renewal(
    sponsorship: Sponsorship, *, stops: bool, actor: Actor, site: str, now: datetime
) -> None:
    """Note whether a sponsorship ends with its paid term, and tell those whom it concerns."""
    sponsorship.cancel_at_term_end = stops
    if stops:
        drop_change(sponsorship, "The sponsorship ends with its term.", actor=actor, now=now)
    event = note_event(
        sponsorship,
        "renewal",
        "renews" if stops else "ends",
        "ends" if stops else "renews",
        "It ends with the paid term." if stops else "It goes on after the paid term.",
        actor=actor,
        now=now,
    )
    db.session.flush()
    mail_renewal_choice(sponsorship, event.id, site=site, now=now)
