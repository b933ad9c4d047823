"""How money, dates, shares and weights are written for the reader's locale."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from babel.numbers import get_currency_symbol
from flask import Flask
from flask_babel import (
    format_currency,
    format_date,
    format_datetime,
    format_decimal,
    format_timedelta,
    get_locale,
    ngettext,
)
from flask_babel import gettext as _
from markupsafe import Markup, escape

from portal.domain.money import Money, minor_units


def format_money(value: Money) -> str:
    """An amount with its currency; whole amounts without decimals, a space behind letters."""
    places = minor_units(value.currency)
    whole = value.amount_minor % 10**places == 0
    space = "\u00a0" if get_currency_symbol(value.currency, get_locale())[-1].isalpha() else ""
    pattern = f"¤{space}#,##0" + ("" if whole or not places else "." + "0" * places)
    return format_currency(value.decimal, value.currency, format=pattern, currency_digits=False)


def format_minor(amount: tuple[int, str]) -> str:
    """An amount in minor units, with the currency beside it."""
    return format_money(Money(*amount))


def format_on(value: date) -> str:
    """A date, with the month in words."""
    return format_date(value, "d MMMM y")


def format_at(value: datetime) -> Markup:
    """An instant, to the minute, with its time zone said."""
    text = _("%(when)s UTC", when=format_datetime(value, "d MMMM y, HH:mm", rebase=False))
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), escape(text))


def format_left(until: datetime, now: datetime) -> str:
    """The time left until an instant, in its largest whole unit."""
    minutes = max(0, int((until - now).total_seconds() // 60))
    days, hours = minutes // 1440, minutes // 60
    if days > 1:
        text = ngettext("%(num)s day left", "%(num)s days left", days)
    elif hours > 1:
        text = ngettext("%(num)s hour left", "%(num)s hours left", hours)
    else:
        text = ngettext("%(num)s minute left", "%(num)s minutes left", minutes)
    return str(text)


def format_timespan(value: timedelta) -> str:
    """A length of time in its largest unit."""
    return str(format_timedelta(value, granularity="minute"))


def format_share(value: Fraction) -> str:
    """A share in percent with at most one decimal, rounded half up."""
    tenths = math.floor(value * 1000 + Fraction(1, 2))
    return f"{format_decimal(Decimal(tenths) / 10, '#,##0.#')}%"


def format_weight(thousandths: int) -> str:
    """A weight, stored in integer thousandths, in units."""
    return format_decimal(Decimal(thousandths) / 1000, "#,##0.###")


def init_formats(app: Flask) -> None:
    """Install the filters money, minor, on, at, left, timespan, share and weight."""
    app.add_template_filter(format_money, "money")
    app.add_template_filter(format_minor, "minor")
    app.add_template_filter(format_on, "on")
    app.add_template_filter(format_at, "at")
    app.add_template_filter(format_left, "left")
    app.add_template_filter(format_timespan, "timespan")
    app.add_template_filter(format_share, "share")
    app.add_template_filter(format_weight, "weight")
