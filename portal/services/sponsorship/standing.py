"""The end of a sponsorship's standing before its term is over: refunded, or lost to a dispute."""

from __future__ import annotations

from datetime import datetime

from portal.domain.permissions import Actor
from portal.domain.sponsorship import CommercialAction, TermAction
from portal.models.sponsorship import Sponsorship
from portal.services.sponsorship.changes import drop_change
from portal.services.sponsorship.sponsorship_mail import mail_standing_ended
from portal.services.sponsorship.sponsorships import move_money, move_term
from portal.services.sponsorship.term_reminders import drop_reminders
from portal.services.votes.ballots import void_ballots


def end_standing(
    sponsorship: Sponsorship, reason: str, *, actor: Actor, site: str, now: datetime
) -> None:
    """End a sponsorship at once: no weight from now on, ballots in open votes are voided.

    Past votes and payments stay on record. The processor is told to stop afterwards, by whoever
    reads ``ends_renewal``. Refuses a sponsorship that is not in good standing.
    """
    move_term(sponsorship, TermAction.REVOKE, reason, actor=actor, now=now)
    move_money(sponsorship, CommercialAction.REFUND, reason, actor=actor, now=now)
    sponsorship.ended_at = now
    sponsorship.ends_renewal = sponsorship.renewal_id is not None
    drop_change(sponsorship, reason, actor=actor, now=now)
    drop_reminders(sponsorship, now=now)
    void_ballots(actor, sponsorship.project_id, sponsorship.organization_id, why=reason, now=now)
    mail_standing_ended(sponsorship, reason, site=site, now=now)
