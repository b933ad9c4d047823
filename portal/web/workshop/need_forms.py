"""Forms around needs: the need itself, messages, answers, and what a steward decides."""

from __future__ import annotations

from datetime import UTC, datetime, time

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from portal.domain.errors import Refusal
from portal.domain.needs import (
    MOST_LINE,
    MOST_TEXT,
    TRANSITIONS,
    Credit,
    NeedAction,
    NeedState,
    NeedText,
    Offer,
)
from portal.domain.screening import SCREENING_ACTIONS, TEMPLATE_REASONS, find_template
from portal.queries.workshop.joined_needs import JoinedNeed
from portal.queries.workshop.needs import NeedPage
from portal.web.forms import Form, LongTextField, OnceForm, TextField

CREDITS = {
    Credit.ORGANIZATION: _l("The organization, as maintainers approved its name"),
    Credit.PERSON: _l("My name"),
    Credit.PSEUDONYM: _l("A pseudonym"),
    Credit.NONE: _l("Nobody: it is counted, not named"),
}
OFFERS = {
    Offer.MONEY: _l("Money"),
    Offer.TIME: _l("Working time"),
    Offer.TEST_BED: _l("A test bed"),
}


class NeedForm(OnceForm):
    """A need in its parts; there is no field for urgency, and none for anything else."""

    need = TextField(_l("What is needed, in one sentence"), max_length=MOST_LINE, required=True)
    for_whom = LongTextField(_l("For whom"), max_length=MOST_TEXT)
    evidence = LongTextField(_l("How you know"), max_length=MOST_TEXT)
    cost_of_not = LongTextField(_l("What it costs if nothing is done"), max_length=MOST_TEXT)
    offers = SelectMultipleField(
        _l("What your organization would give"),
        choices=[SelectChoice(each.value, label) for each, label in OFFERS.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    offer = LongTextField(_l("What exactly"), max_length=MOST_TEXT)
    conflicts = LongTextField(_l("Conflicts of interest"), max_length=MOST_TEXT)
    credit = RadioField(
        _l("Credit, once a proposal takes it up"),
        choices=[SelectChoice(each.value, label) for each, label in CREDITS.items()],
        default=Credit.ORGANIZATION.value,
    )
    pseudonym = TextField(_l("Pseudonym"), max_length=60)
    revision = HiddenField()

    def show(self, page: NeedPage) -> None:
        """Fill in a need as one would type it."""
        text = page.text
        for name in ("need", "for_whom", "evidence", "cost_of_not", "offer", "conflicts"):
            self[name].data = getattr(text, name)
        self.offers.data = [each.value for each in text.offers]
        self.credit.data, self.pseudonym.data = text.credit.value, text.pseudonym
        self.revision.data = str(page.revision)

    def read(self) -> NeedText:
        """The need as typed."""
        return NeedText(
            need=self.need.data,
            for_whom=self.for_whom.data,
            evidence=self.evidence.data,
            cost_of_not=self.cost_of_not.data,
            offers=tuple(Offer(each) for each in Offer if each.value in self.offers.data),
            offer=self.offer.data,
            conflicts=self.conflicts.data,
            credit=Credit(self.credit.data),
            pseudonym=self.pseudonym.data,
        )

    @property
    def seen_revision(self) -> int:
        """The revision this form was opened on; refuses a number that nobody was shown."""
        typed = self.revision.data or ""
        if not (typed.isascii() and typed.isdigit() and len(typed) < 10):  # noqa: PLR2004
            raise Refusal("need.revision", "Reload this page: it lost track of its version.")
        return int(typed)


class PersonalNeedForm(NeedForm):
    """A contributor's need: a person states it, so no organization is credited."""

    offers = SelectMultipleField(
        _l("What you would give"),
        choices=[SelectChoice(each.value, label) for each, label in OFFERS.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    credit = RadioField(
        _l("Credit, once a proposal takes it up"),
        choices=[
            SelectChoice(each.value, label)
            for each, label in CREDITS.items()
            if each is not Credit.ORGANIZATION
        ],
        default=Credit.NONE.value,
    )


class MessageForm(OnceForm):
    """A message of the author's side to the maintainers."""

    text = LongTextField(_l("Your message"), max_length=MOST_TEXT)


class AnswerForm(Form):
    """What maintainers say to an author, and what becomes of the need."""

    action = RadioField(
        _l("What becomes of it"),
        choices=[
            SelectChoice("write", _l("Only write to the author")),
            SelectChoice(NeedAction.ANSWER.value, _l("This answers it")),
            SelectChoice(NeedAction.DECLINE.value, _l("Decline it, with this reason")),
            SelectChoice(NeedAction.REOPEN.value, _l("Open it again")),
        ],
        default="write",
    )
    text = LongTextField(_l("Your words"), max_length=MOST_TEXT)
    as_project = BooleanField(_l("Sign as the project, not with my name"))

    def offer(self, state: NeedState) -> None:
        """Show only what the rule book lets follow in a state."""
        allowed = {action.value for held, action in TRANSITIONS if held is state} | {"write"}
        self.action.choices = [each for each in self.action.choices if each.value in allowed]


class TakeUpForm(Form):
    """The proposal that answers a need."""

    proposal = SelectField(_l("Proposal"), coerce=int)

    def offer(self, takers: tuple[tuple[int, str], ...]) -> None:
        """Let choose among proposals, by number and title."""
        self.proposal.choices = [
            SelectChoice(number, f"{number}. {title}") for number, title in takers
        ]


class JoinForm(Form):
    """Needs to tick, and the proposal that is to answer them; 0 is a draft yet to be written."""

    needs = SelectMultipleField(
        _l("Needs"),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validators=[InputRequired(_l("Tick at least one need."))],
    )
    proposal = SelectField(_l("Proposal"), coerce=int)

    def offer(self, needs: tuple[JoinedNeed, ...], takers: tuple[tuple[int, str], ...]) -> None:
        """Let choose among needs and proposals."""
        self.needs.choices = [SelectChoice(each.number, each.text.need) for each in needs]
        self.proposal.choices = [
            SelectChoice(0, _l("A new draft")),
            *(SelectChoice(number, f"{number}. {title}") for number, title in takers),
        ]


class ScreeningForm(Form):
    """One decision of a steward, with a template's reason or words of their own."""

    action = RadioField(
        choices=[SelectChoice(each.value, each.value) for each in SCREENING_ACTIONS]
    )
    template = SelectField(
        _l("Usual reasons"),
        choices=[
            SelectChoice("", _l("None")),
            *(SelectChoice(each.code, each.text) for each in TEMPLATE_REASONS),
        ],
        default="",
    )
    reason = LongTextField(_l("Or in your words"), max_length=900)

    @property
    def said(self) -> str:
        """The reason: one's own words, after the template where both are given."""
        template = find_template(self.template.data or "")
        usual = "" if template is None else template.text
        return "\n\n".join(filter(None, [usual, self.reason.data]))


class IntakeForm(Form):
    """Whether the project takes needs now."""

    paused = BooleanField(_l("Pause the intake"))
    pause_note = TextField(
        _l("A friendly note for those who come meanwhile"),
        max_length=300,
        description=_l("It is public. Empty says: intake rests for now."),
    )
    quiet_until = DateField(
        _l("Quiet time until the end of"),
        validators=[Optional()],
        description=_l("Nobody can submit until then; drafts are kept. Empty means no quiet time."),
    )

    @property
    def quiet_until_instant(self) -> datetime | None:
        """The last instant of the day, in UTC."""
        day = self.quiet_until.data
        return None if day is None else datetime.combine(day, time.max, tzinfo=UTC)
