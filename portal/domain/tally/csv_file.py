"""Ballot files in CSV: a header of options, a ballot per row, and what a cell says by method."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, islice

from portal.domain.errors import Refusal
from portal.domain.tally.file_ballots import BallotFile, Exact, Kind, whole_casts
from portal.domain.tally.file_text import distinct, fail, names_of, number, rows_of, whole
from portal.domain.votes import Method

_WEIGHT = "weight"
_ASIDE = {_WEIGHT, "voter", "voter_id", "ballot_id"}
_EMPTY = {"", "no opinion", "-", "–", "n/a", "none", "unranked"}
_UNAPPROVED = {"0", "no", "n", "false"}
_APPROVED = {"x", "yes", "y", "true"}
_POSITIONS = {
    "for": "for", "yes": "for", "against": "against", "no": "against",
    "abstain": "abstain", "abstained": "abstain", "recused": "recused",
}  # fmt: skip
_TOLD = re.compile(r"\s*sep=([,;\t])\s*", re.IGNORECASE)
_LARGEST_RANK = 10**6
_LARGEST_SCORE = 1000
_LARGEST_VOTES = 10**9


def read_csv(lines: Iterable[str], method: Method | None = None) -> BallotFile:
    """Read a header of options, then a ballot per row; the delimiter is `,`, `;` or a tab.

    A cell is a rank; by other methods a mark of approval, a score, or votes; for yes/no, one column
    says for, against or abstain. An empty cell or "No opinion" says nothing about the option. A
    column `weight` weighs the ballot; columns `voter`, `voter_id` and `ballot_id` are left aside.
    """
    method = method or Method.RANKED
    if method is Method.BUDGET:
        raise Refusal("tally.method", "A CSV file has no costs: a budget is counted from a .pb.")
    kind, read = _CELLS[method]
    head = list(islice(iterator := iter(lines), 20))
    told = _TOLD.fullmatch(head[0]) if head else None
    if told:  # as spreadsheets say it
        head[0] = "\n"
    rows = rows_of(chain(head, iterator), told[1] if told else _delimiter(head))
    line, header = next(((line, row) for line, row in rows if any(row)), (1, []))
    names = names_of(header, line)
    options = [name for name in names if not _is_aside(name)]
    if not options:
        raise fail(line, "the header names no option.")
    if sum(name.lower() == _WEIGHT for name in names) > 1:
        raise fail(line, "two columns weigh the ballots.")
    if kind is Kind.POSITIONS:
        if len(options) > 1:
            raise fail(line, "a yes/no vote has one column for the position.")
        options = ["for", "against", "abstain"]
    weights: dict[str, Fraction] = {}
    exact = [
        _exact(names, cells, copies, line, read, weights)
        for line, cells, copies in distinct(_filled(rows, len(names)))
    ]
    casts, unit, _scale = whole_casts(exact)
    return BallotFile(method, kind, {option: option for option in options}, casts, unit)


def _is_aside(name: str) -> bool:
    """Whether a column is no option: `Ballot ID` is written like `ballot_id`."""
    return name.lower().replace(" ", "_") in _ASIDE


def _delimiter(head: Sequence[str]) -> str:
    """Find what parts the cells: what gives the first rows equally many, and the most."""
    best, most = ",", 1
    for delimiter in (",", ";", "\t"):
        try:
            widths = [len(row) for _line, row in rows_of(head[:6], delimiter) if any(row)][:2]
        except Refusal:
            continue
        if widths and widths[0] > most and len(set(widths)) == 1:
            best, most = delimiter, widths[0]
    return best


def _filled(
    rows: Iterator[tuple[int, list[str]]], width: int
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Check how many cells each row has; what says nothing is an empty cell."""
    for line, row in rows:
        # A blank line is a ballot that says nothing in a file with one column, and nothing else.
        if not row and width > 1:
            continue
        cells = [cell.strip() for cell in row] or [""]
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) != width:
            hint = " Names that hold a comma stand in quotation marks." * (len(cells) < width)
            raise fail(
                line, f"the number of cells is {len(cells)}, not {width} as in the header.{hint}"
            )
        yield line, tuple("" if cell.lower() in _EMPTY else cell for cell in cells)


_Reader = Callable[[str, str, int], tuple[str, int] | None]


def _exact(
    names: Sequence[str],
    cells: Sequence[str],
    copies: int,
    line: int,
    read: _Reader,
    weights: dict[str, Fraction],
) -> Exact:
    weight, numbers = Fraction(1), {}
    for name, cell in zip(names, cells, strict=True):
        if name.lower() == _WEIGHT:
            if cell not in weights:
                weights[cell] = number(cell, line, "the weight")
            weight = weights[cell]
        elif cell and not _is_aside(name) and (said := read(name, cell, line)):
            numbers[said[0]] = Fraction(said[1])
    weighed = any(name.lower() == _WEIGHT for name in names)
    if read is _votes and weighed and sum(votes**2 for votes in numbers.values()) > weight:
        raise fail(line, f"v votes cost v * v credits; the weight gives {weight}.")
    return copies, weight, numbers


def _rank(name: str, cell: str, line: int) -> tuple[str, int]:
    return name, whole(cell, line, f'the rank of "{name}"', most=_LARGEST_RANK)


def _approval(name: str, cell: str, line: int) -> tuple[str, int] | None:
    if cell.lower() in _UNAPPROVED:
        return None
    if cell.lower() not in _APPROVED:
        whole(cell, line, f'the mark of "{name}"')
    return name, 1


def _score(name: str, cell: str, line: int) -> tuple[str, int]:
    return name, whole(cell, line, f'the score of "{name}"', least=0, most=_LARGEST_SCORE)


def _votes(name: str, cell: str, line: int) -> tuple[str, int]:
    return name, whole(cell, line, f'the votes on "{name}"', least=0, most=_LARGEST_VOTES)


def _position(_name: str, cell: str, line: int) -> tuple[str, int]:
    if cell.lower() not in _POSITIONS:
        raise fail(line, f'"{cell[:40]}" is not for, against or abstain.')
    return _POSITIONS[cell.lower()], 1


_CELLS: dict[Method, tuple[Kind, _Reader]] = {
    Method.RANKED: (Kind.RANKS, _rank),
    Method.APPROVAL: (Kind.APPROVALS, _approval),
    Method.SCORE: (Kind.SCORES, _score),
    Method.QUADRATIC: (Kind.VOTES, _votes),
    Method.YES_NO: (Kind.POSITIONS, _position),
}
