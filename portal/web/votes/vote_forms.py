"""The form that opens a vote: the question, the window, and the ballot paper."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateTimeLocalField, FieldList, FormField, HiddenField, RadioField
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice

from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.papers import (
    HAS_SEATS,
    MOST_OPTIONS,
    MOST_POINTS,
    YES_NO_PAPER,
    BallotPaper,
    Option,
)
from portal.domain.tally.options import Unranked
from portal.domain.votes import Method
from portal.queries.votes.openings import OfferedProposal
from portal.web.exact_fields import MoneyField, WholeField
from portal.web.forms import Form, TextField

_MOST_DIGITS = 9
_TYPED = "%Y-%m-%dT%H:%M"


class InstantField(DateTimeLocalField):  # type: ignore[misc]
    """A date and a time in UTC, to the minute; what says another zone is refused."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what browsers send, and what people type where there is no picker."""
        raw = (valuelist[0] if valuelist else "").strip().removesuffix("UTC").removesuffix("Z")
        self.data = None
        if not raw:
            return
        for form in (_TYPED, f"{_TYPED}:%S"):
            with suppress(ValueError):
                typed = datetime.strptime(raw.strip().replace(" ", "T"), form).replace(tzinfo=UTC)
                self.data = typed.replace(second=0)
        if self.data is None:
            raise ValueError(_("Type a date and a time in UTC, such as 2027-03-31T12:00."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.strftime(_TYPED) if self.data else ""


class OptionForm(PlainForm):  # type: ignore[misc]
    """One option as it is written down; a row without a name, a text and a cost is none."""

    name = TextField(_l("Option"), max_length=120)
    text = TextField(_l("In short"), max_length=300)
    cost = MoneyField(_l("Cost"))


class ProposalForm(PlainForm):  # type: ignore[misc]
    """A proposal in consultation that may stand in the vote as an option."""

    number = HiddenField()
    revision = HiddenField()
    chosen = BooleanField(_l("Stands as an option"))
    cost = MoneyField(_l("Cost"))
    title = ""


class OpenVoteForm(Form):
    """What maintainers choose when they open a vote; all else stands in the charter."""

    seal = HiddenField()
    method = HiddenField(default=Method.YES_NO.value)
    merged = HiddenField()
    question = TextField(_l("Question"), max_length=300, required=True)
    closes_at = InstantField(
        _l("Closes at (UTC)"), description=_l("At least one hour and at most 90 days from now.")
    )
    options = FieldList(
        FormField(OptionForm), label=_l("Options"), min_entries=4, max_entries=MOST_OPTIONS
    )
    proposals = FieldList(
        FormField(ProposalForm), label=_l("Proposals that stand as options"), max_entries=40
    )
    seats = WholeField(_l("How many options are chosen"), least=1, most=MOST_OPTIONS, default="1")
    unranked = RadioField(
        _l("An option left unranked"),
        choices=[
            SelectChoice(Unranked.ABSTAIN.value, _l("is not compared with any other")),
            SelectChoice(Unranked.LAST.value, _l("counts as ranked last")),
        ],
        default=Unranked.ABSTAIN.value,
    )
    budget = MoneyField(_l("The sum to spend"))
    points = WholeField(
        _l("Points on each ballot"),
        least=0,
        most=MOST_POINTS,
        default="0",
        description=_l("0: electors tick what should be funded. More: they spread points."),
    )
    fill = BooleanField(
        _l("Spend what is left"),
        description=_l("On whatever still fits, by the weight behind it."),
    )

    def read_close(self) -> datetime:
        """The close that was typed; refuses an empty field."""
        if self.closes_at.data is None:
            raise Refusal("vote.close_missing", _("Say when the vote closes."), field="closes_at")
        return self.closes_at.data

    def read_method(self) -> Method:
        """The method that was chosen before; refuses a crafted one."""
        try:
            return Method(self.method.data or "")
        except ValueError:
            raise Refusal("vote.method", _("Choose one of the methods.")) from None

    def read_paper(self, currency: str) -> BallotPaper:
        """The ballot paper as it was written; whether it can be voted on is the rule book's say."""
        method = self.read_method()
        if method is Method.YES_NO:
            return YES_NO_PAPER
        spends = method is Method.BUDGET
        written = [row.form for row in self.options]
        return BallotPaper(
            method=method,
            options=self._standing(currency, spends=spends)
            + tuple(
                Option(
                    "",
                    row.name.data,
                    row.text.data,
                    _read_money(row.cost, currency, "options").amount_minor if spends else None,
                )
                for row in written
                if row.name.data or row.text.data or row.cost.data
            ),
            seats=self.seats.number or 0 if method in HAS_SEATS else 1,
            unranked=Unranked(self.unranked.data),
            budget=_read_money(self.budget, currency, "budget") if spends else None,
            points=self.points.number or 0,
            fill=self.fill.data,
        )

    def _standing(self, currency: str, *, spends: bool) -> tuple[Option, ...]:
        """The proposals that were ticked, as options; the service knows their texts."""
        return tuple(
            Option(
                "",
                row.title or row.number.data,
                cost=_read_money(row.cost, currency, "proposals").amount_minor if spends else None,
                proposal=_whole(row.number.data),
            )
            for row in (entry.form for entry in self.proposals)
            if row.chosen.data
        )

    def read_revisions(self, number: int) -> dict[int, int]:
        """The other proposals that were ticked, as they were read, by number."""
        return {
            _whole(row.number.data): _whole(row.revision.data)
            for row in (entry.form for entry in self.proposals)
            if row.chosen.data and _whole(row.number.data) != number
        }

    def offer(self, offered: Sequence[OfferedProposal], *, fresh: bool) -> None:
        """Put the proposals that may stand in the vote on the form, as they are now if ``fresh``.

        Where they were posted they keep what was chosen.
        """
        by_number = {str(each.number): each for each in offered}
        for each in offered if not self.proposals else ():
            self.proposals.append_entry({"number": str(each.number)})
        for row in (entry.form for entry in self.proposals):
            if found := by_number.get(row.number.data):
                row.title = found.title
                if fresh:
                    row.revision.data = str(found.revision)

    def more_options(self) -> None:
        """Add empty rows, as far as there is room."""
        for _row in range(min(4, MOST_OPTIONS - len(self.options))):
            self.options.append_entry()


def _whole(text: str | None) -> int:
    """A number that the page itself handed out; anything else names nothing."""
    plain = text is not None and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if plain and text else 0


def _read_money(field: MoneyField, currency: str, where: str) -> Money:
    """The amount in a field; a refusal is shown where the form has room for it."""
    field.currency = currency
    try:
        return field.money
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, field=where) from None
