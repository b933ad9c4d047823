"""The outcome of a vote over options: its pictures, and what it says in plain sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.domain.money import Money
from portal.domain.outcomes import (
    Bought,
    BudgetCount,
    Figures,
    HouseFigures,
    Placing,
    RankedCount,
    SumsCount,
)
from portal.domain.papers import BallotPaper
from portal.domain.positions import Part
from portal.domain.tally.options import NOT_NOW
from portal.domain.tally.ordering import number_places
from portal.domain.votes import Method
from portal.domain.weights import THOUSANDTHS
from portal.web.formats import format_money, format_share, format_weight
from portal.web.votes.method_words import option_names
from portal.web.votes.option_charts import Bar, Bars, Matrix, Piece, Purchase, Purse


def options_chart(house: HouseFigures, paper: BallotPaper) -> Bars | Matrix | Purse | None:
    """The picture of a house; None where totals would give single voters away.

    Without a quorum nothing is drawn as chosen, and no money as spent.
    """
    reached = house.quorum.reached
    if isinstance(house.count, SumsCount):
        return _bars(house.count, paper, house.count.chosen if reached else ())
    if isinstance(house.count, RankedCount):
        return _matrix(house.count, paper)
    return _purse(house.count, paper, reached=reached) if house.count is not None else None


def name_chosen(figures: Figures) -> list[str]:
    """The names of what the vote as a whole chooses."""
    names = option_names(figures.paper)
    return [names[option] for option in figures.chosen]


def sum_chosen(figures: Figures) -> str:
    """What the chosen options cost together, of the budget; empty where there is none."""
    budget = figures.paper.budget
    if budget is None or not figures.chosen:
        return ""
    cost = sum(each.cost or 0 for each in figures.paper.options if each.id in figures.chosen)
    return _(
        "Together they cost %(cost)s of %(budget)s.",
        cost=_money(cost, figures.paper),
        budget=format_money(budget),
    )


def explain_options(house: HouseFigures, paper: BallotPaper) -> Iterator[str]:
    """How one house came to what it chooses."""
    names, count, reached = option_names(paper), house.count, house.quorum.reached
    if count is None:
        yield _("The totals are not shown, because they would give single voters away.")
        return
    if isinstance(count, BudgetCount):
        yield from _explain_budget(count, paper, reached=reached)
        return
    if isinstance(count, SumsCount):
        yield from _explain_sums(count, paper)
    else:
        yield from _explain_ranked(count, paper)
    ranked = isinstance(count, RankedCount)
    yield from _explain_places(count.placing, names, ranked=ranked, reached=reached)


def _explain_sums(count: SumsCount, paper: BallotPaper) -> Iterator[str]:
    names = option_names(paper)
    for place, group in number_places(count.placing.order[:3]):
        for option in group:
            yield _(
                "%(place)s. “%(option)s”: %(total)s, from %(electors)s.",
                place=place,
                option=names[option],
                total=_total(count.totals[option], paper.method),
                electors=ngettext("%(num)s elector", "%(num)s electors", count.backers[option]),
            )


def _total(total: int, method: Method) -> str:
    if method is Method.QUADRATIC:
        return str(ngettext("%(num)s vote", "%(num)s votes", total))
    if method is Method.SCORE:
        return str(_("%(sum)s points (score times weight)", sum=format_weight(total)))
    return str(_("a weight of %(weight)s", weight=format_weight(total)))


def _explain_ranked(count: RankedCount, paper: BallotPaper) -> Iterator[str]:
    if not any(map(any, count.pairwise)):
        yield _("Nobody ranked an option above another.")
        return
    names, first = option_names(paper), count.placing.order[0]
    against = [place for place in range(len(paper.ids)) if paper.ids[place] != NOT_NOW]
    kept = paper.ids.index(NOT_NOW)
    if any(count.pairwise[kept]) or any(row[kept] for row in count.pairwise):
        against.append(kept)
        if apart := [each for each in count.placing.chosen if _is_apart(count, paper, each)]:
            yield _(
                "No ballot puts %(options)s above or below “Not now”, not even by way of other"
                " options, so “Not now” does not hold that back.",
                options=_join(apart, names),
            )
    else:
        yield _("Nobody ranked an option above or below “Not now”, so it stood against none.")
        first = tuple(option for option in first if option != NOT_NOW)
    if len(first) != 1:
        yield _("Level in first place: %(options)s.", options=_join(first, names))
        return
    winner = paper.ids.index(first[0])
    if all(
        count.pairwise[winner][other] > count.pairwise[other][winner]
        for other in against
        if other != winner
    ):
        yield _(
            "“%(option)s” is first: beside each of the others, more weight ranks it higher than"
            " lower.",
            option=names[first[0]],
        )
    else:
        yield _(
            "“%(option)s” is first. It does not win every comparison outright, but nothing beats it"
            " once the weakest links give way.",
            option=names[first[0]],
        )


def _is_apart(count: RankedCount, paper: BallotPaper, option: str) -> bool:
    """Whether nothing compares an option with "Not now": being level on ballots does not."""
    one, kept = paper.ids.index(option), paper.ids.index(NOT_NOW)
    matrices = (count.pairwise, count.paths)
    return not any(matrix[one][kept] or matrix[kept][one] for matrix in matrices)


def _explain_places(
    placing: Placing, names: dict[str, str], *, ranked: bool, reached: bool
) -> Iterator[str]:
    if placing.tied:
        yield _(
            "Level for what was left (%(open)s to choose): %(options)s.",
            open=placing.open_seats,
            options=_join(placing.tied, names),
        )
        if set(placing.tied) & set(placing.chosen):
            yield _("The order announced before the vote settled it.")
        else:
            yield _("A tie is shown as a tie: none of them is chosen.")
    if placing.chosen and not reached:
        yield _(
            "Without a quorum this house chooses nothing. By its ballots alone it would be:"
            " %(options)s.",
            options=_join(placing.chosen, names),
        )
    elif placing.chosen:
        yield _("This house chooses: %(options)s.", options=_join(placing.chosen, names))
    elif ranked and not placing.tied:
        yield _("Nothing beats “Not now”, so this house chooses nothing.")
    elif not placing.tied:
        yield _("Nobody asked for any of the options, so this house chooses nothing.")


def _explain_budget(count: BudgetCount, paper: BallotPaper, *, reached: bool) -> Iterator[str]:
    names = option_names(paper)
    bought = {
        "options": _join(count.chosen, names),
        "spent": _money(sum(each.cost for each in count.bought), paper),
        "budget": _money(count.budget, paper),
    }
    if not count.bought:
        yield _("Nothing was funded.")
    elif reached:
        yield _("Funded: %(options)s, together %(spent)s of %(budget)s.", **bought)
    else:
        yield _(
            "Without a quorum this house funds nothing. By its ballots alone it would be:"
            " %(options)s, together %(spent)s of %(budget)s.",
            **bought,
        )
    if not reached:
        return
    if count.kept:
        yield _(
            "%(kept)s were kept: the share of those who chose “Not now”.",
            kept=_money(count.kept, paper),
        )
    if count.remaining:
        yield _("%(left)s are left unspent.", left=_money(count.remaining, paper))
    filled = [each.option for each in count.bought if each.rho is None]
    if filled:
        yield _(
            "Paid from what was left, by the weight behind it: %(options)s.",
            options=_join(filled, names),
        )


def _join(options: tuple[str, ...] | list[str], names: dict[str, str]) -> str:
    """Several names in a sentence: quoted, since each reads like the start of one."""
    return ", ".join(_("“%(name)s”", name=names[option]) for option in options)


def _bars(count: SumsCount, paper: BallotPaper, chosen: Collection[str]) -> Bars:
    names = option_names(paper)
    weighed = paper.method is not Method.QUADRATIC
    titles = {
        Method.APPROVAL: (_("Approving weight"), (_("Weight"), _("Electors"))),
        Method.SCORE: (_("Weighted scores"), (_("Sum"), _("Median"), _("Electors"))),
        Method.QUADRATIC: (_("Votes"), (_("Votes"), _("Electors"))),
    }
    title, heads = titles[paper.method]
    bars = []
    for option in (option for group in count.placing.order for option in group):
        total = count.totals[option]
        words = format_weight(total) if weighed else format_weight(total * THOUSANDTHS)
        cells = [words, str(count.backers[option])]
        if count.medians is not None:
            median = count.medians[option]
            cells.insert(1, "" if median is None else str(median))
            if median is not None:
                words = _("%(sum)s, median %(median)s", sum=words, median=median)
        bars.append(Bar(names[option], total, words, option in chosen, tuple(cells)))
    return Bars(title, heads, tuple(bars))


def _matrix(count: RankedCount, paper: BallotPaper) -> Matrix:
    names, pairs, paths = option_names(paper), count.pairwise, count.paths
    order = [paper.ids.index(option) for group in count.placing.order for option in group]
    return Matrix(
        names=tuple(names[paper.ids[place]] for place in order),
        pairwise=tuple(
            tuple(format_weight(pairs[row][column]) for column in order) for row in order
        ),
        wins=tuple(
            tuple(pairs[row][column] > pairs[column][row] for column in order) for row in order
        ),
        paths=tuple(tuple(format_weight(paths[row][column]) for column in order) for row in order),
    )


def _purse(count: BudgetCount, paper: BallotPaper, *, reached: bool) -> Purse:
    whole = count.budget or 1
    bought = {each.option: each for each in count.bought if reached}
    kept, remaining = (count.kept, count.remaining) if reached else (0, count.budget)
    names = option_names(paper)
    places = {option: place for place, option in enumerate(bought)}
    options = sorted(
        (option for option in paper.options if option.id != NOT_NOW),
        key=lambda option: places.get(option.id, len(places)),
    )
    purchases = tuple(
        Purchase(
            name=names[option.id],
            funded=option.id in bought,
            share=Fraction(option.cost or 0, whole),
            cost=_money(option.cost or 0, paper),
            payers=_payers(bought[option.id], paper, whole) if option.id in bought else (),
            cells=_support(count.support[option.id], funded=option.id in bought),
        )
        for option in options
    )
    left = ((_("Kept by “Not now”"), kept), (_("Left"), remaining))
    return Purse(
        _money(count.budget, paper),
        purchases,
        tuple(
            Piece(name, Fraction(amount, whole), _money(amount, paper))
            for name, amount in left
            if amount
        ),
    )


def _support(support: Part, *, funded: bool) -> tuple[str, ...]:
    return format_weight(support.weight), str(support.electors), _("yes") if funded else _("no")


def _payers(bought: Bought, paper: BallotPaper, whole: int) -> tuple[Piece, ...]:
    """Who paid, the most first; sums are rounded to the smallest unit of the currency."""

    def piece(name: str, amount: Fraction) -> Piece:
        share = format_share(amount / bought.cost)
        words = _("%(sum)s (%(share)s)", sum=_money(round(amount), paper), share=share)
        return Piece(name, amount / whole, words)

    pieces = [
        piece(payer.name or _("Unnamed sponsor"), payer.amount) for payer in bought.payers or ()
    ]
    if bought.others:
        said = ngettext("%(num)s more elector", "%(num)s more electors", bought.others)
        pieces.append(piece(str(said), bought.rest))
    return tuple(pieces)


def _money(amount: int, paper: BallotPaper) -> str:
    return format_money(Money(amount, paper.budget.currency if paper.budget else "EUR"))
