"""Forms of a purchase and of the review of what is published."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import HiddenField

from portal.web.forms import Form, LongTextField


class BuyForm(Form):
    """Which buyer, and which version of the tier was on the screen."""

    organization = HiddenField()
    version = HiddenField()

    @property
    def seen_version(self) -> int:
        """The version that was shown; 0, which no tier has, if it is not a number."""
        text = self.version.data or ""
        return int(text) if text.isdecimal() and len(text) < 9 else 0  # noqa: PLR2004 - a number of figures


class ReviewForm(Form):
    """A maintainer's decision about a sponsor's name, link and logo as they were shown."""

    seal = HiddenField()
    reason = LongTextField(
        _("Reason"),
        max_length=300,
        description=_("Needed only when you reject. The sponsor reads it."),
    )
