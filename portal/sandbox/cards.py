"""The test cards and what happens when they are charged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a charge failed, in Stripe's codes and in a sentence for the payer."""

    code: str
    decline_code: str
    message: str


@dataclass(frozen=True, slots=True)
class TestCard:
    """A card number with a fixed fate.

    ``declined`` applies when the payer pays, ``declined_later`` when the card is charged without
    the payer; ``challenged`` asks the payer's bank first; ``disputed`` charges are soon questioned.
    """

    number: str
    label: str
    declined: Decline | None = None
    declined_later: Decline | None = None
    challenged: bool = False
    disputed: bool = False

    @property
    def spaced(self) -> str:
        """The number in groups of four."""
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


DECLINED = Decline("card_declined", "generic_decline", "The card was declined. Try another card.")
NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    "authentication_required",
    "The bank could not confirm that it was you. Try again or take another card.",
)
_NEEDS_PAYER = Decline(
    "authentication_required",
    "authentication_required",
    "The bank asks the payer to confirm this payment.",
)

CARDS = (
    TestCard("4242424242424242", "Succeeds"),
    TestCard("4000000000000002", "Is declined", declined=DECLINED, declined_later=DECLINED),
    TestCard(
        "4000002760003184",
        "Asks the bank first (3-D Secure)",
        declined_later=_NEEDS_PAYER,
        challenged=True,
    ),
    TestCard("4000000000000341", "Succeeds now, fails at renewal", declined_later=DECLINED),
    TestCard("4000000000000259", "Succeeds, then the bank disputes it", disputed=True),
)


def find_card(number: str) -> TestCard | None:
    """The test card with this number; spaces and hyphens do not matter."""
    digits = number.replace(" ", "").replace("-", "")
    return next((card for card in CARDS if card.number == digits), None)
