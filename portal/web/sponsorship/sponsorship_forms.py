"""Forms of a purchase and of the review of what is published."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import HiddenField

from portal.domain.changes import LEAST_NOTICE_DAYS, MOST_NOTICE_DAYS
from portal.web.exact_fields import MoneyField, WholeField
from portal.web.forms import Form, LongTextField, OnceForm, TextField
from portal.web.row_numbers import read_number


class BuyForm(Form):
    """Which buyer, and which version of the tier was on the screen."""

    organization = HiddenField()
    version = HiddenField()

    @property
    def seen_version(self) -> int:
        """The version that was shown; 0, which no tier has, if it is not a number."""
        return read_number(self.version.data)


class ReviewForm(Form):
    """A maintainer's decision about a sponsor's name, link and logo as they were shown."""

    seal = HiddenField()
    reason = LongTextField(
        _("Reason"),
        max_length=300,
        description=_("Needed only when you reject. The sponsor reads it."),
    )


class ChangeForm(Form):
    """Which version of the tier, and which amount, were on the screen."""

    version = HiddenField()
    due = HiddenField()


class RefundForm(OnceForm):
    """What to give back of one payment, and why."""

    payment = HiddenField()
    amount = MoneyField(_("Amount"), required=True)
    reason = TextField(
        _("Reason"), max_length=200, required=True, description=_("The sponsor reads it.")
    )


class NoticeForm(Form):
    """How long before a new price holds those who sponsor already are told."""

    notice_days = WholeField(
        _("Notice, in days"), least=LEAST_NOTICE_DAYS, most=MOST_NOTICE_DAYS, required=True
    )
