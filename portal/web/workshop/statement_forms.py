"""Forms around statements: the statement itself, and the maintainers' summary."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField
from wtforms.fields.choices import SelectChoice

from portal.domain.charter import StatementsShown
from portal.domain.needs import Credit
from portal.domain.statements import (
    MOST_CONFLICTS,
    MOST_PSEUDONYM,
    MOST_STATEMENT,
    MOST_SUMMARY,
    StatementPosition,
    StatementText,
)
from portal.queries.workshop.own_statements import OwnStatement
from portal.web.forms import Form, LongTextField, TextField

POSITIONS = {
    StatementPosition.SUPPORT: _l("Support"),
    StatementPosition.WITH_CHANGES: _l("Support with changes"),
    StatementPosition.OBJECT: _l("Object"),
    StatementPosition.NO_POSITION: _l("No position"),
}
STATEMENT_CREDITS = {
    Credit.ORGANIZATION: _l("The organization, as maintainers approved its name"),
    Credit.PERSON: _l("My name"),
    Credit.PSEUDONYM: _l("A pseudonym"),
    Credit.NONE: _l("Nobody"),
}
SHOWN = {
    StatementsShown.NOTHING: _l("The public sees nothing of it."),
    StatementsShown.POSITIONS: _l(
        "The public sees your position under the name you choose, and the maintainers' summary."
    ),
    StatementsShown.EVERYTHING: _l("The public sees it under the name you choose."),
}


class StatementForm(Form):
    """A position, three fields and a credit; there is nothing to reply to, and nothing to rate."""

    position = RadioField(
        _l("Position"),
        choices=[SelectChoice(each.value, label) for each, label in POSITIONS.items()],
    )
    meaning = LongTextField(_l("What it would mean"), max_length=MOST_STATEMENT)
    changes = LongTextField(_l("What would have to change"), max_length=MOST_STATEMENT)
    conflicts = LongTextField(_l("Conflicts of interest"), max_length=MOST_CONFLICTS)
    credit = RadioField(
        _l("Shown under the name of"),
        choices=[SelectChoice(each.value, label) for each, label in STATEMENT_CREDITS.items()],
        default=Credit.ORGANIZATION.value,
    )
    pseudonym = TextField(_l("Pseudonym"), max_length=MOST_PSEUDONYM)
    revision = HiddenField(default="0")

    def speak_in_person(self) -> None:
        """Take away the credit of an organization: there is none to name."""
        self.credit.choices = [
            each for each in self.credit.choices if each.value != Credit.ORGANIZATION
        ]

    def show(self, own: OwnStatement) -> None:
        """Fill in a statement as one would type it."""
        text = own.text
        self.position.data, self.credit.data = text.position.value, text.credit.value
        for name in ("meaning", "changes", "conflicts"):
            self[name].data = getattr(text, name)
        self.pseudonym.data = text.pseudonym or self.pseudonym.data

    def read(self) -> StatementText:
        """The statement as typed."""
        credit = Credit(self.credit.data)
        return StatementText(
            position=StatementPosition(self.position.data),
            meaning=self.meaning.data,
            changes=self.changes.data,
            conflicts=self.conflicts.data,
            credit=credit,
            pseudonym=self.pseudonym.data if credit is Credit.PSEUDONYM else "",
        )

    @property
    def seen(self) -> int:
        """The revision this form was opened on; -1, which never stands, if it was tampered with."""
        return _number(self.revision.data)


class SummaryForm(Form):
    """What the maintainers make of the statements."""

    text = LongTextField(
        _l("Summary"),
        max_length=MOST_SUMMARY,
        description=_l("Markdown. What was said, what follows from it, what stays open."),
    )
    revision = HiddenField(default="0")

    @property
    def seen(self) -> int:
        """The revision this form was opened on; -1, which never stands, if it was tampered with."""
        return _number(self.revision.data)


def _number(raw: str | None) -> int:
    raw = raw or ""
    well_formed = raw.isascii() and raw.isdigit() and len(raw) < 10  # noqa: PLR2004
    return int(raw) if well_formed else -1
