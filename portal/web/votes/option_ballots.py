"""A ballot as it is posted, and as the validator of its method reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, RadioField
from wtforms.fields.choices import SelectChoice

from portal.domain.errors import DomainError, Refusal
from portal.domain.papers import BallotPaper
from portal.domain.tally.reading import DOUBLED_OPTION
from portal.domain.votes import Method
from portal.web.forms import Form, LongTextField, refused

_MOST_DIGITS = 6
_APPROVED = "approved"
_NUMBERS: Mapping[Method, str] = {
    Method.RANKED: "ranks",
    Method.SCORE: "scores",
    Method.BUDGET: "points",
    Method.QUADRATIC: "votes",
}
_NAMES = (_APPROVED, *_NUMBERS.values())


def choice_name(paper: BallotPaper) -> str:
    """The field of a raw ballot that holds the choice; its controls are named after it."""
    if paper.method is Method.APPROVAL or (paper.method is Method.BUDGET and not paper.points):
        return _APPROVED
    return _NUMBERS[paper.method]


class ChoiceField(Field):  # type: ignore[misc]
    """The controls of a choice over options; ``typed`` is what stands in each, by its name."""

    typed: Mapping[str, str] = {}

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read nothing: a choice is read as a whole, crafted fields included."""


class BallotForm(Form):
    """A ballot by any method; the rule book's validator says what is one."""

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
    choice = ChoiceField(_l("Your choice"))
    recused = BooleanField(
        _l("Recuse yourself"),
        description=_l("A conflict of interest: counts as present, and chooses nothing."),
    )
    reason = LongTextField(_l("Reason"), max_length=1000)
    conflict = LongTextField(
        _l("Conflict of interest"),
        max_length=1000,
        description=_l("Optional: what others should know of your interests in this question."),
    )

    def refuse(self, error: DomainError) -> None:
        """Show a refusal at its control; all options are one."""
        if error.field in _NAMES:
            error = Refusal(error.code, error.message, field="choice")
        refused(self, error)


def cast_form(choice: Mapping[str, Any], reason: str, conflict: str) -> BallotForm:
    """The form with the ballot that stands in it."""
    recused = "recused" in choice
    form = BallotForm(
        position="recused" if recused else choice.get("position"),
        recused=recused,
        reason=reason,
        conflict=conflict,
    )
    for name in _NAMES:
        if name in choice:
            given = choice[name]
            numbers = given if isinstance(given, Mapping) else dict.fromkeys(given, "y")
            form.choice.typed = {
                f"{name}.{option}": str(number) for option, number in numbers.items()
            }
    return form


def posted_form(posted: MultiDict[str, str]) -> BallotForm:
    """The form with what was posted in its controls."""
    form = BallotForm()
    typed = {name: value for name, value in posted.items() if name.partition(".")[0] in _NAMES}
    typed |= {f"{_APPROVED}.{option}": "y" for option in posted.getlist(_APPROVED)}
    form.choice.typed = typed
    return form


def read_posted(posted: MultiDict[str, str]) -> dict[str, Any]:
    """The raw ballot as it was posted, crafted fields included: the validator is to see them.

    Refuses a control that was posted twice, since a ballot cannot say two things of one option.
    """
    fields = posted.to_dict(flat=False)
    fields.pop("csrf_token", None)
    for name in ("reason", "conflict"):
        if len(fields.get(name, ())) == 1:
            del fields[name]
    raw: dict[str, Any] = {}
    if _APPROVED in fields:
        # An empty value says that the boxes were there, should nobody have ticked one.
        raw[_APPROVED] = [option for option in fields.pop(_APPROVED) if option]
    for key in list(fields):
        name, dot, option = key.partition(".")
        if dot and name in _NUMBERS.values():
            given = raw.setdefault(name, {})
            if (number := _number(name, fields.pop(key))) is not None:
                given[option] = number
    if fields.get("recused") == ["y"] or fields.get("position") == ["recused"]:
        fields.pop("recused", None)
        fields.pop("position", None)
        raw = {name: choice for name, choice in raw.items() if choice} | {"recused": True}
    return raw | {
        name: values[0] if len(values) == 1 else values for name, values in fields.items()
    }


def _number(name: str, values: list[str]) -> int | str | None:
    """What stands in one control; nothing for an empty one, and as it is what is no number."""
    if len(values) > 1:
        raise Refusal(DOUBLED_OPTION, "This ballot names an option twice.", field=name)
    text = values[0].strip()
    plain = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if plain else text or None
