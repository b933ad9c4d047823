"""Announce a new price to those who sponsor a tier already, with notice (PRODUCT S1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.changes import LIVE_CHANGE, ChangeKind, ChangeState, check_notice, repriced_at
from portal.domain.errors import Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.sponsorship import GOOD_STANDING
from portal.models.changes import SponsorshipChange
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.services.audit import record_change
from portal.services.sponsorship.change_mail import mail_new_price
from portal.services.sponsorship.checkouts import get_current_version, lock_tier, new_reference
from portal.services.sponsorship.sponsorships import lock_sponsorship, note_event


def announce_price(
    actor: Actor, project_id: int, tier_slug: str, *, notice_days: int, site: str, now: datetime
) -> int:
    """Move every renewing sponsorship of an older version to the one on sale, after a notice.

    Each keeps what it bought until the first end of a term that does not come before the notice
    is over; each gets a mail with that day and both prices. Returns how many were told. Left out
    is whoever ends with the term, has another change on the way, or pays in another interval.
    Refuses a notice out of bounds, and an announcement that concerns nobody.
    """
    require(actor, Permission.PROJECT_TIERS_EDIT, project_id=project_id)
    check_notice(notice_days)
    tier = lock_tier(project_id, tier_slug)
    version = get_current_version(tier.id)
    notice_ends = now + timedelta(days=notice_days)
    told = sum(
        _announce(sponsorship_id, version, notice_ends, actor=actor, site=site, now=now)
        for sponsorship_id in _find_concerned(version)
    )
    if not told:
        raise Refusal(
            "notice.nobody", "No running sponsorship of an older version renews: nobody to tell."
        )
    record_change(
        "tier:price:announced",
        f"The price of {version.name} was announced to {told} running sponsorships.",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"tier": tier_slug, "version": version.number, "notice_days": notice_days},
    )
    return told


def _find_concerned(version: TierVersion) -> list[int]:
    busy = select(SponsorshipChange.id).where(
        SponsorshipChange.sponsorship_id == Sponsorship.id,
        SponsorshipChange.state.in_(LIVE_CHANGE),
    )
    return list(
        db.session.scalars(
            select(Sponsorship.id)
            .join(TierVersion, TierVersion.id == Sponsorship.tier_snapshot_id)
            .where(
                TierVersion.tier_id == version.tier_id,
                TierVersion.number < version.number,
                TierVersion.interval == version.interval,
                TierVersion.currency == version.currency,
                Sponsorship.term.in_(GOOD_STANDING),
                Sponsorship.renewal_id.is_not(None),
                ~Sponsorship.cancel_at_term_end,
                ~busy.exists(),
            )
            .order_by(Sponsorship.organization_id)
        )
    )


def _announce(
    sponsorship_id: int,
    version: TierVersion,
    notice_ends: datetime,
    *,
    actor: Actor,
    site: str,
    now: datetime,
) -> bool:
    sponsorship = lock_sponsorship(sponsorship_id)
    starts_at, ends_at = sponsorship.term_starts_at, sponsorship.term_ends_at
    if starts_at is None or ends_at is None:
        return False
    change = SponsorshipChange(
        reference=new_reference("ch"),
        sponsorship=sponsorship,
        before=sponsorship.tier_snapshot,
        after=version,
        kind=ChangeKind.REPRICE,
        state=ChangeState.ASKED,
        effective_at=repriced_at(starts_at, ends_at, version.interval, notice_ends=notice_ends),
        due_minor=0,
        currency=version.currency,
        asked_by=actor.name,
        asked_at=now,
    )
    db.session.add(change)
    db.session.flush()
    day = f"{change.effective_at.day} {change.effective_at:%B %Y}"
    note_event(
        sponsorship,
        "tier",
        change.before.name[:40],
        "announced",
        f"A new price was announced: {version.name} from {day}.",
        actor=actor,
        now=now,
    )
    mail_new_price(change, site=site, now=now)
    return True
