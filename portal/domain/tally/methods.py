"""The methods of counting by name: one validator for each, used wherever a ballot is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from portal.domain.tally import options as read
from portal.domain.tally.options import Allowance
from portal.domain.tally.recusal import Recusal, read_recusal
from portal.domain.tally.yes_no import YesNoChoice, read_yes_no
from portal.domain.votes import Method

Choice = (
    YesNoChoice
    | read.ApprovalChoice
    | read.RankedChoice
    | read.ScoreChoice
    | read.PointsChoice
    | read.QuadraticChoice
    | Recusal
)


_NOTHING = Allowance()

_VALIDATORS: dict[Method, Callable[[object, Sequence[str], Allowance], Choice]] = {
    Method.YES_NO: lambda raw, _options, _allowance: read_yes_no(raw),
    Method.APPROVAL: lambda raw, options, _allowance: read.read_approval(raw, options),
    Method.RANKED: lambda raw, options, _allowance: read.read_ranked(raw, options),
    Method.SCORE: lambda raw, options, _allowance: read.read_score(raw, options),
    Method.BUDGET: lambda raw, options, allowance: read.read_budget(raw, options, allowance.points),
    Method.QUADRATIC: lambda raw, options, allowance: read.read_quadratic(
        raw, options, allowance.credits
    ),
}


def validate_choice(
    method: Method, raw: object, options: Sequence[str] = (), allowance: Allowance = _NOTHING
) -> Choice:
    """Read a raw ballot by the rules of its method, or refuse it with a reason code.

    Any method takes ``{"recused": true}``. Refused, each with its own ``ballot.*`` code: anything
    but an object, fields that are missing or unknown, options that are unknown or doubled, wrong
    types, numbers out of range, rank gaps, and more points or credits than the allowance. The
    options of a yes/no vote are always for, against and abstain.
    """
    if isinstance(raw, dict) and "recused" in raw:
        return read_recusal(raw)
    return _VALIDATORS[method](raw, options, allowance)
