"""Changes of a running sponsorship: which way, at what price, and from when (PRODUCT S3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.domain.errors import Obstacle, Refusal
from portal.domain.money import Money, card_unit
from portal.domain.sponsorship import GOOD_STANDING, Term, add_terms
from portal.domain.tiers import Interval, TierTerms

_DAY = timedelta(days=1)
LEAST_NOTICE_DAYS, MOST_NOTICE_DAYS = 14, 365


class ChangeKind(StrEnum):
    """What a change does: more now, something else with the next term, or an announced price."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    REPRICE = "reprice"


class ChangeState(StrEnum):
    """Where a change stands; ``asked`` is committed before the processor is called."""

    ASKED = "asked"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class ChangeAction(StrEnum):
    """What may happen to a change."""

    BILL = "billed"
    SCHEDULE = "scheduled"
    MAKE = "made"
    WITHDRAW = "taken back"
    FAIL = "given up"


LIVE_CHANGE = frozenset({ChangeState.ASKED, ChangeState.WAITING, ChangeState.SCHEDULED})

# Given up is not final: the processor may have made what its answer never told us.
CHANGE_TABLE: Mapping[tuple[ChangeState, ChangeAction], ChangeState] = {
    (ChangeState.ASKED, ChangeAction.BILL): ChangeState.WAITING,
    (ChangeState.ASKED, ChangeAction.SCHEDULE): ChangeState.SCHEDULED,
    (ChangeState.ASKED, ChangeAction.MAKE): ChangeState.DONE,
    (ChangeState.ASKED, ChangeAction.WITHDRAW): ChangeState.WITHDRAWN,
    (ChangeState.ASKED, ChangeAction.FAIL): ChangeState.FAILED,
    (ChangeState.WAITING, ChangeAction.MAKE): ChangeState.DONE,
    (ChangeState.WAITING, ChangeAction.FAIL): ChangeState.FAILED,
    (ChangeState.SCHEDULED, ChangeAction.MAKE): ChangeState.DONE,
    (ChangeState.SCHEDULED, ChangeAction.WITHDRAW): ChangeState.WITHDRAWN,
    (ChangeState.SCHEDULED, ChangeAction.FAIL): ChangeState.FAILED,
    (ChangeState.FAILED, ChangeAction.MAKE): ChangeState.DONE,
}


def next_change(state: ChangeState, action: ChangeAction) -> ChangeState:
    """What follows; refuses with ``change.<state>.<action>``."""
    after = CHANGE_TABLE.get((state, action))
    if after is None:
        raise Refusal(
            f"change.{state.name.lower()}.{action.name.lower()}",
            f"A change that is {state} cannot be {action}.",
        )
    return after


@dataclass(frozen=True, slots=True)
class Proration:
    """What moving to a dearer tier costs for the rest of a paid term, by whole days.

    The day of the change counts as left: the new tier holds on it. ``at`` is the instant at which
    that day of the term began, so that a processor that counts seconds finds the same days.
    """

    days_left: int
    days_in_term: int
    charged: Money
    credited: Money
    at: datetime

    @property
    def due(self) -> Money:
        """What is to be paid: the rest of the term at the new price, less what is unused."""
        return self.charged - self.credited

    def allows(self, due: Money) -> bool:
        """Whether an amount is the one due, but for how a processor rounds it.

        Each of the two amounts may be rounded otherwise by one unit that a card can be charged:
        a minor unit, or ten of them where a currency has three decimal places.
        """
        return due.currency == self.due.currency and abs(
            due.amount_minor - self.due.amount_minor
        ) <= 2 * card_unit(due.currency)


