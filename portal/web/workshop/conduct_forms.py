"""Forms for conduct reports and blocks."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.domain.conduct import (
    MOST_PAGE,
    MOST_REASON,
    MOST_WHAT,
    MOST_WHO,
    ReportEnding,
)
from portal.queries.workshop.conduct import Holder
from portal.web.forms import Form, LongTextField, OnceForm, TextField

ENDINGS = {
    ReportEnding.TALKED: _l("We talked with those involved"),
    ReportEnding.MEASURES: _l("We took measures"),
    ReportEnding.NO_BREACH: _l("We saw nothing against how we work"),
    ReportEnding.ELSEWHERE: _l("It belongs elsewhere"),
}


class ReportForm(OnceForm):
    """What happened, where, whom it is about, and who must never see it."""

    what = LongTextField(
        _l("What happened"),
        max_length=MOST_WHAT,
        required=True,
        missing=_l("Say what happened, in your own words."),
        description=_l("In your own words, as far as you want to tell it."),
    )
    page = TextField(
        _l("Where"),
        max_length=MOST_PAGE,
        description=_l(
            "The address of a page here: a need, a statement, a proposal. Or leave it empty."
        ),
    )
    who = TextField(
        _l("Whom it is about"), max_length=MOST_WHO, description=_l("If you want to say it.")
    )
    kept_away = SelectMultipleField(
        _l("Who must not see it"),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description=_l(
            "Tick every maintainer it is about or whom you do not trust with it. They see nothing"
            " of it, whatever roles they hold or are given."
        ),
    )

    def offer(self, holders: tuple[Holder, ...]) -> None:
        """Let choose among the project's maintainers."""
        self.kept_away.choices = [SelectChoice(each.person_id, each.name) for each in holders]


class NoteForm(OnceForm):
    """A note between the reporter and the stewards."""

    text = LongTextField(
        _l("A note"), max_length=MOST_WHAT, required=True, missing=_l("Write something first.")
    )


class EndingForm(Form):
    """What was done, and why."""

    ending = RadioField(
        _l("What was done"),
        choices=[SelectChoice(each.value, label) for each, label in ENDINGS.items()],
        default=ReportEnding.TALKED.value,
    )
    reason = LongTextField(
        _l("In your words"),
        max_length=MOST_REASON,
        required=True,
        missing=_l("Say what was done and why: the reporter reads it."),
        description=_l("The reporter reads it. Do not tell them what others are owed in private."),
    )


class PersonForm(Form):
    """Somebody to choose among those whom the page offers."""

    person = SelectField(_l("Person"), coerce=int, default=0)

    def offer(self, people: tuple[tuple[int, str], ...]) -> None:
        """Let choose among people, by id and label."""
        self.person.choices = [
            SelectChoice(0, _l("Choose somebody")),
            *(SelectChoice(*each) for each in people),
        ]

    def validate_person(self, field: SelectField) -> None:
        """Nobody is chosen unless somebody was."""
        if not field.data:
            raise ValidationError(_l("Choose somebody."))


class BlockForm(PersonForm):
    """Whom to block, and why."""

    note = TextField(
        _l("Why"),
        max_length=500,
        description=_l("For the stewards alone."),
    )
