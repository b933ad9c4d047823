"""What a payment that is gone takes with it: the tier it reached, or all standing (MONEY 5)."""

from __future__ import annotations

from datetime import datetime

from portal.database import db
from portal.domain.changes import ChangeKind, ChangeState
from portal.domain.money_back import ends_standing
from portal.domain.permissions import Actor
from portal.domain.sponsorship import GOOD_STANDING
from portal.models.billing import Payment
from portal.models.changes import SponsorshipChange
from portal.services.sponsorship.change_mail import mail_step_back
from portal.services.sponsorship.changes import drop_change
from portal.services.sponsorship.checkouts import new_reference
from portal.services.sponsorship.open_changes import find_upgrade_paid_by
from portal.services.sponsorship.sponsorships import note_event
from portal.services.sponsorship.standing import end_standing


def follow_lost_payment(
    payment: Payment, reason: str, *, left_minor: int, actor: Actor, site: str, now: datetime
) -> None:
    """Bring standing to what is left of a payment: it matters once nothing is, in its own term.

    The difference of an upgrade takes the sponsorship back to the tier before; the term that was
    bought stays. Any other payment of the running term ends standing.
    """
    sponsorship = payment.sponsorship
    over = ends_standing(left_minor=left_minor, term_ends_at=payment.term_ends_at, at=now)
    if not over or sponsorship.term not in GOOD_STANDING:
        return
    upgrade = find_upgrade_paid_by(payment)
    if upgrade is None:
        end_standing(sponsorship, reason, actor=actor, site=site, now=now)
    else:
        step_back(upgrade, reason, actor=actor, site=site, now=now)


def step_back(
    upgrade: SponsorshipChange, reason: str, *, actor: Actor, site: str, now: datetime
) -> None:
    """Go back to the tier before an upgrade at once; harmless when it has been done.

    What was built on the upgrade goes with it. Votes already open keep the weight they froze. The
    step is a change of its own: the processor, which still charges the dearer tier, is asked next.
    """
    sponsorship, after = upgrade.sponsorship, upgrade.before
    before = sponsorship.tier_snapshot
    if upgrade.state is not ChangeState.DONE or after.price_minor >= before.price_minor:
        return
    drop_change(sponsorship, reason, actor=actor, now=now)
    db.session.flush()
    charged = sponsorship.renewal_id is not None
    change = SponsorshipChange(
        reference=new_reference("ch"),
        sponsorship=sponsorship,
        before=before,
        after=after,
        kind=ChangeKind.DOWNGRADE,
        state=ChangeState.ASKED if charged else ChangeState.DONE,
        effective_at=now,
        currency=after.currency,
        asked_by=actor.name,
        asked_at=now,
        settled_at=None if charged else now,
    )
    db.session.add(change)
    sponsorship.tier_snapshot = after
    note_event(sponsorship, "tier", before.name[:40], "stepped back", reason, actor=actor, now=now)
    db.session.flush()
    mail_step_back(change, reason, site=site, now=now)
