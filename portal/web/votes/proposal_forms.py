"""The forms of a proposal: its text, and the reason for withdrawing it."""

from __future__ import annotations

from datetime import UTC, datetime, time

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from portal.queries.workshop.joined_needs import JoinedNeed
from portal.web.forms import Form, LongTextField, OnceForm, TextField
from portal.web.votes.decision_forms import OwnDateField

_LONGEST_TEXT = 40_000
_MOST_DIGITS = 9


class SeenTextForm(Form):
    """What is done with a proposal's text, with the revision it was opened on."""

    revision = HiddenField()

    @property
    def seen_revision(self) -> int:
        """The revision this form was opened on; 0, which never stands, if it was tampered with."""
        raw = self.revision.data or ""
        well_formed = raw.isascii() and raw.isdigit() and len(raw) <= _MOST_DIGITS
        return int(raw) if well_formed else 0


class ProposalForm(SeenTextForm, OnceForm):
    """A proposal's text."""

    title = TextField(
        _l("Title"),
        max_length=140,
        required=True,
        description=_l("What would change, in a few words."),
    )
    summary = LongTextField(
        _l("Summary"),
        max_length=400,
        description=_l("Two or three sentences for lists and mails. Plain text."),
    )
    body = LongTextField(
        _l("Text"),
        max_length=_LONGEST_TEXT,
        description=_l(
            "Markdown: what is proposed, why, what it costs, what happens without it. "
            "HTML is shown as text."
        ),
    )

    needs = SelectMultipleField(
        _l("The needs it answers"),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description=_l(
            "Their authors get a mail. A need stays private; its author chose the public credit."
        ),
    )

    def offer(self, needs: tuple[JoinedNeed, ...]) -> None:
        """Let tick needs that wait for a proposal."""
        self.needs.choices = [SelectChoice(each.number, each.text.need) for each in needs]


class ConsultationForm(SeenTextForm):
    """Until when statements are taken."""

    until = OwnDateField(
        _l("Statements until the end of"),
        validators=[Optional()],
        description=_l("In UTC. Empty means: until a vote opens."),
    )

    @property
    def until_instant(self) -> datetime | None:
        """The last instant of the day, in UTC."""
        day = self.until.data
        return None if day is None else datetime.combine(day, time.max, tzinfo=UTC)


class WithdrawForm(Form):
    """Why a proposal is withdrawn."""

    reason = LongTextField(
        _l("Reason"),
        max_length=600,
        required=True,
        description=_l("It is shown with the proposal if the proposal was public."),
    )
