"""What a payment that is gone takes with it: the tier it reached, or all standing (MONEY 5)."""

from __future__ import annotations

from datetime import datetime

from portal.database import db
from portal.domain.changes import LIVE_CHANGE, ChangeKind, ChangeState
from portal.domain.money_back import ends_standing
from portal.domain.permissions import Actor
from portal.domain.sponsorship import GOOD_STANDING
from portal.models.billing import Payment
from portal.models.changes import SponsorshipChange
from portal.models.documents import next_invoice
from portal.models.tiers import TierVersion
from portal.services.sponsorship.change_mail import mail_step_back
from portal.services.sponsorship.changes import drop_change, give_up_change
from portal.services.sponsorship.checkouts import new_reference
from portal.services.sponsorship.open_changes import find_live_change, find_upgrade_paid_by
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


def take_back_upgrade(
    upgrade: SponsorshipChange, reason: str, *, actor: Actor, site: str, now: datetime
) -> None:
    """The invoice for an upgrade's difference was taken back: the tier before it holds.

    Unpaid, the tier never moved here, but a processor that renews has moved it, and is asked to go
    back. Only where the next term is billed at the dearer tier already does it come with that term.
    """
    sponsorship = upgrade.sponsorship
    charged = sponsorship.renewal_id is not None
    if upgrade.state in LIVE_CHANGE and charged:
        upgrade.pay_url = ""
        if db.session.scalar(next_invoice(sponsorship)) is not None:
            return
    unpaid = upgrade.state is not ChangeState.DONE
    give_up_change(upgrade.reference, reason, now=now)
    if not unpaid:
        step_back(upgrade, reason, actor=actor, site=site, now=now)
    elif charged and sponsorship.term in GOOD_STANDING and not find_live_change(sponsorship.id):
        db.session.add(_way_back(upgrade, upgrade.after, actor=actor, now=now))


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
    change = _way_back(upgrade, before, actor=actor, now=now)
    db.session.add(change)
    sponsorship.tier_snapshot = after
    note_event(sponsorship, "tier", before.name[:40], "stepped back", reason, actor=actor, now=now)
    db.session.flush()
    mail_step_back(change, reason, site=site, now=now)


def _way_back(
    upgrade: SponsorshipChange, before: TierVersion, *, actor: Actor, now: datetime
) -> SponsorshipChange:
    """The change to the tier before an upgrade; a processor that renews is asked to follow."""
    charged = upgrade.sponsorship.renewal_id is not None
    return SponsorshipChange(
        reference=new_reference("ch"),
        sponsorship=upgrade.sponsorship,
        before=before,
        after=upgrade.before,
        kind=ChangeKind.DOWNGRADE,
        state=ChangeState.ASKED if charged else ChangeState.DONE,
        effective_at=now,
        currency=upgrade.currency,
        asked_by=actor.name,
        asked_at=now,
        settled_at=None if charged else now,
    )
