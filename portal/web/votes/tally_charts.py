"""A count of a ballot file in pictures and plain sentences, like the outcome of a vote."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.domain.tally.file_rules import Report
from portal.domain.votes import Method
from portal.web.formats import format_share
from portal.web.votes.option_charts import Bar, Bars, Matrix, Piece, Purchase, Purse

_FINE = 10**6  # sizes of bars are whole numbers


def report_chart(report: Report) -> Bars | Matrix | Purse:
    """The picture of a count, with its figures as a table."""
    if report["method"] == Method.RANKED:
        return _matrix(report)
    if report["method"] == Method.BUDGET:
        return _purse(report)
    return _positions(report) if report["method"] == Method.YES_NO else _bars(report)


def explain_report(report: Report) -> Iterator[str]:
    """How the count came to its figures."""
    if report["method"] == Method.BUDGET:
        yield from _explain_budget(report)
    elif report["method"] == Method.YES_NO:
        yield from _explain_yes_no(report)
    else:
        yield from _explain_order(report)


def _explain_order(report: Report) -> Iterator[str]:
    names = report["options"]
    if report["method"] == Method.RANKED:
        winner = report["condorcet_winner"]
        if winner is not None:
            yield _("%(name)s beats every other option, one against one.", name=names[winner])
        else:
            circle = ", ".join(names[option] for option in report["smith_set"])
            yield _(
                "No option beats every other one. Between these, the strongest paths decide:"
                " %(names)s.",
                names=circle,
            )
    if report["tied"]:
        yield ngettext(
            "%(num)s seat is open among those tied for it.",
            "%(num)s seats are open among those tied for them.",
            report["open_seats"],
        )
    if report["method"] in {Method.RANKED, Method.APPROVAL}:  # whose figures are weights
        yield _("A majority is more than %(weight)s.", weight=report["majority_above"])


def _explain_yes_no(report: Report) -> Iterator[str]:
    reasons = {
        "no_quorum": _("too few took part"),
        "threshold_missed": _("the threshold was missed"),
        "tie": _("for and against weigh the same"),
    }
    if report["carried"]:
        yield _("Carried.")
    for reason in report["not_carried_for"]:
        yield _("Not carried: %(reason)s.", reason=reasons[reason])
    if report["share_for"] is not None:
        share = format_share(Fraction(report["share_for"]))
        yield _(
            "For weighs %(for)s and against %(against)s: for is %(share)s of both.",
            **{
                "for": report["totals"]["for"]["weight"],
                "against": report["totals"]["against"]["weight"],
                "share": share,
            },
        )
    if report["threshold"] is not None:
        yield _("At least %(share)s of both was needed.", share=report["threshold"])


def _explain_budget(report: Report) -> Iterator[str]:
    yield _(
        "Each ballot of weight 1 begins with %(share)s, an equal share of the budget.",
        share=report["share_of_weight_1"],
    )
    if report["steps"]:
        yield ngettext(
            "To spend what was left, each share was raised by %(num)s unit.",
            "To spend what was left, each share was raised by %(num)s units.",
            report["steps"],
        )
    yield _(
        "Funded for %(cost)s of %(budget)s; %(remaining)s remains.",
        cost=report["cost"],
        budget=report["budget"],
        remaining=report["remaining"],
    )


def _bars(report: Report) -> Bars:
    totals, seated = report["totals"], report["seated"]
    medians = report.get("medians")
    bars = tuple(
        Bar(
            report["options"][option],
            int(Fraction(totals[option]) * _FINE),
            str(totals[option]),
            option in seated,
            (str(totals[option]), *([_median(medians[option])] if medians else [])),
        )
        for group in report["order"]
        for option in group
    )
    return Bars(_("Totals"), (_("Total"), *([_("Median")] if medians else [])), bars)


def _median(score: object) -> str:
    """A median, or nothing where nobody scored."""
    return "" if score is None else str(score)


def _positions(report: Report) -> Bars:
    words = {
        "for": _("For"),
        "against": _("Against"),
        "abstain": _("Abstain"),
        "recused": _("Recused"),
    }
    bars = tuple(
        Bar(
            words[position],
            int(Fraction(part["weight"]) * _FINE),
            str(part["weight"]),
            position == "for" and report["carried"],
            (str(part["weight"]), str(part["ballots"])),
        )
        for position, part in report["totals"].items()
    )
    return Bars(_("Weight of each position"), (_("Weight"), _("Ballots")), bars)


def _matrix(report: Report) -> Matrix:
    options = list(report["options"])
    falling = [options.index(option) for group in report["order"] for option in group]
    pairs, paths = report["pairwise"], report["strongest_paths"]
    exact = [[Fraction(pairs[row][column]) for column in falling] for row in falling]
    return Matrix(
        tuple(report["options"][options[place]] for place in falling),
        tuple(tuple(str(pairs[row][column]) for column in falling) for row in falling),
        tuple(
            tuple(exact[row][column] > exact[column][row] for column in range(len(falling)))
            for row in range(len(falling))
        ),
        tuple(tuple(str(paths[row][column]) for column in falling) for row in falling),
    )


def _purse(report: Report) -> Purse:
    budget = Fraction(report["budget"]) or Fraction(1)
    purchases = tuple(
        Purchase(
            report["options"][each["option"]],
            funded,
            min(Fraction(1), Fraction(each["cost"]) / budget),
            str(each["cost"]),
            (),
            (str(each["support"]), str(each["ballots"]), _("yes") if funded else _("no")),
        )
        for funded, listed in ((True, report["funded"]), (False, report["not_funded"]))
        for each in listed
    )
    left = Piece(_("Left over"), Fraction(report["remaining"]) / budget, str(report["remaining"]))
    return Purse(str(report["budget"]), purchases, (left,))
