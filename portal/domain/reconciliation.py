"""What our books and the processor's may disagree about, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class FindingKind(StrEnum):
    """One way in which the two sides do not match."""

    CHECKOUT_UNKNOWN = "checkout_unknown"
    CHECKOUT_NOT_AS_SOLD = "checkout_not_as_sold"
    RENEWAL_UNKNOWN = "renewal_unknown"
    RENEWAL_STILL_CHARGED = "renewal_still_charged"
    RENEWAL_NOT_CHARGED = "renewal_not_charged"
    RENEWAL_OTHER_PRICE = "renewal_other_price"
    PAYMENT_UNKNOWN = "payment_unknown"
    PAYMENT_MISSING = "payment_missing"
    REFUND_UNKNOWN = "refund_unknown"
    REFUND_MISSING = "refund_missing"
    DISPUTE_UNKNOWN = "dispute_unknown"
    EVENT_GIVEN_UP = "event_given_up"


REMEDIES: Mapping[FindingKind, str] = {
    FindingKind.CHECKOUT_UNKNOWN: "Refund it at the processor, or set it aside if it is not of"
    " this portal.",
    FindingKind.CHECKOUT_NOT_AS_SOLD: "Refund it at the processor and let the sponsor buy again.",
    FindingKind.RENEWAL_UNKNOWN: "End it at the processor and refund what it took, or set it aside"
    " if it is not of this portal.",
    FindingKind.RENEWAL_STILL_CHARGED: "End it at the processor: the sponsorship is over.",
    FindingKind.RENEWAL_NOT_CHARGED: "Nothing will be charged. Ask the sponsor to buy again when"
    " the term ends.",
    FindingKind.RENEWAL_OTHER_PRICE: "Correct the price at the processor before the next term.",
    FindingKind.PAYMENT_UNKNOWN: "Refund it at the processor, or record it with its reference.",
    FindingKind.PAYMENT_MISSING: "Look for it at the processor; correct the ledger if it never"
    " came.",
    FindingKind.REFUND_UNKNOWN: "Record it as a correction, or set it aside if it is not of this"
    " portal.",
    FindingKind.REFUND_MISSING: "Look for it at the processor; give it back again if it never"
    " left.",
    FindingKind.DISPUTE_UNKNOWN: "Answer it at the processor, or set it aside if it is not of this"
    " portal.",
    FindingKind.EVENT_GIVEN_UP: "The sweeps have looked at everything it named; set it aside.",
}
