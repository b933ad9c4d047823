"""Yes or no: choices, the totals of one house, and whether they carry the question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from portal.domain.errors import Refusal
from portal.domain.positions import Part, Position
from portal.domain.tally import reading
from portal.domain.tally.recusal import Recusal


class NotCarried(StrEnum):
    """Why a question was not carried."""

    NO_QUORUM = "no_quorum"
    THRESHOLD_MISSED = "threshold_missed"
    TIE = "tie"


@dataclass(frozen=True, slots=True)
class YesNoChoice:
    """One position: for, against or abstain."""

    position: Position

    def as_json(self) -> dict[str, object]:
        """The raw ballot that this choice is read from."""
        return {"position": self.position.value}


def read_yes_no(raw: object) -> YesNoChoice:
    """Read ``{"position": "for" | "against" | "abstain"}``; refuse anything else."""
    position = reading.read_field(raw, "position")
    if not isinstance(position, str):
        raise Refusal(reading.MALFORMED, "A position is a word.", field="position")
    if position not in _CASTABLE:
        raise Refusal(
            reading.UNKNOWN_OPTION, "A position is for, against or abstain.", field="position"
        )
    return YesNoChoice(Position(position))


@dataclass(frozen=True, slots=True)
class YesNoTotals:
    """How much stood behind each position of one house; positions nobody took may be left out.

    Stored counters serve as well as ballots: a decision reads nothing else.
    """

    parts: Mapping[Position, Part] = field(default_factory=dict)

    def __getitem__(self, position: Position) -> Part:
        """What stood behind a position."""
        return self.parts.get(position, _NOTHING)

    @property
    def present(self) -> Part:
        """All who took part: abstentions and recusals count as present."""
        held = [self[position] for position in _PRESENT]
        return Part(sum(part.weight for part in held), sum(part.electors for part in held))


_NOTHING = Part(weight=0, electors=0)
_CASTABLE = (Position.FOR, Position.AGAINST, Position.ABSTAIN)
_PRESENT = (*_CASTABLE, Position.RECUSED)


def total_yes_no(ballots: Iterable[tuple[int, YesNoChoice | Recusal]]) -> YesNoTotals:
    """Add up the current ballots of a house, each with its elector's weight in thousandths.

    An elector of weight 0 is not entitled, so that its ballot changes nothing, not even who is
    present.
    """
    weights: dict[Position, list[int]] = {}
    for weight, choice in ballots:
        if weight:
            position = choice.position if isinstance(choice, YesNoChoice) else Position.RECUSED
            weights.setdefault(position, []).append(weight)
    return YesNoTotals({at: Part(sum(held), len(held)) for at, held in weights.items()})


@dataclass(frozen=True, slots=True)
class YesNoRules:
    """Quorum and threshold of a house.

    ``threshold`` is None for a majority (for > against), else the share of for + against that
    must be reached. ``quorum_weight`` and ``quorum_electors`` are shares of the house's weight and
    of the number of its electors; both must be present.
    """

    threshold: Fraction | None
    quorum_weight: Fraction
    quorum_electors: Fraction


@dataclass(frozen=True, slots=True)
class YesNoOutcome:
    """What one house said: its totals, who was entitled, and whether it carried the question."""

    totals: YesNoTotals
    electors: int
    weight: int
    rules: YesNoRules
    reasons: tuple[NotCarried, ...]

    @property
    def carried(self) -> bool:
        """Whether nothing stands against it."""
        return not self.reasons

    @property
    def quorum_met(self) -> bool:
        """Whether enough weight and enough electors were present."""
        return NotCarried.NO_QUORUM not in self.reasons

    @property
    def turnout_weight(self) -> Fraction:
        """The present share of the house's weight."""
        return Fraction(self.totals.present.weight, self.weight or 1)

    @property
    def turnout_electors(self) -> Fraction:
        """The present share of the house's electors."""
        return Fraction(self.totals.present.electors, self.electors or 1)

    @property
    def share_for(self) -> Fraction | None:
        """The share of for in for + against; None when nobody took either."""
        decided = self.totals[Position.FOR].weight + self.totals[Position.AGAINST].weight
        return Fraction(self.totals[Position.FOR].weight, decided) if decided else None


def decide_yes_no(
    totals: YesNoTotals, *, electors: int, weight: int, rules: YesNoRules
) -> YesNoOutcome:
    """Decide a house of so many electors and so much weight (thousandths) from its totals.

    Carried iff quorum and threshold hold (VOTING 4). A tie fails: the status quo wins; and so does
    a question for which nobody voted, whatever the threshold.
    """
    present = totals.present
    reasons = []
    if (
        present.weight < rules.quorum_weight * weight
        or present.electors < rules.quorum_electors * electors
    ):
        reasons.append(NotCarried.NO_QUORUM)
    supporting, opposing = totals[Position.FOR].weight, totals[Position.AGAINST].weight
    if rules.threshold is None and supporting == opposing:
        reasons.append(NotCarried.TIE)
    elif not supporting or not _reached(supporting, opposing, rules.threshold):
        reasons.append(NotCarried.THRESHOLD_MISSED)
    return YesNoOutcome(totals, electors, weight, rules, tuple(reasons))


def _reached(supporting: int, opposing: int, threshold: Fraction | None) -> bool:
    if threshold is None:
        return supporting > opposing
    return supporting >= threshold * (supporting + opposing)
