"""The forms of a decision record and of a roadmap item."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from portal.domain.decisions import DecisionKind, ReviewFinding, RoadmapAction, RoadmapOwner
from portal.web.forms import Form, LongTextField, OnceForm, TextField, WebAddressField

KINDS = {
    DecisionKind.ACCEPTED: _l("Accepted"),
    DecisionKind.DECLINED: _l("Declined"),
    DecisionKind.DEFERRED: _l("Deferred"),
    DecisionKind.BACK_TO_WORK: _l("Back to work"),
}
FINDINGS = {
    ReviewFinding.STANDS: _l("It stands"),
    ReviewFinding.DONE: _l("It is carried out"),
    ReviewFinding.REVISIT: _l("It no longer fits"),
}
OWNERS = {
    RoadmapOwner.NOBODY: _l("Nobody yet"),
    RoadmapOwner.MAINTAINERS: _l("The maintainers"),
    RoadmapOwner.LEAD: _l("The lead"),
    RoadmapOwner.CONTRIBUTOR: _l("A contributor"),
    RoadmapOwner.SPONSOR: _l("A sponsor’s people"),
}
ACTIONS = {
    RoadmapAction.NOTE: _l("Note progress"),
    RoadmapAction.START: _l("Work has started"),
    RoadmapAction.PAUSE: _l("Work is paused"),
    RoadmapAction.SHIP: _l("It is shipped"),
    RoadmapAction.DROP: _l("Drop it"),
    RoadmapAction.RESUME: _l("Take it up again"),
}


class OwnDateField(DateField):  # type: ignore[misc]
    """A date; what cannot be read is said in a sentence."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read an ISO date."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Type a date such as 2027-03-31.")) from None


class DecisionForm(Form):
    """What the maintainers decided, and why."""

    kind = RadioField(
        _l("Decision"),
        choices=[SelectChoice(kind.value, label) for kind, label in KINDS.items()],
        validators=[InputRequired(_l("Choose what was decided."))],
    )
    reasons = LongTextField(
        _l("Reasons"),
        max_length=20_000,
        required=True,
        description=_l(
            "Published with the decision. Say most where it departs from the outcome. Markdown."
        ),
    )
    responsible = TextField(
        _l("Responsible"),
        max_length=120,
        required=True,
        description=_l("Who sees to it that this decision is carried out."),
    )
    review_on = OwnDateField(
        _l("Review on"),
        description=_l("When you look at this decision again."),
        validators=[InputRequired(_l("Set a date on which you look at this decision again."))],
    )


class ReviewForm(OnceForm):
    """A look back at a decision."""

    finding = RadioField(
        _l("What you found"),
        choices=[SelectChoice(each.value, label) for each, label in FINDINGS.items()],
        validators=[InputRequired(_l("Choose what you found."))],
    )
    text = LongTextField(
        _l("Why"),
        max_length=4000,
        required=True,
        description=_l("Published beside the decision, which stays as it was written. Markdown."),
    )
    next_review_on = OwnDateField(
        _l("Look again on"),
        description=_l("Leave it empty where nothing is left to look at."),
        validators=[Optional()],
    )


class ProgressForm(Form):
    """A step of a roadmap item, or a note on it."""

    action = RadioField(
        _l("What happened"), validators=[InputRequired(_l("Choose what happened."))]
    )
    text = LongTextField(
        _l("Report"), max_length=1000, description=_l("A sentence or two, shown on the roadmap.")
    )
    owner = RadioField(
        _l("In whose hands"),
        choices=[SelectChoice(each.value, label) for each, label in OWNERS.items()],
        description=_l("A role: nobody is to be asked in person why it takes as long as it takes."),
        validators=[InputRequired(_l("Choose in whose hands it is."))],
    )
    credit = TextField(
        _l("Credit"),
        max_length=120,
        description=_l(
            "Only for a contributor or a sponsor who wishes to be named. Otherwise leave it empty."
        ),
    )
    shipped_url = WebAddressField(
        _l("Link"),
        max_length=300,
        description=_l("When it is shipped: the release or the change, with https://."),
    )

    def offer(self, actions: list[RoadmapAction]) -> None:
        """Offer the steps that are open to the item."""
        self.action.choices = [SelectChoice(action.value, ACTIONS[action]) for action in actions]


def name_owner(owner: RoadmapOwner, credit: str = "") -> str:
    """In whose hands an item is, in words; a credit stands for itself."""
    return credit or str(OWNERS[owner])
