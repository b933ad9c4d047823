"""The charter: a project's voting configuration, from which rules page and tally both read."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from fractions import Fraction

from portal.domain.errors import Refusal
from portal.domain.weights import Damping

DAYS = {"seasoning_days": (0, 365), "window_days": (1, 90), "grace_days": (0, 60)}
_LARGEST_DENOMINATOR = 10_000
_HALF = Fraction(1, 2)


class DecisionMode(StrEnum):
    """What an outcome obliges the maintainers to (VOTING 5)."""

    ADVISORY = "advisory"
    TWO_HOUSES = "two_houses"
    BINDING = "binding"


class House(StrEnum):
    """A group of electors that is counted on its own."""

    SPONSORS = "sponsors"
    MAINTAINERS = "maintainers"
    SUPPORTERS = "supporters"
    CONTRIBUTORS = "contributors"


# Houses of people, in which everybody weighs one: neither damping nor cap, and nothing paid.
HEADCOUNT = frozenset({House.MAINTAINERS, House.CONTRIBUTORS})


class ContributorsVoice(StrEnum):
    """Where invited contributors cast a ballot, if anywhere (PRODUCT, People)."""

    NONE = "none"
    MAINTAINERS = "maintainers"
    HOUSE = "house"


class PrivacyMode(StrEnum):
    """What is shown of ballots, fixed at opening and never loosened (VOTING 6)."""

    SEALED_ROLL_CALL = "sealed_roll_call"
    SECRET_AGGREGATE = "secret_aggregate"  # noqa: S105 - a mode, not a password


class StatementsShown(StrEnum):
    """What the public sees of the statements on a proposal, the least first."""

    NOTHING = "nothing"
    POSITIONS = "positions"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Charter:
    """A voting configuration (VOTING 2 to 6); the defaults are a new project's charter.

    Shares are exact fractions of one, durations whole days; ``threshold`` None is the majority of
    for over against. Building one refuses, by field, what no vote could be held under: a cap
    outside (0, 1], quorums outside [0, 1], a threshold outside (1/2, 1], days out of range, a
    reason required where reasons are never shown, a veto where nothing binds, contributors among
    the maintainers where the maintainers' house does not vote.
    """

    damping: Damping = Damping.LINEAR
    cap: Fraction = Fraction(1, 4)
    quorum_weight: Fraction = _HALF
    quorum_electors: Fraction = _HALF
    threshold: Fraction | None = None
    mode: DecisionMode = DecisionMode.ADVISORY
    privacy: PrivacyMode = PrivacyMode.SEALED_ROLL_CALL
    seasoning_days: int = 30
    window_days: int = 14
    grace_days: int = 21
    reason_required: bool = False
    veto_allowed: bool = False
    statements_shown: StatementsShown = StatementsShown.NOTHING
    contributors: ContributorsVoice = ContributorsVoice.NONE

    def __post_init__(self) -> None:
        """Refuse a charter that no vote could be held under."""
        if not 0 < self.cap <= 1:
            _refuse("cap", "The cap is a share above 0 and at most 1; 1 means no cap.")
        for name in ("quorum_weight", "quorum_electors"):
            if not 0 <= getattr(self, name) <= 1:
                _refuse(name, "A quorum is a share from 0 to 1; 0 means no quorum.")
        if self.threshold is not None and not _HALF < self.threshold <= 1:
            _refuse("threshold", "A threshold is a share above one half and at most 1.")
        for name, (least, most) in DAYS.items():
            if not least <= getattr(self, name) <= most:
                _refuse(name, f"This is a whole number of days from {least} to {most}.")
        if self.veto_allowed and self.mode is not DecisionMode.BINDING:
            _refuse("veto_allowed", "Only a binding outcome can be vetoed.")
        if (
            self.contributors is ContributorsVoice.MAINTAINERS
            and self.mode is not DecisionMode.TWO_HOUSES
        ):
            _refuse(
                "contributors",
                "The maintainers' house votes only where there are two houses: choose these, or a "
                "house of the contributors' own.",
            )
        if self.reason_required and self.privacy is PrivacyMode.SECRET_AGGREGATE:
            _refuse(
                "reason_required",
                "Secret votes show no reasons, so a reason cannot be required in them.",
            )


def merge_classes(charter: Charter) -> Charter:
    """The charter of one secret vote in which all weigh the same: no weight tells who (VOTING 6).

    Refuses a charter whose ballots are not secret: there nothing is to be hidden.
    """
    if charter.privacy is not PrivacyMode.SECRET_AGGREGATE:
        raise Refusal("vote.merge_not_secret", "Weights are made equal in secret votes only.")
    return replace(charter, damping=Damping.EQUAL)


def _refuse(field: str, sentence: str) -> None:
    raise Refusal(f"charter.{field}", sentence, field=field)


def parse_share(typed: str) -> Fraction:
    """Read a share exactly as typed: ``1/4``, ``25%``, ``25 %``, ``0.25`` or ``1``.

    Takes ASCII digits only and at most 10,000 parts, so that every page can show what is stored;
    refuses anything else with ``share.malformed``. Whether the share is in range is the charter's
    to say.
    """
    text = typed.strip().replace(",", ".")
    percent = text.endswith("%")
    text = text.removesuffix("%").strip()
    try:
        if set(text) - set("0123456789./ ") or text.count("/") > 1:
            raise ValueError(text)  # noqa: TRY301 - the same answer as for malformed numbers
        above, _slash, below = text.partition("/")
        share = Fraction(above.strip()) / Fraction(below.strip() or 1)
    except (ValueError, ZeroDivisionError):
        share = None
    share = share / 100 if share is not None and percent else share
    if share is None or share.denominator > _LARGEST_DENOMINATOR or text.endswith("/"):
        raise Refusal(
            "share.malformed",
            "Type a share as a fraction, a percentage or a decimal: 1/4, 25%, 0.25.",
        )
    return share


def percent(share: Fraction) -> str:
    """A share as a percentage where that is exact to two decimals, else as the fraction itself."""
    hundredths = share * 10_000
    if hundredths.denominator != 1:
        return str(share)
    whole, rest = divmod(hundredths.numerator, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%"


def changed_fields(before: Charter, after: Charter) -> list[str]:
    """The settings in which two charters differ, in the charter's own order."""
    return [
        each.name
        for each in fields(Charter)
        if getattr(before, each.name) != getattr(after, each.name)
    ]
