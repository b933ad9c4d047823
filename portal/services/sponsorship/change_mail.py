"""The mails of a change: what was asked, what holds now, what an announced price means."""

from __future__ import annotations

from datetime import datetime

from portal.domain.changes import ChangeState
from portal.domain.money import Money
from portal.models.changes import SponsorshipChange
from portal.models.tiers import TierVersion
from portal.services.sponsorship.letters import amount_text, day_text, tell_buyers


def mail_change(change: SponsorshipChange, *, site: str, now: datetime) -> None:
    """Tell the buyers where a change stands: made, scheduled or taken back."""
    project = change.sponsorship.project.name
    before, after, day = change.before.name, change.after.name, day_text(change.effective_at)
    match change.state:
        case ChangeState.DONE:
            subject = f"{project}: your tier is {after} now"
            texts = [
                f"The sponsorship of {project} moved from {before} to {after}.",
                (
                    f"The voting weight is {change.after.voting_weight}. It counts in every vote"
                    " whose record date is still to come; votes already open keep the old weight."
                ),
                f"From the next term on, {_price(change.after)} is charged for each term.",
            ]
        case ChangeState.SCHEDULED:
            subject = f"{project}: your tier changes to {after} on {day}"
            texts = [
                (
                    f"Until {day} everything stays as it is. Then the sponsorship goes on in"
                    f" {after}, at {_price(change.after)} for each term, with a voting weight of"
                    f" {change.after.voting_weight}."
                ),
                "Until then you can take the change back.",
            ]
        case _:
            subject = f"{project}: your tier stays {before}"
            texts = [f"The change to {after} was taken back. Nothing changes on {day}."]
    _tell(change, subject, texts, site=site, now=now)


def mail_new_price(change: SponsorshipChange, *, site: str, now: datetime) -> None:
    """Announce a new price with the day from which it holds, and what can be done until then."""
    project, day = change.sponsorship.project.name, day_text(change.effective_at)
    _tell(
        change,
        f"{project}: a new price for {change.after.name} from {day}",
        [
            (
                f"You pay {_price(change.before)} for {change.before.name} now. For terms that"
                f" begin on {day} or later the price is {_price(change.after)}, and the voting"
                f" weight {change.after.voting_weight} (now {change.before.voting_weight})."
            ),
            (
                "You need not do anything to go on. If you do not agree, end the sponsorship with"
                " its term, or choose another tier."
            ),
        ],
        site=site,
        now=now,
    )


def mail_step_back(change: SponsorshipChange, reason: str, *, site: str, now: datetime) -> None:
    """The difference of an upgrade is gone: which tier holds again, and until when."""
    after, ends_at = change.after, change.sponsorship.term_ends_at
    _tell(
        change,
        f"{change.sponsorship.project.name}: your tier is {after.name} again",
        [
            reason,
            (
                f"The sponsorship goes on in {after.name}, which is paid"
                + (f" until {day_text(ends_at)}. " if ends_at else ". ")
                + f"The voting weight is {after.voting_weight} in every vote whose record date is"
                " still to come; votes already open keep the weight they froze."
            ),
        ],
        site=site,
        now=now,
    )


def mail_unpaid_difference(change: SponsorshipChange, *, site: str, now: datetime) -> None:
    """An upgrade whose difference was not paid: nothing changed, and how to try again."""
    due = amount_text(Money(change.due_minor, change.currency))
    _tell(
        change,
        f"{change.sponsorship.project.name}: the change to {change.after.name} was not paid",
        [
            (
                f"The difference of {due} could not be charged, so your tier stays"
                f" {change.before.name}. Nothing else changes."
            ),
            "You can ask for the change again, with another card.",
        ],
        site=site,
        now=now,
    )


def _tell(
    change: SponsorshipChange, subject: str, texts: list[str], *, site: str, now: datetime
) -> None:
    occasion = f"change:{change.id}:{change.kind}:{change.state}"
    tell_buyers(change.sponsorship, occasion, subject, texts, site=site, now=now)


def _price(version: TierVersion) -> str:
    return amount_text(Money(version.price_minor, version.currency))
