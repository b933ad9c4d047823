"""Benefits in words, for tier pages, previews and the editor."""

from __future__ import annotations

from functools import singledispatch

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.domain.tiers import (
    Benefit,
    EarlyAccess,
    Logo,
    LogoSize,
    Mention,
    NamedContact,
    Needs,
    Support,
    TextLine,
)


@singledispatch
def describe_benefit(benefit: Benefit) -> str:
    """One benefit in a line; anything that is none is a TypeError."""
    raise TypeError(benefit)


@describe_benefit.register
def _logo(benefit: Logo) -> str:
    return {
        LogoSize.SMALL: _("Small logo on the sponsors page"),
        LogoSize.MEDIUM: _("Medium logo on the sponsors page"),
        LogoSize.LARGE: _("Large logo on the sponsors page"),
        LogoSize.LEAD: _("Logo at the head of the sponsors page"),
    }[benefit.size]


@describe_benefit.register
def _support(benefit: Support) -> str:
    requests = ngettext(
        "%(num)s support request a quarter", "%(num)s support requests a quarter",
        benefit.per_quarter,
    )  # fmt: skip
    aim = ngettext(
        "first answer aimed at within %(num)s working day",
        "first answer aimed at within %(num)s working days",
        benefit.answer_days,
    )
    return f"{requests}, {aim}"


@describe_benefit.register
def _needs(benefit: Needs) -> str:
    return ngettext(
        "%(num)s need with the maintainers at a time",
        "%(num)s needs with the maintainers at a time",
        benefit.at_once,
    )


@describe_benefit.register
def _named_contact(_benefit: NamedContact) -> str:
    return _("A named contact among the maintainers")


@describe_benefit.register
def _early_access(benefit: EarlyAccess) -> str:
    return ngettext(
        "Releases %(num)s day early", "Releases %(num)s days early",
        benefit.days,
    )  # fmt: skip


@describe_benefit.register
def _mention(_benefit: Mention) -> str:
    return _("Named in the notes of each release")


@describe_benefit.register
def _text(benefit: TextLine) -> str:
    return benefit.text
