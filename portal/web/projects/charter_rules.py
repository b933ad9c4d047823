"""A charter in sentences, made from the very configuration that the tally reads."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.domain.charter import (
    Charter,
    ContributorsVoice,
    DecisionMode,
    PrivacyMode,
    StatementsShown,
    percent,
)
from portal.domain.decisions import VETO_DAYS
from portal.domain.weights import Damping


class Rule(NamedTuple):
    """One rule: what it is about, and the sentence."""

    title: str
    sentence: str


def describe_charter(charter: Charter) -> list[Rule]:
    """All rules of a charter, in the order in which a vote meets them."""
    return [
        Rule(_("Who has a voice"), _seasoning(charter)),
        Rule(_("Related companies"), _(
            "Companies that belong together are one elector with one ballot. It weighs as much as"
            " the largest tier among them, not the sum.")),
        Rule(_("Weight"), _damping(charter.damping)),
        Rule(_("Cap"), _cap(charter.cap)),
        Rule(_("Maintainers"), _("Each maintainer weighs 1 in the maintainers' house.")),
        Rule(_("Contributors"), describe_voice(charter.contributors)),
        Rule(_("What an outcome means"), _mode(charter)),
        Rule(_("Threshold"), _threshold(charter.threshold)),
        Rule(_("Quorum"), _quorum(charter.quorum_weight, charter.quorum_electors)),
        Rule(_("Window"), ngettext(
            "A vote is open for %(num)s day unless another window is announced at its opening.",
            "A vote is open for %(num)s days unless another window is announced at its opening.",
            charter.window_days)),
        Rule(_("Who sees what"), _privacy(charter.privacy)),
        Rule(_("Reasons"), _reasons(charter)),
        Rule(_("Statements in consultation"), _statements(charter.statements_shown)),
        Rule(_("A missed payment"), _grace(charter.grace_days)),
    ]  # fmt: skip


def describe_weight(damping: Damping, cap: Fraction) -> str:
    """How a tier becomes a weight, in a few sentences."""
    return f"{_damping(damping)} {_cap(cap)}"


def describe_voice(voice: ContributorsVoice) -> str:
    """What voice those have whom maintainers invited for their work."""
    return {
        ContributorsVoice.NONE: _(
            "Contributors, whom the maintainers invite for their work, have no ballot."
        ),
        ContributorsVoice.MAINTAINERS: _(
            "Contributors, whom the maintainers invite for their work, each weigh 1 in the"
            " maintainers' house. No payment makes anybody a contributor."
        ),
        ContributorsVoice.HOUSE: _(
            "Contributors, whom the maintainers invite for their work, each weigh 1 in a house of"
            " their own, which is counted and shown beside the others and decides nothing. No"
            " payment makes anybody a contributor."
        ),
    }[voice]


def _seasoning(charter: Charter) -> str:
    if charter.seasoning_days == 0:
        return _("A sponsorship carries weight as soon as it is paid and active.")
    return ngettext(
        "A sponsorship carries weight once it has been paid and active for %(num)s day.",
        "A sponsorship carries weight once it has been paid and active for %(num)s days.",
        charter.seasoning_days,
    )


def _damping(damping: Damping) -> str:
    return {
        Damping.LINEAR: _("An elector weighs as much as its tier says."),
        Damping.SQRT: _(
            "An elector weighs the square root of what its tier says: four times the tier is twice"
            " the weight."
        ),
        Damping.EQUAL: _("Every elector weighs the same, whatever its tier."),
    }[damping]


def _cap(cap: Fraction) -> str:
    if cap == 1:
        return _("There is no cap: one elector may hold any share of the weight.")
    return _(
        "No elector holds more than %(share)s of the weight in its house, as long as there are"
        " enough electors for that; with fewer, all weigh the same.",
        share=percent(cap),
    )


def _mode(charter: Charter) -> str:
    binding = _("The decision must follow the outcome.")
    veto = _(
        "The maintainers may veto what was carried, with public reasons, within %(days)s days of"
        " the close.",
        days=VETO_DAYS,
    )
    none = _("There is no veto.")
    return {
        DecisionMode.ADVISORY: _(
            "Outcomes advise. The maintainers decide and publish their reasons, most of all where"
            " they depart from the outcome."
        ),
        DecisionMode.TWO_HOUSES: _(
            "A question is carried only if the sponsors' house and the maintainers' house each"
            " carry it."
        ),
        DecisionMode.BINDING: f"{binding} {veto if charter.veto_allowed else none}",
    }[charter.mode]


def _threshold(threshold: Fraction | None) -> str:
    if threshold is None:
        return _(
            "A question needs more weight for it than against it. Abstentions do not count; a tie"
            " fails."
        )
    return _(
        "A question needs at least %(share)s of the weight that is cast for or against."
        " Abstentions do not count.",
        share=percent(threshold),
    )


def _quorum(weight: Fraction, electors: Fraction) -> str:
    if weight == electors == 0:
        return _("There is no quorum: whoever takes part decides.")
    parts = []
    if weight:
        parts.append(_("%(share)s of the weight", share=percent(weight)))
    if electors:
        parts.append(_("%(share)s of the electors", share=percent(electors)))
    return _(
        "A vote counts only if %(share)s take part. Abstentions and recusals count as taking part.",
        share=_(" and ").join(parts),
    )


def _privacy(privacy: PrivacyMode) -> str:
    return {
        PrivacyMode.SEALED_ROLL_CALL: _(
            "Nobody sees a choice before the close, the maintainers included. After it, each"
            " organization's choice, weight and reason are public."
        ),
        PrivacyMode.SECRET_AGGREGATE: _(
            "Only totals are ever shown. A vote needs at least five ballots, and three in every"
            " class of weight."
        ),
    }[privacy]


def _reasons(charter: Charter) -> str:
    if charter.privacy is PrivacyMode.SECRET_AGGREGATE:
        return _("Ballots carry no reasons, since reasons could give a voter away.")
    if charter.reason_required:
        return _("Whoever votes against says why.")
    return _("A ballot may carry a reason; none is required.")


def _statements(shown: StatementsShown) -> str:
    screened = _("Electors and maintainers read what stewards released.")
    public = {
        StatementsShown.NOTHING: _("The public reads nothing of it."),
        StatementsShown.POSITIONS: _(
            "The public sees positions, under the names their authors chose, and the maintainers'"
            " summary."
        ),
        StatementsShown.EVERYTHING: _(
            "The public reads it too, under the names their authors chose, with the maintainers'"
            " summary."
        ),
    }[shown]
    when = _("A stricter rule holds at once, a looser one for what is handed in afterwards.")
    return f"{screened} {public} {when}"


def _grace(days: int) -> str:
    if days == 0:
        return _("A sponsorship lapses on the day a payment is missed, and its weight with it.")
    return ngettext(
        "A missed payment starts a grace of %(num)s day. Until it ends the weight"
        " stays; then the sponsorship lapses.",
        "A missed payment starts a grace of %(num)s days. Until it ends the weight"
        " stays; then the sponsorship lapses.",
        days,
    )
