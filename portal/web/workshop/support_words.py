"""How fast support answers, in words: what was measured, and that it is no promise."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from portal.domain.support_pace import Pace


def describe_pace(pace: Pace | None) -> str:
    """What the last first answers took, or that there was none yet."""
    if pace is None:
        return str(_("No request was answered yet, so there is no figure."))
    days = format_decimal(Decimal(pace.median_halves) / 2, "0.#")
    within = _("the same day")
    if pace.median_halves:
        within = (
            _("1 working day") if pace.median_halves == 2 else _("%(days)s working days", days=days)  # noqa: PLR2004 - two halves
        )
    return str(
        ngettext(
            "The last request had its first answer in %(within)s.",
            "The last %(num)s had their first answer in a median of %(within)s.",
            pace.answers,
            within=within,
        )
    )
