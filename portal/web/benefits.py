"""A tier's benefits in words."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.domain.tiers import Benefit, EarlyAccess, Logo, LogoSize, Mention, Support, TextLine


def describe_benefit(benefit: Benefit) -> str:
    """One benefit as one line."""
    match benefit:
        case Logo(size):
            sizes = {
                LogoSize.SMALL: _("Small logo on the sponsors page"),
                LogoSize.MEDIUM: _("Logo on the sponsors page"),
                LogoSize.LARGE: _("Large logo on the sponsors page"),
                LogoSize.LEAD: _("The largest logo on the sponsors page"),
            }
            line = sizes[size]
        case Support(per_quarter, answer_days):
            line = _(
                "%(requests)s a quarter, answered within %(days)s",
                requests=ngettext(
                    "%(num)s support request", "%(num)s support requests", per_quarter
                ),
                days=ngettext("%(num)s day", "%(num)s days", answer_days),
            )
        case EarlyAccess(days):
            line = ngettext(
                "Release candidates %(num)s day early",
                "Release candidates %(num)s days early",
                days,
            )
        case Mention():
            line = _("Your name in the notes of each release")
        case TextLine(text):
            line = text
        case _:
            line = _("A named maintainer to turn to")
    return str(line)
