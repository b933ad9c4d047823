"""Fields that read figures exactly as they are typed: shares, whole numbers, amounts of money."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flask_babel import gettext as _

from portal.domain.charter import parse_share
from portal.domain.errors import Refusal
from portal.domain.money import Money, minor_units
from portal.domain.text import clean_line
from portal.domain.tiers import parse_price
from portal.web.forms import TextField

_MOST_DIGITS = 40


class ShareField(TextField):
    """A share of one, typed as a fraction, a percentage or a decimal."""

    def __init__(self, label: str, **options: Any) -> None:  # noqa: ANN401
        """Take what a text field takes; the length is given."""
        super().__init__(label, max_length=_MOST_DIGITS, **options)

    def clean(self, raw: str) -> str:
        """The share as typed; refuses what is none."""
        text = clean_line(raw, max_length=self.max_length)
        if text:
            parse_share(text)
        return text

    @property
    def share(self) -> Fraction | None:
        """The exact share, or None where nothing was typed."""
        return parse_share(self.data) if self.data else None


class WholeField(TextField):
    """A whole number from ``least`` to ``most``, in ASCII digits."""

    def __init__(self, label: str, *, least: int, most: int, **options: Any) -> None:  # noqa: ANN401
        """Take the range."""
        super().__init__(label, max_length=_MOST_DIGITS, **options)
        self.least, self.most = least, most

    def clean(self, raw: str) -> str:
        """The number as typed; refuses what is none or out of range."""
        text = clean_line(raw, max_length=self.max_length)
        well_formed = text.isascii() and text.isdigit() and self.least <= int(text) <= self.most
        if text and not well_formed:
            raise Refusal(
                "number.malformed",
                _(
                    "Type a whole number from %(least)s to %(most)s.",
                    least=f"{self.least:,}",
                    most=f"{self.most:,}",
                ),
            )
        return text

    @property
    def number(self) -> int | None:
        """The number, or None where nothing was typed."""
        return int(self.data) if self.data else None


class MoneyField(TextField):
    """An amount in major units of a currency that the view sets before reading."""

    currency = "EUR"

    def __init__(self, label: str, **options: Any) -> None:  # noqa: ANN401
        """Take what a text field takes; the length is given."""
        super().__init__(label, max_length=_MOST_DIGITS, **options)

    @property
    def money(self) -> Money:
        """The exact amount; refuses, at the field ``price``, what is none in this currency."""
        return parse_price(self.data or "", self.currency)

    def show(self, money: Money) -> None:
        """Fill in an amount as one would type it."""
        self.data = f"{money.decimal:.{minor_units(money.currency)}f}"
