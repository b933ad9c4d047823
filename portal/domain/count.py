"""Count a vote: from its frozen rules and current ballots to the figures that are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from portal.domain.canonical import fingerprint
from portal.domain.charter import House, PrivacyMode
from portal.domain.option_counts import TieBreak, Weighed, count_options
from portal.domain.outcomes import Figures, HouseFigures, OptionCount, Quorum, RollEntry, Verdict
from portal.domain.positions import Part, Position
from portal.domain.rules import (
    Terms,
    Tie,
    deciding_houses,
    houses_of,
    keeps_secret,
    read_terms,
)
from portal.domain.tally.methods import Choice, validate_choice
from portal.domain.tally.recusal import Recusal
from portal.domain.tally.yes_no import (
    NotCarried,
    YesNoChoice,
    YesNoOutcome,
    YesNoRules,
    YesNoTotals,
    decide_yes_no,
    total_yes_no,
)
from portal.domain.votes import Method

SECRECY = "secrecy"


@dataclass(frozen=True, slots=True)
class CurrentBallot:
    """An elector's current ballot, by the elector's house and position in the frozen rules."""

    house: House
    position: int
    choice: Mapping[str, Any]
    reason: str
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class _Seated:
    """An elector of the frozen rules with the choice that was read from its ballot, if any."""

    house: House
    position: int
    name: str | None
    weight: int
    choice: Choice | None
    reason: str
    conflict: str


def count_vote(
    rules: Mapping[str, Any], ballots: Iterable[CurrentBallot], *, root: bytes | None = None
) -> Figures:
    """Count a vote; the same rules and ballots always give the same figures, in any order.

    Weights come from the frozen rules alone. A proposal is carried if every deciding house carries
    it; it has no quorum if no deciding house said no and one lacked quorum. A vote over options is
    valid if every deciding house has its quorum, and chooses what each of them chooses. ``root`` is
    that of the closed log, which orders ties; without one the rules' own fingerprint does. In
    secret votes there is no roll call, and a house whose totals would give voters away keeps its
    totals to itself, carries and chooses nothing (VOTING 6). Refuses a ballot that its method does
    not take, or of nobody, and a second one of the same elector.
    """
    terms = read_terms(rules)
    seated = _seat(rules, terms, ballots)
    ties = break_ties(rules, terms, root)
    houses = [
        _count_house(house, [each for each in seated if each.house == house], terms, ties)
        for house in houses_of(rules)
    ]
    secret = terms.privacy is PrivacyMode.SECRET_AGGREGATE
    roll = None if secret else tuple(_roll_entry(each) for each in seated)
    return judge_vote(terms, houses, ties, roll)


def break_ties(rules: Mapping[str, Any], terms: Terms, root: bytes | None) -> TieBreak:
    """What puts ties in order: nothing, the closed log's root, or the rules' own fingerprint."""
    if terms.tie is not Tie.LOG_ROOT:
        return TieBreak(None)
    return TieBreak(bytes.fromhex(fingerprint(rules)) if root is None else root)


def judge_vote(
    terms: Terms,
    houses: Sequence[HouseFigures],
    ties: TieBreak,
    roll: tuple[RollEntry, ...] | None,
) -> Figures:
    """What the houses say between them."""
    deciding = [each for each in houses if each.deciding]
    verdict = _verdict([each.verdict for each in deciding])
    return Figures(
        verdict=verdict,
        mode=terms.mode,
        houses=tuple(houses),
        roll=roll,
        paper=terms.paper,
        chosen=_chosen(deciding) if verdict is Verdict.VALID else (),
        root=None if ties.root is None else ties.root.hex(),
    )


def _seat(
    rules: Mapping[str, Any], terms: Terms, ballots: Iterable[CurrentBallot]
) -> list[_Seated]:
    cast: dict[tuple[str, int], CurrentBallot] = {}
    for each in ballots:
        if cast.setdefault((each.house.value, each.position), each) is not each:
            raise ValueError("an elector has two ballots")
    seated = []
    for house in houses_of(rules):
        for elector in rules["electorate"][house]:
            ballot = cast.pop((house.value, elector["position"]), None)
            seated.append(
                _Seated(
                    house,
                    elector["position"],
                    elector["name"],
                    elector["weight"],
                    None if ballot is None else _read(terms, ballot, elector["weight"]),
                    "" if ballot is None else ballot.reason,
                    "" if ballot is None else ballot.conflict,
                )
            )
    if cast:
        raise ValueError("there is a ballot of somebody who is no elector")
    return seated


def _read(terms: Terms, ballot: CurrentBallot, weight: int) -> Choice:
    paper = terms.paper
    return validate_choice(paper.method, dict(ballot.choice), paper.ids, paper.allow(weight))


def _count_house(
    house: House, seated: Sequence[_Seated], terms: Terms, ties: TieBreak
) -> HouseFigures:
    entitled = [each for each in seated if each.weight]
    present = [each for each in entitled if each.choice is not None]
    # What is for or against, abstains or recuses is present; so is every ballot over options.
    totals = total_yes_no((each.weight, _as_position(each.choice)) for each in present)
    hidden = (
        terms.privacy is PrivacyMode.SECRET_AGGREGATE
        and bool(present)
        and not keeps_secret([each.weight for each in present])
    )
    count = None
    if not hidden and terms.method is not Method.YES_NO:
        count = count_options(
            terms.paper,
            (Weighed(each.position, each.name, each.weight, each.choice) for each in present),
            ties,
            payers=terms.privacy is not PrivacyMode.SECRET_AGGREGATE,
        )
    weights = [each.weight for each in entitled]
    return judge_house(house, totals, count, weights=weights, terms=terms, hidden=hidden)


def judge_house(
    house: House,
    totals: YesNoTotals,
    count: OptionCount | None,
    *,
    weights: Sequence[int],
    terms: Terms,
    hidden: bool,
) -> HouseFigures:
    """What one house says, from its totals and from what it makes of the options.

    ``weights`` are those of all who are entitled; ``hidden``: the totals would give voters away.
    """
    outcome = decide_yes_no(
        totals,
        electors=len(weights),
        weight=sum(weights),
        rules=YesNoRules(terms.threshold, terms.quorum_weight, terms.quorum_electors),
    )
    plain = terms.method is Method.YES_NO
    return HouseFigures(
        house=house,
        deciding=house in deciding_houses(terms.mode),
        weight=outcome.weight,
        electors=outcome.electors,
        parts=None if hidden else _parts(outcome, plain=plain),
        quorum=_quorum(outcome),
        threshold=terms.threshold if plain else None,
        verdict=_house_verdict(outcome, hidden=hidden, plain=plain),
        why=_why(outcome, hidden=hidden, plain=plain),
        count=count,
    )


def _as_position(choice: Choice | None) -> YesNoChoice | Recusal:
    """A ballot as far as its house's quorum is concerned."""
    if isinstance(choice, YesNoChoice | Recusal):
        return choice
    return YesNoChoice(Position.ABSTAIN)


