"""The forms of a vote: opening it, and the ballot."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice

from portal.domain.errors import Refusal
from portal.web.forms import Form, LongTextField, TextField

_TYPED = "%Y-%m-%dT%H:%M"


class InstantField(DateTimeLocalField):  # type: ignore[misc]
    """A date and a time in UTC, to the minute."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what browsers send, and what people type where there is no picker."""
        raw = (valuelist[0] if valuelist else "").strip().replace(" ", "T")
        if not raw:
            self.data = None
            return
        try:
            self.data = datetime.strptime(raw[:16], _TYPED).replace(tzinfo=UTC)
        except ValueError:
            self.data = None
            raise ValueError(
                _("Type a date and a time in UTC, such as 2027-03-31T12:00.")
            ) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.strftime(_TYPED) if self.data else ""


class OpenVoteForm(Form):
    """What maintainers choose when they open a vote; all else stands in the charter."""

    seal = HiddenField()
    question = TextField(
        _l("Question"),
        max_length=300,
        required=True,
        description=_l("One sentence that can be answered with for or against."),
    )
    closes_at = InstantField(
        _l("Closes at (UTC)"), description=_l("At least one hour and at most 90 days from now.")
    )

    def read_close(self) -> datetime:
        """The close that was typed; refuses an empty field."""
        if self.closes_at.data is None:
            raise Refusal("vote.close_missing", _("Say when the vote closes."), field="closes_at")
        return self.closes_at.data


class BallotForm(Form):
    """A ballot by yes or no; the rule book's validator says what is a position."""

    position = RadioField(
        _l("Position"),
        choices=[
            SelectChoice("for", _l("For")),
            SelectChoice("against", _l("Against")),
            SelectChoice("abstain", _l("Abstain")),
            SelectChoice("recused", _l("Recuse yourself")),
        ],
        validate_choice=False,
    )
    reason = LongTextField(_l("Reason"), max_length=1000)
