"""The methods in plain words: what a ballot says, how it is counted, what somebody chose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.domain.papers import BallotPaper
from portal.domain.positions import Position
from portal.domain.rules import Tie
from portal.domain.tally.options import NOT_NOW, Unranked
from portal.domain.votes import Method
from portal.web.formats import format_money


def method_names() -> dict[Method, tuple[str, str]]:
    """Each method's name, and when to take it, in one sentence."""
    return {
        Method.YES_NO: (_("Yes or no"), _("One question: for, against or abstain.")),
        Method.RANKED: (
            _("Ranked"),
            _("Put options in order. Best when exactly one way, or a few, can be taken."),
        ),
        Method.APPROVAL: (_("Approval"), _("Tick every option that would do. The simplest.")),
        Method.SCORE: (_("Score"), _("Give each option 0 to 5. Shows how much it is liked.")),
        Method.BUDGET: (
            _("Budget"),
            _("Spend a sum on options that have costs, so that every elector directs its share."),
        ),
        Method.QUADRATIC: (
            _("Quadratic"),
            _("Spread votes; more votes on one option cost ever more. Shows what matters most."),
        ),
    }


def option_names(paper: BallotPaper) -> dict[str, str]:
    """Every option's name by its id, in the reader's words where the portal named it."""
    return {
        option.id: _("Not now") if option.id == NOT_NOW else option.name for option in paper.options
    }


def explain_ballot(paper: BallotPaper, credits_: int = 0) -> list[str]:
    """What one puts on the ballot, sentence by sentence."""
    if paper.method is Method.RANKED:
        policy = {
            Unranked.ABSTAIN: _("An option you leave unranked is not compared with any other."),
            Unranked.LAST: _("An option you leave unranked counts as ranked last."),
        }
        return [
            _("Give 1 to the option you like best, 2 to the next, and so on without a gap."),
            _("Options you like equally may have the same rank."),
            policy[paper.unranked],
        ]
    if paper.method is Method.APPROVAL:
        return [_("Tick every option you approve of, as many as you like.")]
    if paper.method is Method.SCORE:
        return [
            _("Give each option a score from 0 (worst) to 5 (best)."),
            _("An option without a score from you gets nothing from you, and nothing is held"
              " against it."),
        ]  # fmt: skip
    if paper.method is Method.QUADRATIC:
        return [
            ngettext(
                "You have %(num)s credit, one for each whole unit of your weight.",
                "You have %(num)s credits, one for each whole unit of your weight.",
                credits_,
            ),
            _("One vote on an option costs 1 credit, two cost 4, three cost 9, and so on."),
            _("You need not spend them all."),
        ]
    return _explain_budget_ballot(paper)


def _explain_budget_ballot(paper: BallotPaper) -> list[str]:
    keep = _("“Not now” keeps your whole share of the budget unspent; it stands alone.")
    if paper.points:
        return [
            _(
                "Spread up to %(points)s points over the options; more points mean that the option"
                " is worth more to you.",
                points=paper.points,
            ),
            keep,
        ]
    return [_("Tick every option that should be funded."), keep]


def explain_count(paper: BallotPaper, tie: Tie) -> list[str]:
    """How the ballots are counted and what is chosen, sentence by sentence."""
    return [*_counted(paper), *_ends(paper, tie)]


def _counted(paper: BallotPaper) -> Iterable[str]:
    if paper.method is Method.RANKED:
        yield _(
            "Every option is compared with every other: the one that more weight ranks higher wins"
            " the pair. If the pairs run in a circle, the weakest link gives way (Schulze, winning"
            " votes)."
        )
        yield _("Only what beats “Not now” is chosen.")
    elif paper.method is Method.APPROVAL:
        yield _("The weight of everybody who ticked an option is added up; the most is first.")
    elif paper.method is Method.SCORE:
        yield _(
            "Each score counts times the weight behind it, and the sums are compared. The median"
            " score is shown beside them."
        )
    elif paper.method is Method.QUADRATIC:
        yield _("The votes on each option are added up; the most is first.")
    elif paper.budget is not None:
        yield _(
            "Each elector directs a part of %(budget)s as large as its part of the weight cast.",
            budget=format_money(paper.budget),
        )
        yield _(
            "An option is funded when those who want it can pay for it together, each at the same"
            " rate and out of its own part (Method of Equal Shares). The option that costs its"
            " supporters least for what it gives them comes first."
        )
        yield _(
            "If money is left that nobody's part could spend alone, all parts are raised evenly as"
            " long as the options still fit the budget."
        )
        if paper.fill:
            yield _("What then still fits is funded by the weight behind it.")


def _ends(paper: BallotPaper, tie: Tie) -> Iterable[str]:
    if paper.method is not Method.BUDGET:
        yield ngettext(
            "At most %(num)s option is chosen.", "At most %(num)s options are chosen.", paper.seats
        )
    if tie is Tie.LOG_ROOT:
        yield _(
            "A tie is put in order by a number nobody can steer: the SHA-256 of the closed vote's"
            " record and the option's id, the lowest first."
        )
    else:
        yield _("A tie is shown as a tie.")


def describe_choice(choice: Position | Mapping[str, Any], paper: BallotPaper) -> str:
    """A ballot over options in one line, such as "1. Tracing; 2. Windows"."""
    return "; ".join(list_choice(choice, paper))


def list_choice(choice: Position | Mapping[str, Any], paper: BallotPaper) -> list[str]:
    """What a ballot over options says of each of them, or the one word that it says of all."""
    names = option_names(paper)
    if not isinstance(choice, Mapping):
        return [choice.value]
    if "recused" in choice:
        return [_("Recused")]
    if "approved" in choice:
        return [names[each] for each in names if each in choice["approved"]] or [_("none")]
    if "ranks" in choice:
        return _list_ranks(choice["ranks"], names)
    ((kind, numbers),) = choice.items()
    said = [_numbered(kind, names[each], numbers[each]) for each in names if each in numbers]
    return said or [_("none")]


def _numbered(kind: str, name: str, number: int) -> str:
    """An option with its score, points or votes, which none takes for part of the name."""
    if kind == "points":
        return ngettext("%(name)s: %(num)s point", "%(name)s: %(num)s points", number, name=name)
    if kind == "votes":
        return ngettext("%(name)s: %(num)s vote", "%(name)s: %(num)s votes", number, name=name)
    return _("%(name)s: %(score)s", name=name, score=number)


def _list_ranks(ranks: Mapping[str, int], names: Mapping[str, str]) -> list[str]:
    groups: dict[int, list[str]] = {}
    for option in names:
        if option in ranks:
            groups.setdefault(ranks[option], []).append(names[option])
    said = [f"{rank}. {' = '.join(groups[rank])}" for rank in sorted(groups)]
    return said or [_("none ranked")]
