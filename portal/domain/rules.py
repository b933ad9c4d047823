"""The frozen rules of a vote: canonical values of all that one fingerprint covers (VOTING 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

from portal.domain.canonical import fingerprint
from portal.domain.chambers import Chamber, Power
from portal.domain.charter import Charter, DecisionMode, House, PrivacyMode
from portal.domain.electorate import Electorate
from portal.domain.errors import Obstacle
from portal.domain.papers import YES_NO_PAPER, BallotPaper, read_paper, write_paper
from portal.domain.power import PowerWarning
from portal.domain.votes import Method

VERSION = 1
SECRET_BALLOTS = 5
SECRET_CLASS = 3


@dataclass(frozen=True, slots=True)
class ProposalText:
    """A proposal as it is put to the vote."""

    project: str
    number: int
    title: str
    summary: str
    body: str


class Tie(StrEnum):
    """What a tie means, said before opening (VOTING 4).

    Yes or no: the status quo wins. Options: shown as a tie, or put in the order of the SHA-256 of
    the closed log's root and the option's id, where an order is needed.
    """

    STATUS_QUO = "status_quo"
    SHOWN = "shown"
    LOG_ROOT = "log_root"


def choose_tie(paper: BallotPaper, mode: DecisionMode) -> Tie:
    """Advice may show a tie; money that can be spent once, and what binds, needs an order."""
    if paper.method is Method.YES_NO:
        return Tie.STATUS_QUO
    needs_order = paper.method is Method.BUDGET or mode is not DecisionMode.ADVISORY
    return Tie.LOG_ROOT if needs_order else Tie.SHOWN


def deciding_houses(mode: DecisionMode) -> tuple[House, ...]:
    """The houses that must each carry a proposal; the others are counted and shown, no more."""
    if mode is DecisionMode.TWO_HOUSES:
        return House.SPONSORS, House.MAINTAINERS
    return (House.SPONSORS,)


_BESIDE = frozenset({House.SUPPORTERS, House.CONTRIBUTORS})


def voting_chambers(electorate: Electorate) -> tuple[Chamber, ...]:
    """The houses that take part in a vote: those that decide, and those that are shown beside.

    Supporters and contributors stand beside if there are any.
    """
    deciding = deciding_houses(electorate.charter.mode)
    return tuple(
        chamber
        for chamber in electorate.chambers
        if chamber.house in deciding or (chamber.house in _BESIDE and chamber.electors)
    )


def freeze_rules(
    text: ProposalText,
    question: str,
    electorate: Electorate,
    *,
    paper: BallotPaper = YES_NO_PAPER,
    others: Sequence[ProposalText] = (),
    charter_number: int,
    opens_at: datetime,
    closes_at: datetime,
) -> dict[str, Any]:
    """Everything a vote freezes, as values that canonical JSON takes; nothing of it changes later.

    ``others`` are further proposals that stand in the vote as options. Names that may not be shown
    are null, so that the rules can be published. Fractions are text.
    """
    charter = electorate.charter
    several = {"others": [_write_text(each) for each in others]} if others else {}
    return {
        "v": VERSION,
        "project": text.project,
        "proposal": _write_text(text),
        **several,
        "question": question,
        **write_paper(paper),
        "unranked": paper.unranked.value,
        "tie": choose_tie(paper, charter.mode).value,
        "privacy": charter.privacy.value,
        "mode": charter.mode.value,
        "threshold": None if charter.threshold is None else str(charter.threshold),
        "quorum": {"weight": str(charter.quorum_weight), "electors": str(charter.quorum_electors)},
        "reason_required": charter.reason_required,
        "veto_allowed": charter.veto_allowed,
        "charter": {
            "number": charter_number,
            "damping": charter.damping.value,
            "cap": str(charter.cap),
            "seasoning_days": charter.seasoning_days,
            "contributors": charter.contributors.value,
        },
        "record_at": _instant(electorate.record_at),
        "opens_at": _instant(opens_at),
        "closes_at": _instant(closes_at),
        "electorate": _electorate(electorate),
    }


def _write_text(text: ProposalText) -> dict[str, Any]:
    written = {
        "number": text.number,
        "title": text.title,
        "summary": text.summary,
        "body": text.body,
    }
    return written | {"sha256": fingerprint(written)}


def houses_of(rules: Mapping[str, Any]) -> list[House]:
    """The houses that take part, in one order however the rules were written down."""
    return [house for house in House if house in rules["electorate"]]


def read_text(rules: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    """The text of one of the proposals that a vote froze, by its number."""
    texts = read_texts(rules)
    return next((text for text in texts if text["number"] == number), texts[0])


def read_texts(rules: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The texts of all proposals that a vote froze; the one it was opened from comes first."""
    return [rules["proposal"], *rules.get("others", ())]


