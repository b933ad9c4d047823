"""Money that goes back: refunds in full and in part, disputes, and what either does to standing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from portal.domain.errors import Refusal
from portal.domain.money import Money


class RefundStanding(StrEnum):
    """Where a refund stands on our side."""

    ASKED = "asked"
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class RefundAction(StrEnum):
    """What may happen to a refund."""

    ACCEPT = "accepted"
    PAY = "paid back"
    FAIL = "failed"


class DisputeStanding(StrEnum):
    """Where a dispute stands; warned means that no money has moved yet."""

    WARNED = "warned"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class DisputeAction(StrEnum):
    """What may happen to a dispute."""

    OPEN = "opened"
    WIN = "won"
    LOSE = "lost"


# Money that did not arrive comes back to us even after the processor called it paid.
REFUND_TABLE: Mapping[tuple[RefundStanding, RefundAction], RefundStanding] = {
    (RefundStanding.ASKED, RefundAction.ACCEPT): RefundStanding.PENDING,
    (RefundStanding.ASKED, RefundAction.PAY): RefundStanding.DONE,
    (RefundStanding.ASKED, RefundAction.FAIL): RefundStanding.FAILED,
    (RefundStanding.PENDING, RefundAction.PAY): RefundStanding.DONE,
    (RefundStanding.PENDING, RefundAction.FAIL): RefundStanding.FAILED,
}
DISPUTE_TABLE: Mapping[tuple[DisputeStanding, DisputeAction], DisputeStanding] = {
    (DisputeStanding.WARNED, DisputeAction.OPEN): DisputeStanding.OPEN,
    (DisputeStanding.WARNED, DisputeAction.WIN): DisputeStanding.WON,
    (DisputeStanding.WARNED, DisputeAction.LOSE): DisputeStanding.LOST,
    (DisputeStanding.OPEN, DisputeAction.WIN): DisputeStanding.WON,
    (DisputeStanding.OPEN, DisputeAction.LOSE): DisputeStanding.LOST,
}


def next_refund(state: RefundStanding, action: RefundAction) -> RefundStanding:
    """What follows; refuses with ``refund.<state>.<action>``."""
    after = REFUND_TABLE.get((state, action))
    if after is None:
        raise Refusal(
            f"refund.{state}.{action.name.lower()}",
            f"A refund that is {state} cannot be {action}.",
        )
    return after


def next_dispute(state: DisputeStanding, action: DisputeAction) -> DisputeStanding:
    """What follows; refuses with ``dispute.<state>.<action>``."""
    after = DISPUTE_TABLE.get((state, action))
    if after is None:
        raise Refusal(
            f"dispute.{state}.{action.name.lower()}",
            f"A dispute that is {state} cannot be {action}.",
        )
    return after


def check_refund(amount: Money, *, paid: Money, gone_minor: int) -> None:
    """Refuse to give back nothing, another currency, or more than is left of a payment.

    ``gone_minor`` is what was given back, is on its way back, or was taken by a lost dispute.
    """
    if amount.currency != paid.currency:
        raise Refusal("refund.currency", f"This payment was made in {paid.currency}.")
    left = Money(paid.amount_minor - gone_minor, paid.currency)
    if not 0 < amount.amount_minor <= left.amount_minor:
        raise Refusal(
            "refund.amount",
            f"Give back more than 0 and at most {left.decimal:,} {left.currency}:"
            " that is what is left of this payment.",
            field="amount",
        )


def ends_standing(*, left_minor: int, term_ends_at: datetime, at: datetime) -> bool:
    """Whether money that went back ends a sponsorship's standing (MONEY 5).

    It does once nothing is left of a payment for a term that is not over yet: that term is no
    longer paid. A part given back, and money of a past term, change nothing.
    """
    return left_minor == 0 and at < term_ends_at
