"""A project's public accounts: a page with charts, and the same figures as JSON and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import gettext as _

from portal.domain.money import Money, minor_units
from portal.domain.public_accounts import FIGURES, Accounts, AccountsMonth
from portal.queries.billing.public_accounts import AccountsPage, get_accounts_page
from portal.web.access import now
from portal.web.charts import Column, Columns
from portal.web.formats import format_money
from portal.web.page_cache import public_page

blueprint = Blueprint("public_accounts", __name__)

_SHOWN = 12
# Shown also where they are zero; of the others, only what moved in the months shown.
_ALWAYS = frozenset({"income", "received", "balance"})


@blueprint.get("/p/<project>/accounts")
@public_page
def show(project: str) -> ResponseReturnValue:
    """What came in, what it cost, and what is at hand: the last twelve months."""
    page = get_accounts_page(project, now=now())
    return render_template(
        "public/accounts.html",
        project=page.project,
        page=page,
        books=[_book(page, accounts) for accounts in page.accounts],
    )


@blueprint.get("/p/<project>/accounts.json")
@public_page
def as_json(project: str) -> ResponseReturnValue:
    """Every month in minor units; the format stands in docs/payments.md."""
    page = get_accounts_page(project, now=now())
    return jsonify(
        project=page.project.slug,
        currencies=[
            {
                "currency": accounts.currency,
                "minor_units": minor_units(accounts.currency),
                "months": [_month_as_json(page, month) for month in accounts.months],
            }
            for accounts in page.accounts
        ],
    )


@blueprint.get("/p/<project>/accounts.csv")
@public_page
def as_csv(project: str) -> ResponseReturnValue:
    """One figure of one month per line; the columns stand in docs/payments.md."""
    page = get_accounts_page(project, now=now())
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(["month", "currency", "figure", "tier", "amount"])
    for accounts in page.accounts:
        for month in accounts.months:
            start = [month.month, accounts.currency]
            for tier_id, minor in month.tiers.items():
                amount = Money(minor, accounts.currency).decimal
                writer.writerow([*start, "tier", page.tiers[tier_id].slug, f"{amount:f}"])
            for figure in FIGURES:
                amount = Money(getattr(month, figure), accounts.currency).decimal
                writer.writerow([*start, figure, "", f"{amount:f}"])
    response = Response(lines.getvalue(), mimetype="text/csv")
    name = f"{page.project.slug}-accounts.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _month_as_json(page: AccountsPage, month: AccountsMonth) -> dict[str, Any]:
    tiers = [
        {"tier": page.tiers[tier_id].slug, "name": page.tiers[tier_id].name, "amount": minor}
        for tier_id, minor in month.tiers.items()
    ]
    return {"month": month.month, "tiers": tiers} | {
        figure: getattr(month, figure) for figure in FIGURES
    }


def _book(page: AccountsPage, accounts: Accounts) -> dict[str, Any]:
    """One currency as the page shows it: figures of twelve months, charts, rows."""
    shown = accounts.months[-_SHOWN:]

    def money(minor: int) -> str:
        return format_money(Money(minor, accounts.currency))

    moved = _ALWAYS | {figure for figure in FIGURES if any(getattr(m, figure) for m in shown)}
    columns = [each for each in _labels() if each[0] in moved]
    earned: dict[int, int] = {}
    for month in shown:
        for tier_id, minor in month.tiers.items():
            earned[tier_id] = earned.get(tier_id, 0) + minor
    return {
        "currency": accounts.currency,
        "received_in_all": money(sum(month.received for month in shown)),
        "figures": [
            (money(sum(getattr(m, figure) for m in shown)), label, note)
            for figure, label, note in columns
            if figure != "balance"
        ],
        "heads": [(label, "num") for _figure, label, _note in columns],
        "columns": [(figure, label) for figure, label, _note in columns],
        "at_hand": money(shown[-1].balance),
        "further": len(accounts.months) > len(shown),
        "balance": _chart(_("At hand at the end of each month"), "balance", shown, money),
        "received": _chart(_("Received in each month"), "received", shown, money),
        "tiers": [
            (page.tiers[tier_id].name, money(earned[tier_id]))
            for tier_id in page.tiers
            if tier_id in earned
        ],
        "months": [
            {"label": _label(month.month, "MMMM y")}
            | {figure: money(getattr(month, figure)) for figure in FIGURES}
            for month in reversed(shown)
        ],
    }


def _labels() -> tuple[tuple[str, str, str], ...]:
    """The figures of a month in the order of the page, each with a note."""
    return (
        ("income", _("Earned by tiers"), _("without tax")),
        ("tax", _("Tax"), _("held for the tax office")),
        ("gifts", _("Gifts"), ""),
        ("received", _("Received"), _("from payers, with tax")),
        ("fees", _("Fees"), _("kept by the processor")),
        ("refunds", _("Refunded"), ""),
        ("disputes", _("Disputed"), _("held or lost in disputes")),
        ("payouts", _("Paid out"), _("to maintainers")),
        ("other", _("Other"), _("such as corrections")),
        ("balance", _("At hand"), ""),
    )


def _chart(
    title: str, figure: str, months: tuple[AccountsMonth, ...], money: Callable[[int], str]
) -> Columns:
    """A column per month; a negative amount has no height, its words say it."""
    return Columns(
        title,
        _("Amount"),
        tuple(
            Column(
                _label(month.month, "MMM ’yy"),
                max(0, getattr(month, figure)),
                money(getattr(month, figure)),
            )
            for month in months
        ),
    )


def _label(month: str, pattern: str) -> str:
    return format_date(date.fromisoformat(f"{month}-01"), pattern)
