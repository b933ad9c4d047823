"""The mails of a sponsorship's terms: begun, missed, ending, lapsed, and choices confirmed."""

from __future__ import annotations

from datetime import datetime

from portal.domain.notifications import MailKind
from portal.domain.permissions import ProjectRole
from portal.domain.sponsorship import Collection
from portal.models.sponsorship import Sponsorship
from portal.services.sponsorship.letters import (
    Letter,
    day_text,
    tell_buyers,
    tell_maintainers,
)

_REVIEWERS = (ProjectRole.LEAD, ProjectRole.MAINTAINER)


def mail_new_sponsor(sponsorship: Sponsorship, *, site: str, now: datetime) -> None:
    """News for the maintainers: somebody pays, and the public name waits for approval."""
    name, project = sponsorship.organization.name, sponsorship.project
    waits = (
        "It stays private: it counts in totals, and its name is not shown."
        if sponsorship.is_private
        else "Its name, link and logo are shown once a maintainer has approved them."
    )
    letter = Letter(
        f"sponsor:{sponsorship.id}",
        f"{name} now sponsors {project.name}",
        [f"{name} has taken the tier {sponsorship.tier_snapshot.name} of {project.name}.", waits],
        ("Open the sponsors' desk", f"{site}/desk/{project.slug}/sponsors"),
        f"You maintain {project.name}.",
        MailKind.SPONSOR,
        project.id,
    )
    tell_maintainers(sponsorship.project_id, _REVIEWERS, letter, now=now)


def mail_missed_payment(sponsorship: Sponsorship, *, site: str, now: datetime) -> None:
    """A failed renewal: what happens when, and where to pay."""
    until = sponsorship.grace_ends_at or now
    tell_buyers(
        sponsorship,
        f"missed:{sponsorship.id}:{until:%Y%m%d}",
        f"The payment for {sponsorship.project.name} failed",
        [
            (
                f"The renewal of {sponsorship.tier_snapshot.name} at {sponsorship.project.name}"
                " could not be charged."
            ),
            (
                f"Everything stays as it is until {day_text(until)}. If no payment has arrived by"
                " then, the sponsorship lapses and its voting weight is gone from the next record"
                " date."
            ),
        ],
        site=site,
        now=now,
    )


def mail_failing(sponsorship: Sponsorship, days: int, *, site: str, now: datetime) -> None:
    """A reminder that a payment is still missing; ``days`` counts from the end of the term."""
    until = sponsorship.grace_ends_at or now
    tell_buyers(
        sponsorship,
        f"failing:{sponsorship.id}:{until:%Y%m%d}:{days}",
        f"Still unpaid: {sponsorship.project.name}, {sponsorship.tier_snapshot.name}",
        [
            (
                f"The renewal of {sponsorship.tier_snapshot.name} at {sponsorship.project.name}"
                " has not been paid yet."
            ),
            (
                f"Grace ends on {day_text(until)}. Pay before that day, or take another way to"
                " pay; after it the sponsorship lapses, and its voting weight is gone from the"
                " next record date."
            ),
        ],
        site=site,
        now=now,
    )


def mail_term_end(sponsorship: Sponsorship, days: int, *, site: str, now: datetime) -> None:
    """A reminder that a term ends, and what happens then; ``days`` is how long before."""
    tier, project = sponsorship.tier_snapshot, sponsorship.project.name
    ends_at = sponsorship.term_ends_at or now
    goes_on = sponsorship.renews and not sponsorship.cancel_at_term_end
    if goes_on:
        subject = f"The term of {tier.name} at {project} ends on {day_text(ends_at)}"
        text = (
            "It goes on by itself: the next term is charged or billed. You can change the tier,"
            " the way you pay, or end it, until then."
        )
    else:
        subject = f"The sponsorship of {project} ends on {day_text(ends_at)}"
        text = (
            "It does not go on by itself. Its benefits and voting weight end on that day; you can"
            " let it go on, or buy again."
        )
    tell_buyers(
        sponsorship,
        f"ending:{sponsorship.id}:{ends_at:%Y%m%d}:{days}",
        subject,
        [text],
        site=site,
        now=now,
        kind=MailKind.TERM,
    )


def mail_lapse(sponsorship: Sponsorship, *, site: str, now: datetime) -> None:
    """The end of grace: the weight is gone, and how it comes back."""
    tell_buyers(
        sponsorship,
        f"lapse:{sponsorship.id}:{now:%Y%m%d}",
        f"The sponsorship of {sponsorship.project.name} has lapsed",
        [
            (
                f"No payment arrived for {sponsorship.tier_snapshot.name} at"
                f" {sponsorship.project.name}, and the days of grace are over."
            ),
            (
                "The voting weight is gone from the next record date. Votes already opened, and the"
                " past, stay as they are. Paying again restores the sponsorship."
            ),
        ],
        site=site,
        now=now,
    )


def mail_standing_ended(sponsorship: Sponsorship, reason: str, *, site: str, now: datetime) -> None:
    """A sponsorship that ended at once: what is gone, and what stays."""
    tell_buyers(
        sponsorship,
        f"ended:{sponsorship.id}:{now:%Y%m%d}",
        f"The sponsorship of {sponsorship.project.name} has ended",
        [
            reason,
            (
                "Benefits and voting weight are gone, and a ballot in a vote that is still open no"
                " longer counts. Votes that are closed, and the past, stay as they are."
            ),
        ],
        site=site,
        now=now,
    )


def mail_collection(sponsorship: Sponsorship, event_id: int, *, site: str, now: datetime) -> None:
    """Confirms how the next terms are paid."""
    project, invoiced = sponsorship.project.name, sponsorship.collection is Collection.INVOICE
    text = (
        "From the next term on an invoice is sent, with days to pay."
        if invoiced
        else "From the next term on the card on file is charged."
    )
    tell_buyers(
        sponsorship,
        f"collection:{sponsorship.id}:{event_id}",
        f"{project}: paid by {sponsorship.collection} from the next term on",
        [text, "The sponsorship, its weight and its price stay as they are."],
        site=site,
        now=now,
    )


def mail_renewal_choice(
    sponsorship: Sponsorship, event_id: int, *, site: str, now: datetime
) -> None:
    """Confirms that a sponsorship will end with its term, or that it goes on."""
    project, ends_at = sponsorship.project.name, sponsorship.term_ends_at or now
    if sponsorship.cancel_at_term_end:
        subject = f"The sponsorship of {project} ends on {day_text(ends_at)}"
        text = (
            f"It will not be charged again. Benefits and voting weight stay until"
            f" {day_text(ends_at)}; until then you can change your mind."
        )
    else:
        subject = f"The sponsorship of {project} goes on"
        text = f"It renews on {day_text(ends_at)}, with the same benefits and voting weight."
    tell_buyers(
        sponsorship, f"renewal:{sponsorship.id}:{event_id}", subject, [text], site=site, now=now
    )
