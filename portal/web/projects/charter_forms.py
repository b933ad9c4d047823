"""The form of the charter."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice

from portal.domain.charter import (
    DAYS,
    Charter,
    ContributorsVoice,
    DecisionMode,
    PrivacyMode,
    StatementsShown,
    percent,
)
from portal.domain.errors import Refusal
from portal.domain.weights import Damping
from portal.web.exact_fields import ShareField, WholeField
from portal.web.forms import Form, TextField

_CHOICES = {
    "damping": (
        (Damping.LINEAR, _l("As the tier says")),
        (Damping.SQRT, _l("Square root")),
        (Damping.EQUAL, _l("All the same")),
    ),
    "mode": (
        (DecisionMode.ADVISORY, _l("Advisory")),
        (DecisionMode.TWO_HOUSES, _l("Two houses")),
        (DecisionMode.BINDING, _l("Binding")),
    ),
    "contributors": (
        (ContributorsVoice.NONE, _l("No ballot")),
        (ContributorsVoice.MAINTAINERS, _l("In the maintainers' house")),
        (ContributorsVoice.HOUSE, _l("In a house of their own")),
    ),
    "privacy": (
        (PrivacyMode.SEALED_ROLL_CALL, _l("Sealed, then a public roll call")),
        (PrivacyMode.SECRET_AGGREGATE, _l("Secret, only totals")),
    ),
    "statements_shown": (
        (StatementsShown.NOTHING, _l("Nothing")),
        (StatementsShown.POSITIONS, _l("Positions and the summary")),
        (StatementsShown.EVERYTHING, _l("Everything that was released")),
    ),
}
_SHARES = ("cap", "quorum_weight", "quorum_electors", "threshold")


def _days(name: str, label: str, description: str) -> WholeField:
    least, most = DAYS[name]
    return WholeField(label, least=least, most=most, required=True, description=description)


def _radio(name: str, label: str) -> RadioField:
    choices = [SelectChoice(member.value, words) for member, words in _CHOICES[name]]
    return RadioField(label, choices=choices)


class WhatIfForm(Form):
    """What anybody may turn to see what it would do: damping, cap and threshold."""

    damping = _radio("damping", _l("From the tier to the weight"))
    cap = ShareField(
        _l("Cap on one elector's share"),
        required=True,
        description=_l("1/4, 25% or 0.25. 1 means no cap."),
    )
    threshold = ShareField(
        _l("Threshold"),
        description=_l("A share above one half, such as 2/3. Empty means more for than against."),
    )

    def show(self, charter: Charter) -> None:
        """Fill in the charter in force."""
        self.damping.data, self.cap.data = charter.damping, percent(charter.cap)
        self.threshold.data = "" if charter.threshold is None else percent(charter.threshold)

    def read(self, charter: Charter) -> Charter:
        """The charter as it would be; refuses, by field, what no vote could be held under."""
        return replace(
            charter,
            damping=Damping(self.damping.data),
            cap=self.cap.share or Fraction(0),
            threshold=self.threshold.share,
        )


class CharterForm(Form):
    """Every setting of a charter, with the number of the version it was opened on."""

    number = HiddenField()
    damping = _radio("damping", _l("From the tier to the weight"))
    cap = ShareField(
        _l("Cap on one elector's share"),
        required=True,
        description=_l("1/4, 25% or 0.25. 1 means no cap."),
    )
    quorum_weight = ShareField(
        _l("Quorum, of the weight"), required=True, description=_l("0 means none.")
    )
    quorum_electors = ShareField(
        _l("Quorum, of the electors"), required=True, description=_l("0 means none.")
    )
    threshold = ShareField(
        _l("Threshold"),
        description=_l(
            "A share above one half of the weight for and against, such as 2/3. Empty means more"
            " for than against."
        ),
    )
    mode = _radio("mode", _l("What an outcome obliges to"))
    contributors = _radio("contributors", _l("Voice of contributors"))
    privacy = _radio("privacy", _l("Privacy of ballots"))
    seasoning_days = _days(
        "seasoning_days",
        _l("Seasoning, in days"),
        _l("How long a sponsorship is paid and active before it carries weight."),
    )
    window_days = _days(
        "window_days",
        _l("Window, in days"),
        _l("How long a vote is open, unless it says otherwise."),
    )
    grace_days = _days(
        "grace_days", _l("Grace, in days"), _l("From a missed payment until the weight is gone.")
    )
    reason_required = BooleanField(_l("Whoever votes against gives a reason"))
    veto_allowed = BooleanField(_l("Maintainers may veto what was carried"))
    statements_shown = _radio("statements_shown", _l("What the public sees of statements"))
    note = TextField(
        _l("Why this change"),
        max_length=500,
        description=_l("One line, public beside the new version."),
    )

    def show(self, charter: Charter, number: int) -> None:
        """Fill in a charter as one would type it."""
        self.number.data = str(number)
        for name in (*_CHOICES, "reason_required", "veto_allowed"):
            self[name].data = getattr(charter, name)
        for name in DAYS:
            self[name].data = str(getattr(charter, name))
        for name in _SHARES:
            share = getattr(charter, name)
            self[name].data = "" if share is None else percent(share)

    def read(self) -> Charter:
        """The charter as typed; refuses, by field, what no vote could be held under."""
        shares = {name: self[name].share for name in _SHARES}
        days = {name: self[name].number for name in DAYS}
        return Charter(
            damping=Damping(self.damping.data),
            mode=DecisionMode(self.mode.data),
            privacy=PrivacyMode(self.privacy.data),
            reason_required=self.reason_required.data,
            veto_allowed=self.veto_allowed.data,
            statements_shown=StatementsShown(self.statements_shown.data),
            contributors=ContributorsVoice(self.contributors.data),
            **shares,
            **days,
        )

    @property
    def seen_number(self) -> int:
        """The version this form was opened on; refuses a number that nobody was shown."""
        typed = self.number.data or ""
        if not (typed.isascii() and typed.isdigit() and len(typed) < 10):  # noqa: PLR2004
            raise Refusal("charter.number", "Reload this page: it lost track of its version.")
        return int(typed)