def prorate(
    old: Money,
    new: Money,
    *,
    term_starts_at: datetime,
    term_ends_at: datetime,
    at: datetime,
    by_card: bool = False,
) -> Proration:
    """Share out two prices over the days of a term (MONEY 3), in integers.

    Each price is multiplied by the days left, divided by the days of the term, and rounded half
    up to the minor unit, or ``by_card`` to what a card can be charged; the difference of the two
    rounded amounts is due. So nobody pays for a day twice, and what is credited is never more than
    was paid. Refuses an instant outside the term with ``change.term``.
    """
    if not term_starts_at <= at < term_ends_at:
        raise Refusal("change.term", "The paid term does not cover this day.")
    days = -((term_starts_at - term_ends_at) // _DAY)
    used = (at - term_starts_at) // _DAY
    left = days - used
    unit = card_unit(old.currency) if by_card else 1

    def part(price: Money) -> Money:
        units = (2 * price.amount_minor * left + days * unit) // (2 * days * unit)
        return Money(units * unit, price.currency)

    return Proration(left, days, part(new), part(old), term_starts_at + used * _DAY)


def kind_of_change(old: TierTerms, new: TierTerms) -> ChangeKind:
    """A dearer tier of the same interval is an upgrade; all else begins with the next term."""
    dearer = new.price.amount_minor > old.price.amount_minor
    return ChangeKind.UPGRADE if dearer and new.interval is old.interval else ChangeKind.DOWNGRADE


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules of a change need to know of the sponsorship that is to change.

    ``may_change`` is the asker's right; ``ends`` says that it was asked to end with its term;
    ``billed`` that an own invoice for the next term is out, and
    ``live`` names a change that is on its way already, if the asker cannot replace it.
    """

    may_change: bool
    term: Term
    terms: TierTerms
    renews: bool
    ends: bool
    disputed: bool
    live: str | None
    billed: bool = False


def change_obstacles(standing: Standing, new: TierTerms, *, same_tier: bool) -> list[Obstacle]:
    """Why a sponsorship cannot move to a tier; the tier's own obstacles are ``offer_obstacles``."""
    runs = standing.term in GOOD_STANDING
    renews = standing.renews and standing.terms.interval is not Interval.ONE_TIME
    checks = (
        (
            not standing.may_change,
            "role",
            "Only owners and billing contacts can change the tier.",
        ),
        (same_tier and new == standing.terms, "same", "This is the tier you have."),
        (not runs, "not_running", "This sponsorship does not run; buy the tier instead."),
        (
            runs and not renews,
            "no_renewal",
            "This sponsorship does not renew; buy again when it has ended.",
        ),
        (
            runs and renews and standing.ends,
            "ends",
            "This sponsorship ends with its term. Let it go on first.",
        ),
        (standing.term is Term.GRACE, "unpaid", "Pay what is open first; then change."),
        (standing.disputed, "disputed", "A payment is disputed; that has to be settled first."),
        (
            new.interval is Interval.ONE_TIME,
            "one_time",
            "A tier that is paid once cannot follow one that renews.",
        ),
        (
            new.price.currency != standing.terms.price.currency,
            "currency",
            "This tier is sold in another currency.",
        ),
        (
            new.audience is not standing.terms.audience,
            "audience",
            "This tier is for other buyers.",
        ),
        (
            standing.billed,
            "billed",
            "The invoice for the next term is out. Change when that term has begun.",
        ),
        (standing.live is not None, "live", standing.live or ""),
    )
    return [Obstacle(f"change.{code}", sentence) for holds, code, sentence in checks if holds]


def repriced_at(
    term_starts_at: datetime, term_ends_at: datetime, interval: Interval, *, notice_ends: datetime
) -> datetime:
    """The first end of a term that does not come before the notice is over."""
    ends_at, terms = term_ends_at, 1
    while ends_at < notice_ends:
        terms += 1
        ends_at = add_terms(term_starts_at, interval, terms)
    return ends_at


def check_notice(days: int) -> None:
    """Refuse a notice that is no whole number of days from 14 to 365, with ``change.notice``."""
    if not LEAST_NOTICE_DAYS <= days <= MOST_NOTICE_DAYS:
        raise Refusal(
            "change.notice",
            f"The notice is from {LEAST_NOTICE_DAYS} to {MOST_NOTICE_DAYS} days.",
            field="notice_days",
        )
