"""The form of a tier: what one version sells, with its benefits as typed entitlements."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from portal.domain.errors import Refusal
from portal.domain.tiers import (
    MOST_CAPACITY,
    MOST_WEIGHT,
    Audience,
    Benefit,
    EarlyAccess,
    Interval,
    Logo,
    LogoSize,
    Mention,
    NamedContact,
    Needs,
    Support,
    TextLine,
    TierTerms,
)
from portal.web.exact_fields import MoneyField, WholeField
from portal.web.forms import LongTextField, OnceForm, TextField

_MOST_TEXT = 2000


class TierForm(OnceForm):
    """Everything a version of a tier says, with the number of the version it was opened on."""

    number = HiddenField()
    name = TextField(_l("Name"), max_length=80, required=True)
    description = LongTextField(
        _l("Description"), max_length=600, description=_l("For whom it is, in a sentence or two.")
    )
    price = MoneyField(_l("Price"), required=True)
    interval = RadioField(
        _l("Charged"),
        choices=[
            SelectChoice(Interval.YEAR.value, _l("Every year")),
            SelectChoice(Interval.MONTH.value, _l("Every month")),
            SelectChoice(Interval.WEEK.value, _l("Every week")),
            SelectChoice(Interval.ONE_TIME.value, _l("Once, for one year")),
        ],
        default=Interval.YEAR.value,
    )
    voting_weight = WholeField(
        _l("Voting weight"),
        least=0,
        most=MOST_WEIGHT,
        required=True,
        description=_l("Before damping and cap. 0 gives no vote."),
    )
    audience = RadioField(
        _l("For whom"),
        choices=[
            SelectChoice(Audience.ORGANIZATION.value, _l("Organizations")),
            SelectChoice(Audience.PERSON.value, _l("People")),
        ],
        default=Audience.ORGANIZATION.value,
    )
    capacity = WholeField(
        _l("Places"), least=1, most=MOST_CAPACITY, description=_l("Empty means no limit.")
    )
    sold_from = DateField(_l("First day of sale"), validators=[Optional()])
    sold_until = DateField(_l("Last day of sale"), validators=[Optional()])
    logo = SelectField(
        _l("Logo on the sponsors page"),
        choices=[
            SelectChoice("", _l("None")),
            SelectChoice(LogoSize.SMALL.value, _l("Small")),
            SelectChoice(LogoSize.MEDIUM.value, _l("Medium")),
            SelectChoice(LogoSize.LARGE.value, _l("Large")),
            SelectChoice(LogoSize.LEAD.value, _l("At the head of the page")),
        ],
        default="",
    )
    support_requests = WholeField(_l("Support requests a quarter"), least=1, most=1000)
    support_days = WholeField(_l("First answer within, in working days"), least=1, most=90)
    needs_at_once = WholeField(
        _l("Needs with the maintainers at a time"),
        least=1,
        most=100,
        description=_l("Empty means three."),
    )
    early_access_days = WholeField(_l("Releases early, in days"), least=1, most=365)
    named_contact = BooleanField(_l("A named contact among the maintainers"))
    mention = BooleanField(_l("Named in the notes of each release"))
    text_lines = LongTextField(
        _l("Other benefits"),
        max_length=_MOST_TEXT,
        description=_l("One on each line, at most ten."),
    )

    def show(self, terms: TierTerms, number: int) -> None:
        """Fill in a version as one would type it."""
        self.number.data = str(number)
        for name in ("name", "description", "sold_from", "sold_until"):
            self[name].data = getattr(terms, name)
        self.interval.data, self.audience.data = terms.interval.value, terms.audience.value
        self.price.show(terms.price)
        self.voting_weight.data = str(terms.voting_weight)
        self.capacity.data = "" if terms.capacity is None else str(terms.capacity)
        for benefit in terms.benefits:
            match benefit:
                case Logo(size):
                    self.logo.data = size.value
                case Support(per_quarter, answer_days):
                    self.support_requests.data = str(per_quarter)
                    self.support_days.data = str(answer_days)
                case Needs(at_once):
                    self.needs_at_once.data = str(at_once)
                case EarlyAccess(days):
                    self.early_access_days.data = str(days)
                case NamedContact():
                    self.named_contact.data = True
                case Mention():
                    self.mention.data = True
                case TextLine(text):
                    lines = [*filter(None, [self.text_lines.data]), text]
                    self.text_lines.data = "\n".join(lines)

    def read(self) -> TierTerms:
        """The version as typed; refuses, by field, what cannot be sold."""
        return TierTerms(
            name=self.name.data,
            description=self.description.data,
            price=self.price.money,
            interval=Interval(self.interval.data),
            voting_weight=self.voting_weight.number or 0,
            audience=Audience(self.audience.data),
            capacity=self.capacity.number,
            sold_from=self.sold_from.data,
            sold_until=self.sold_until.data,
            benefits=tuple(self._benefits()),
        )

    def _benefits(self) -> list[Benefit]:
        """The benefits as typed, in the order in which they are shown."""
        benefits: list[Benefit] = []
        if self.logo.data:
            benefits.append(Logo(LogoSize(self.logo.data)))
        requests, days = self.support_requests.number, self.support_days.number
        if (requests is None) != (days is None):
            missing = "support_requests" if requests is None else "support_days"
            raise Refusal(
                "tier.support",
                "Say both: how many requests, and within how many days one is answered.",
                field=missing,
            )
        if requests is not None and days is not None:
            benefits.append(Support(requests, days))
        if self.needs_at_once.number is not None:
            benefits.append(Needs(self.needs_at_once.number))
        if self.early_access_days.number is not None:
            benefits.append(EarlyAccess(self.early_access_days.number))
        if self.named_contact.data:
            benefits.append(NamedContact())
        if self.mention.data:
            benefits.append(Mention())
        lines = (line.strip() for line in (self.text_lines.data or "").splitlines())
        return [*benefits, *(TextLine(line) for line in lines if line)]

    @property
    def seen_number(self) -> int:
        """The version this form was opened on; refuses a number that nobody was shown."""
        typed = self.number.data or ""
        if not (typed.isascii() and typed.isdigit() and len(typed) < 10):  # noqa: PLR2004
            raise Refusal("tier.number", "Reload this page: it lost track of its version.")
        return int(typed)
