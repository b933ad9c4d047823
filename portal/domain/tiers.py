"""Tiers: what can be bought, at which price, with which voting weight and benefits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from portal.domain.errors import Refusal
from portal.domain.money import Money, minor_units

MOST_WEIGHT = 1_000_000
MOST_CAPACITY = 1_000_000
# Card processors take at most eight digits.
MOST_PRICE_MINOR = 99_999_999
MOST_TEXT_LINES = 10
_TYPED_PRICE = re.compile(r"([0-9]{1,12})(?:([.,])([0-9]{1,3}))?")


class Interval(StrEnum):
    """How often a tier is charged."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ONE_TIME = "one_time"


class Audience(StrEnum):
    """Who may buy a tier."""

    ORGANIZATION = "organization"
    PERSON = "person"


class LogoSize(StrEnum):
    """How large a sponsor's logo stands on the sponsors page."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    LEAD = "lead"


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo on the sponsors page."""

    kind: ClassVar[str] = "logo"
    size: LogoSize

    def __post_init__(self) -> None:
        """Read the size from its stored text."""
        object.__setattr__(self, "size", LogoSize(self.size))


@dataclass(frozen=True, slots=True)
class Support:
    """Private support requests: how many in a quarter, and within how many days one is answered."""

    kind: ClassVar[str] = "support"
    per_quarter: int
    answer_days: int

    def __post_init__(self) -> None:
        """Refuse what nobody could promise."""
        _check_range("support_requests", self.per_quarter, 1, 1000)
        _check_range("support_days", self.answer_days, 1, 90)


@dataclass(frozen=True, slots=True)
class Needs:
    """Needs that may wait for an answer at once."""

    kind: ClassVar[str] = "needs"
    at_once: int

    def __post_init__(self) -> None:
        """Refuse what nobody could read."""
        _check_range("needs_at_once", self.at_once, 1, 100)


@dataclass(frozen=True, slots=True)
class NamedContact:
    """A named maintainer to turn to."""

    kind: ClassVar[str] = "named_contact"


@dataclass(frozen=True, slots=True)
class EarlyAccess:
    """Each release, so many days before everybody else."""

    kind: ClassVar[str] = "early_access"
    days: int

    def __post_init__(self) -> None:
        """Refuse what is no head start."""
        _check_range("early_access_days", self.days, 1, 365)


@dataclass(frozen=True, slots=True)
class Mention:
    """The name in the notes of each release."""

    kind: ClassVar[str] = "mention"


@dataclass(frozen=True, slots=True)
class TextLine:
    """Anything else, in one line of the project's own words."""

    kind: ClassVar[str] = "text"
    text: str

    def __post_init__(self) -> None:
        """Refuse an empty or overlong line."""
        if not (isinstance(self.text, str) and 0 < len(self.text) <= 140):  # noqa: PLR2004
            raise Refusal(
                "benefit.text_lines",
                "Each line of benefits has at most 140 characters.",
                field="text_lines",
            )


Benefit = Logo | Support | Needs | NamedContact | EarlyAccess | Mention | TextLine
_KINDS: Mapping[str, type[Benefit]] = {
    each.kind: each for each in (Logo, Support, Needs, NamedContact, EarlyAccess, Mention, TextLine)
}


def _check_range(field: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise Refusal(
            f"benefit.{field}", f"This is a whole number from {least} to {most}.", field=field
        )


def read_benefits(stored: Sequence[Mapping[str, Any]]) -> tuple[Benefit, ...]:
    """Benefits as they are stored in a tier version, typed; refuses an unknown kind or part."""
    benefits = []
    for entry in stored:
        kind = _KINDS.get(entry.get("kind", ""))
        try:
            if kind is None:
                raise TypeError(entry)  # noqa: TRY301 - the same answer as for unknown parts
            benefits.append(kind(**{key: entry[key] for key in entry if key != "kind"}))
        except (TypeError, ValueError) as error:
            raise Refusal("benefit.unknown", "This is not a benefit the portal knows.") from error
    return tuple(benefits)


def write_benefits(benefits: Sequence[Benefit]) -> list[dict[str, Any]]:
    """Benefits as a tier version stores them."""
    return [{"kind": benefit.kind, **asdict(benefit)} for benefit in benefits]


@dataclass(frozen=True, slots=True)
class TierTerms:
    """What one version of a tier sells (PRODUCT S1).

    ``capacity`` None is no limit; the sales window includes both its days. Refuses, by field: a
    price that is not positive or beyond what a card takes, a weight or capacity out of range, a
    window that ends before it begins, and more than ten text lines.
    """

    name: str
    description: str
    price: Money
    interval: Interval
    voting_weight: int
    audience: Audience
    capacity: int | None = None
    sold_from: date | None = None
    sold_until: date | None = None
    benefits: tuple[Benefit, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be sold."""
        if not 0 < self.price.amount_minor <= MOST_PRICE_MINOR:
            most = Money(MOST_PRICE_MINOR, self.price.currency).decimal
            raise Refusal(
                "tier.price",
                f"The price is above 0 and at most {most:,} {self.price.currency}.",
                field="price",
            )
        _check_figure("voting_weight", self.voting_weight, 0, MOST_WEIGHT)
        if self.capacity is not None:
            _check_figure("capacity", self.capacity, 1, MOST_CAPACITY)
        if self.sold_from and self.sold_until and self.sold_until < self.sold_from:
            raise Refusal(
                "tier.window", "The last day of sale lies before the first.", field="sold_until"
            )
        if sum(isinstance(benefit, TextLine) for benefit in self.benefits) > MOST_TEXT_LINES:
            raise Refusal(
                "tier.text_lines", f"At most {MOST_TEXT_LINES} lines fit.", field="text_lines"
            )


def _check_figure(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise Refusal(
            f"tier.{field}", f"This is a whole number from {least:,} to {most:,}.", field=field
        )


def parse_price(typed: str, currency: str) -> Money:
    """Read an amount typed in major units exactly, with no more decimals than the currency has.

    Takes ``1200``, ``1200.50`` and ``1200,50``. A comma is refused where it could also separate
    thousands: before three digits. Refuses with ``price.malformed`` at the field ``price``.
    """
    places = minor_units(currency)
    found = _TYPED_PRICE.fullmatch(typed.strip())
    whole, mark, decimals = found.groups(default="") if found else ("", "", "")
    thousands = mark == "," and len(decimals) == 3  # noqa: PLR2004
    if not whole or thousands or len(decimals) > places:
        example = {0: "1200", 2: "1200.50", 3: "1200.500"}[places]
        raise Refusal(
            "price.malformed",
            f"Type the amount in {currency} as figures only, at most twelve, such as {example}.",
            field="price",
        )
    return Money(int(whole + decimals.ljust(places, "0")), currency)