def _house_verdict(outcome: YesNoOutcome, *, hidden: bool, plain: bool) -> Verdict:
    if not outcome.quorum_met:
        return Verdict.NO_QUORUM
    if not plain:
        return Verdict.VALID
    return Verdict.CARRIED if outcome.carried and not hidden else Verdict.NOT_CARRIED


def _why(outcome: YesNoOutcome, *, hidden: bool, plain: bool) -> tuple[str, ...]:
    """The codes of what was missed; thresholds are for yes/no votes that may be told."""
    why = tuple(
        reason.value
        for reason in outcome.reasons
        if reason is NotCarried.NO_QUORUM or (plain and not hidden)
    )
    return (*why, SECRECY) if hidden else why


def _verdict(deciding: Sequence[Verdict]) -> Verdict:
    """One no is a no; without one, a missing quorum leaves the question unanswered."""
    for verdict in (Verdict.NOT_CARRIED, Verdict.NO_QUORUM, Verdict.VALID):
        if verdict in deciding:
            return verdict
    return Verdict.CARRIED


def _chosen(deciding: Sequence[HouseFigures]) -> tuple[str, ...]:
    """What every deciding house chooses, in the order of the first of them."""
    sets = [() if each.count is None else each.count.chosen for each in deciding]
    return tuple(option for option in sets[0] if all(option in chosen for chosen in sets))


def _parts(outcome: YesNoOutcome, *, plain: bool) -> dict[Position, Part]:
    present = outcome.totals.present
    absent = Part(outcome.weight - present.weight, outcome.electors - present.electors)
    positions = Position if plain else (Position.RECUSED,)
    return {position: outcome.totals[position] for position in positions} | {
        Position.ABSENT: absent
    }


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
    return RollEntry(
        seated.house,
        seated.position,
        seated.name,
        seated.weight,
        called(None if seated.choice is None else seated.choice.as_json()),
        seated.reason,
        seated.conflict,
    )


def called(choice: Mapping[str, Any] | None) -> Position | Mapping[str, Any]:
    """What a roll call says of a valid choice: a position, or the ballot over options as cast."""
    if choice is None:
        return Position.ABSENT
    if "recused" in choice:
        return Position.RECUSED
    return Position(choice["position"]) if "position" in choice else choice