def preview_seal(electorate: Electorate, *, revision: int) -> str:
    """A fingerprint of what a preview showed; it changes when opening would freeze anything else.

    Two electors may share a name, so the organizations and people behind them are covered too.
    """
    behind = [
        [
            chamber.house.value,
            [[each.organization_id for each in elector.members] for elector in chamber.electors],
            [elector.person_id for elector in chamber.electors],
        ]
        for chamber in voting_chambers(electorate)
    ]
    charter = [str(getattr(electorate.charter, each.name)) for each in fields(Charter)]
    return fingerprint([charter, revision, behind, _electorate(electorate)])


def _electorate(electorate: Electorate) -> dict[str, Any]:
    return {
        chamber.house.value: [
            {
                "position": position,
                "name": elector.public_name,
                "raw": str(elector.raw),
                "weight": elector.weight,
            }
            for position, elector in enumerate(chamber.electors, start=1)
        ]
        for chamber in voting_chambers(electorate)
    }


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a count needs to know of the frozen rules, read back from them."""

    paper: BallotPaper
    mode: DecisionMode
    privacy: PrivacyMode
    threshold: Fraction | None
    quorum_weight: Fraction
    quorum_electors: Fraction
    reason_required: bool
    veto_allowed: bool

    @property
    def secret(self) -> bool:
        """Whether only totals are ever shown."""
        return self.privacy is PrivacyMode.SECRET_AGGREGATE

    tie: Tie

    @property
    def method(self) -> Method:
        """How ballots are cast and counted."""
        return self.paper.method


def read_terms(rules: Mapping[str, Any]) -> Terms:
    """Read the frozen rules back; they were written by ``freeze_rules``."""
    return Terms(
        paper=read_paper(rules),
        mode=DecisionMode(rules["mode"]),
        privacy=PrivacyMode(rules["privacy"]),
        threshold=None if rules["threshold"] is None else Fraction(rules["threshold"]),
        quorum_weight=Fraction(rules["quorum"]["weight"]),
        quorum_electors=Fraction(rules["quorum"]["electors"]),
        reason_required=rules["reason_required"],
        # Votes from before the switch told their electors of no veto.
        veto_allowed=rules.get("veto_allowed", False),
        tie=Tie(rules["tie"]),
    )


def opening_obstacles(electorate: Electorate) -> list[Obstacle]:
    """Why a vote cannot be opened with an electorate: an empty house, or secrecy it cannot keep."""
    found = [
        Obstacle(
            f"vote.no_{chamber.house}",
            f"Nobody is entitled in the {chamber.house} house, so there is nobody to ask.",
        )
        for chamber in voting_chambers(electorate)
        if not chamber.total
    ]
    if electorate.charter.privacy is PrivacyMode.SECRET_AGGREGATE:
        found += [
            Obstacle(
                "vote.secrecy",
                f"The {chamber.house} house cannot vote in secret: totals hide a choice only with "
                f"at least {SECRET_BALLOTS} electors and {SECRET_CLASS} of every weight.",
            )
            for chamber in voting_chambers(electorate)
            if chamber.total and not keeps_secret([each.weight for each in chamber.electors])
        ]
    return found


def keeps_secret(weights: list[int]) -> bool:
    """Whether totals over ballots of these weights give no voter away (VOTING 6)."""
    classes = Counter(weights)
    return len(weights) >= SECRET_BALLOTS and min(classes.values()) >= SECRET_CLASS


def known_powers(chamber: Chamber) -> tuple[Power | None, ...]:
    """Each elector's power, or None where a house is too large for it to be computed."""
    return chamber.powers or (None,) * len(chamber.electors)


def known_shapley(chamber: Chamber) -> tuple[Fraction | None, ...]:
    """Each elector's Shapley-Shubik index, or None where a house is too large for it."""
    return chamber.shapley or (None,) * len(chamber.electors)


def opening_warnings(electorate: Electorate) -> list[Obstacle]:
    """What maintainers should know before they open a vote; none of it forbids opening."""
    found = []
    for chamber in voting_chambers(electorate):
        held = [power and power.warning for power in known_powers(chamber)]
        for elector, warning in zip(chamber.electors, held, strict=True):
            if warning in _WARNINGS:
                found.append(Obstacle(f"power.{warning}", f"{elector.name} {_WARNINGS[warning]}"))
        dummies = held.count(PowerWarning.DUMMY)
        if dummies:
            found.append(
                Obstacle(
                    "power.dummy",
                    f"In the {chamber.house} house {dummies} of {len(chamber.electors)} electors "
                    "can never change the outcome, whatever the others do.",
                )
            )
    return found


_WARNINGS: dict[PowerWarning | None, str] = {
    PowerWarning.DICTATOR: "decides its house alone, whatever the others do.",
    PowerWarning.VETO_PLAYER: "can stop every proposal alone.",
}
