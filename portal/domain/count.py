"""Count a vote: from its frozen rules and current ballots to the figures that are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from portal.domain.charter import House, PrivacyMode
from portal.domain.outcomes import (
    Figures,
    HouseFigures,
    Part,
    Position,
    Quorum,
    RollEntry,
    Verdict,
)
from portal.domain.rules import Terms, deciding_houses, keeps_secret, read_terms
from portal.domain.tally.methods import Choice, validate_choice
from portal.domain.tally.recusal import Recusal
from portal.domain.tally.yes_no import (
    NotCarried,
    YesNoChoice,
    YesNoOutcome,
    YesNoRules,
    decide_yes_no,
    total_yes_no,
)

SECRECY = "secrecy"


@dataclass(frozen=True, slots=True)
class CurrentBallot:
    """An elector's current ballot, by the elector's house and position in the frozen rules."""

    house: House
    position: int
    choice: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class _Seated:
    """An elector of the frozen rules with the choice that was read from its ballot, if any."""

    house: House
    position: int
    name: str | None
    weight: int
    choice: YesNoChoice | Recusal | None
    reason: str


def count_vote(rules: Mapping[str, Any], ballots: Iterable[CurrentBallot]) -> Figures:
    """Count a vote; the same rules and ballots always give the same figures, in any order.

    Weights come from the frozen rules alone. A proposal is carried if every deciding house carries
    it; it has no quorum if no deciding house said no and one lacked quorum. In secret votes there
    is no roll call, and a house whose totals would give voters away keeps its totals to itself and
    carries nothing (VOTING 6). Refuses a ballot that its method does not take, or of nobody.
    """
    terms = read_terms(rules)
    seated = _seat(rules, terms, ballots)
    houses = [
        _count_house(House(house), [each for each in seated if each.house == house], terms)
        for house in rules["electorate"]
    ]
    secret = terms.privacy is PrivacyMode.SECRET_AGGREGATE
    return Figures(
        verdict=_verdict([each.verdict for each in houses if each.deciding]),
        mode=terms.mode,
        houses=tuple(houses),
        roll=None if secret else tuple(_roll_entry(each) for each in seated),
    )


def _seat(
    rules: Mapping[str, Any], terms: Terms, ballots: Iterable[CurrentBallot]
) -> list[_Seated]:
    cast = {(each.house.value, each.position): each for each in ballots}
    seated = []
    for house, electors in rules["electorate"].items():
        for elector in electors:
            ballot = cast.pop((house, elector["position"]), None)
            seated.append(
                _Seated(
                    House(house),
                    elector["position"],
                    elector["name"],
                    elector["weight"],
                    None if ballot is None else _read(terms, ballot),
                    "" if ballot is None else ballot.reason,
                )
            )
    if cast:
        raise ValueError("there is a ballot of somebody who is no elector")
    return seated


def _read(terms: Terms, ballot: CurrentBallot) -> YesNoChoice | Recusal:
    choice: Choice = validate_choice(terms.method, dict(ballot.choice))
    if not isinstance(choice, YesNoChoice | Recusal):
        raise TypeError(f"votes by {terms.method} are not counted here yet")
    return choice


def _count_house(house: House, seated: Sequence[_Seated], terms: Terms) -> HouseFigures:
    present = [each for each in seated if each.choice is not None]
    outcome = decide_yes_no(
        total_yes_no((each.weight, each.choice) for each in present if each.choice is not None),
        electors=len(seated),
        weight=sum(each.weight for each in seated),
        rules=YesNoRules(terms.threshold, terms.quorum_weight, terms.quorum_electors),
    )
    hidden = (
        terms.privacy is PrivacyMode.SECRET_AGGREGATE
        and bool(present)
        and not keeps_secret([each.weight for each in present])
    )
    why = tuple(reason.value for reason in outcome.reasons)
    if hidden:
        why = (*(reason for reason in why if reason == NotCarried.NO_QUORUM), SECRECY)
    return HouseFigures(
        house=house,
        deciding=house in deciding_houses(terms.mode),
        weight=outcome.weight,
        electors=outcome.electors,
        parts=None if hidden else _parts(outcome),
        quorum=_quorum(outcome),
        threshold=terms.threshold,
        verdict=_house_verdict(outcome, hidden=hidden),
        why=why,
    )


def _house_verdict(outcome: YesNoOutcome, *, hidden: bool) -> Verdict:
    if not outcome.quorum_met:
        return Verdict.NO_QUORUM
    return Verdict.CARRIED if outcome.carried and not hidden else Verdict.NOT_CARRIED


def _verdict(deciding: Sequence[Verdict]) -> Verdict:
    """One no is a no; without one, a missing quorum leaves the question unanswered."""
    for verdict in (Verdict.NOT_CARRIED, Verdict.NO_QUORUM):
        if verdict in deciding:
            return verdict
    return Verdict.CARRIED


def _parts(outcome: YesNoOutcome) -> dict[Position, Part]:
    present = outcome.totals.present
    absent = Part(outcome.weight - present.weight, outcome.electors - present.electors)
    return {position: outcome.totals[position] for position in Position} | {Position.ABSENT: absent}


def _quorum(outcome: YesNoOutcome) -> Quorum:
    rules, present = outcome.rules, outcome.totals.present
    return Quorum(
        weight=rules.quorum_weight,
        electors=rules.quorum_electors,
        needed_weight=ceil(rules.quorum_weight * outcome.weight),
        needed_electors=ceil(rules.quorum_electors * outcome.electors),
        present_weight=present.weight,
        present_electors=present.electors,
        reached=outcome.quorum_met,
    )


def _roll_entry(seated: _Seated) -> RollEntry:
    choice = Position.ABSENT
    if isinstance(seated.choice, Recusal):
        choice = Position.RECUSED
    elif seated.choice is not None:
        choice = seated.choice.position
    return RollEntry(
        seated.house, seated.position, seated.name, seated.weight, choice, seated.reason
    )
