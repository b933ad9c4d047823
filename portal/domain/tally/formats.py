"""Ballot files: CSV of ranks, pabulib budgets and PrefLib orders, read with errors by line."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import lcm

from portal.domain.errors import Refusal
from portal.domain.tally.options import ApprovalChoice, PointsChoice, RankedChoice
from portal.domain.votes import Method

FileChoice = RankedChoice | ApprovalChoice | PointsChoice

_UNRANKED = {"", "no opinion"}
_LARGEST_RANK = 10**6
_LARGEST_AMOUNT = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class BallotFile:
    """What a file holds: its method, options by id with their names, and weighed ballots.

    ``unit`` is the whole weight that the file writes as 1. Budget files have costs and a budget in
    whole parts of money, of which ``money_unit`` make 1.
    """

    method: Method
    options: Mapping[str, str]
    ballots: Sequence[tuple[int, FileChoice]]
    unit: int = 1
    costs: Mapping[str, int] = field(default_factory=dict)
    budget: int = 0
    money_unit: int = 1


def read_ballots(name: str, text: str) -> BallotFile:
    """Read a file by the ending of its name; refuses others, and names the line of an error."""
    ending = name.rpartition(".")[2].lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise Refusal(
            "tally.unknown_format",
            "A ballot file ends in .csv, .pb, .soc, .soi, .toc or .toi.",
        )
    return reader(text.removeprefix("\ufeff"))


def _fail(line: int, message: str) -> Refusal:
    return Refusal("tally.malformed", f"Line {line}: {message}")


def _number(text: str, line: int, what: str) -> Fraction:
    """Read a decimal number from 0 on, exactly."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise _fail(line, f"{what} is not a number.") from None
    if not (number.is_finite() and 0 <= number <= _LARGEST_AMOUNT):
        raise _fail(line, f"{what} is not a number from 0 to {_LARGEST_AMOUNT:,}.")
    return Fraction(number)


def _whole(text: str, line: int, what: str, least: int = 1, most: int = 10**15) -> int:
    """Read a whole number within bounds."""
    text = text.strip()
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not (digits and least <= int(text) <= most):
        raise _fail(line, f"{what} is not a whole number from {least} to {most}.")
    return int(text)


def _weighed(
    ballots: Sequence[tuple[Fraction, FileChoice]],
) -> tuple[list[tuple[int, FileChoice]], int]:
    """Turn decimal weights into whole ones, and say how much 1 has become."""
    unit = lcm(*{weight.denominator for weight, _choice in ballots})
    return [(int(weight * unit), choice) for weight, choice in ballots], unit


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Read rows with the number of the line they end on; blank lines are left out."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _fail(reader.line_num, f"this is no table row ({error}).") from None
        yield reader.line_num, row


def _named(names: Sequence[str], line: int) -> list[str]:
    """Check the names of columns or options: none empty, none twice."""
    stripped = [name.strip() for name in names]
    if not all(stripped):
        raise _fail(line, "a column has no name.")
    if len(set(stripped)) < len(stripped):
        raise _fail(line, "a name stands here twice.")
    return stripped


def _read_csv(text: str) -> BallotFile:
    """Read a header of options, then a rank per cell; an empty cell or "No opinion" is unranked."""
    rows = _rows(text, ",")
    line, header = next(rows, (1, []))
    names = _named(header, line)
    options = [name for name in names if name.lower() != "weight"]
    if not options:
        raise _fail(line, "the header names no option.")
    ballots = []
    for line, row in rows:
        # A blank line is a ballot that ranks nothing in a file with one column, and nothing else.
        if not row and len(names) > 1:
            continue
        cells = row or [""]
        if len(cells) != len(names):
            raise _fail(line, f"{len(names)} cells are expected, not {len(cells)}.")
        ballots.append(_csv_ballot(names, cells, line))
    weighed, unit = _weighed(ballots)
    return BallotFile(Method.RANKED, {option: option for option in options}, weighed, unit)


def _csv_ballot(
    names: Sequence[str], cells: Sequence[str], line: int
) -> tuple[Fraction, RankedChoice]:
    weight, ranks = Fraction(1), {}
    for name, cell in zip(names, cells, strict=True):
        if name.lower() == "weight":
            weight = _number(cell, line, "the weight")
        elif cell.strip().lower() not in _UNRANKED:
            ranks[name] = _whole(cell, line, f'the rank of "{name}"', most=_LARGEST_RANK)
    return weight, RankedChoice(ranks)


_METADATA = re.compile(r"#\s*([A-Z][A-Z ]*?)(?: (\d+))?\s*:\s*(.*)")
_GROUPS = re.compile(r"\{([^{}]*)\}|(\d+)")
_ORDER = re.compile(r"\s*(?:\{[\d\s,]*\}|\d+)\s*(?:,\s*(?:\{[\d\s,]*\}|\d+)\s*)*")


def _read_preflib(text: str) -> BallotFile:
    """Read metadata for the names, then `count: 3,1,{2,4}` with braces around ties."""
    options: dict[str, str] = {}
    ballots = []
    for line, content in enumerate(text.splitlines(), start=1):
        if content.startswith("#"):
            said = _METADATA.fullmatch(content.strip())
            if said and said[1] == "ALTERNATIVE NAME" and said[2]:
                options[said[2]] = said[3].strip()
        elif content.strip():
            ballots.append((line, *_preflib_ballot(content, line)))
    if not options:
        raise _fail(1, 'no option is named; "# ALTERNATIVE NAME 1: ..." is expected.')
    for line, _count, choice in ballots:
        if unknown := choice.ranks.keys() - options.keys():
            raise _fail(line, f"option {min(unknown)} is not named above.")
    return BallotFile(Method.RANKED, options, [(count, choice) for _l, count, choice in ballots])


def _preflib_ballot(content: str, line: int) -> tuple[int, RankedChoice]:
    count, colon, order = content.partition(":")
    if not colon or (order.strip() and not _ORDER.fullmatch(order)):
        raise _fail(line, '"count: 3,1,{2,4}" is expected.')
    ranks: dict[str, int] = {}
    for rank, (tied, single) in enumerate(_GROUPS.findall(order), start=1):
        for option in filter(None, (each.strip() for each in (tied or single).split(","))):
            if option in ranks:
                raise _fail(line, f"option {option} stands here twice.")
            ranks[option] = rank
    return _whole(count, line, "the count"), RankedChoice(ranks)


_SECTIONS = ("META", "PROJECTS", "VOTES")
_Table = list[tuple[int, dict[str, str]]]


def _read_pabulib(text: str) -> BallotFile:
    """Read the sections META, PROJECTS and VOTES, each a table with a header line."""
    tables = _pabulib_tables(text)
    meta = {row["key"].strip(): (line, row["value"].strip()) for line, row in tables["META"]}
    budget = _number(*_meta(meta, "budget")[::-1], "the budget")
    costs: dict[str, Fraction] = {}
    names = {}
    for line, row in tables["PROJECTS"]:
        option = row["project_id"].strip()
        if not option or option in costs:
            raise _fail(line, "the project_id is missing or stands twice.")
        costs[option] = _number(row["cost"], line, "the cost")
        if not costs[option]:
            raise _fail(line, "the cost is 0.")
        names[option] = row.get("name", "").strip() or option
    read = _pabulib_choice(_meta(meta, "vote_type"))
    ballots = [_pabulib_ballot(line, row, costs, read) for line, row in tables["VOTES"]]
    weighed, unit = _weighed(ballots)
    parts = lcm(budget.denominator, *(cost.denominator for cost in costs.values()))
    return BallotFile(
        Method.BUDGET,
        names,
        weighed,
        unit,
        {option: int(cost * parts) for option, cost in costs.items()},
        int(budget * parts),
        parts,
    )


def _pabulib_tables(text: str) -> dict[str, _Table]:
    tables: dict[str, _Table] = {}
    section, header = "", list[str]()
    needed = {"META": {"key", "value"}, "PROJECTS": {"project_id", "cost"}, "VOTES": {"vote"}}
    for line, row in _rows(text, ";"):
        if not any(cell.strip() for cell in row):
            continue
        word = row[0].strip().upper()
        if word in _SECTIONS and not any(cell.strip() for cell in row[1:]):
            section, header = word, []
            tables[section] = []
        elif not section:
            raise _fail(line, "META is expected first.")
        elif not header:
            header = [cell.strip().lower() for cell in row]
            if missing := needed[section] - set(header):
                raise _fail(line, f'the column "{min(missing)}" is missing.')
        else:
            cells = row + [""] * (len(header) - len(row))
            tables[section].append((line, dict(zip(header, cells, strict=False))))
    for section in _SECTIONS:
        if section not in tables:
            raise Refusal("tally.malformed", f"The section {section} is missing.")
    return tables


def _meta(meta: Mapping[str, tuple[int, str]], key: str) -> tuple[int, str]:
    if key not in meta:
        raise Refusal("tally.malformed", f'META does not name "{key}".')
    return meta[key]


def _pabulib_choice(vote_type: tuple[int, str]) -> str:
    line, kind = vote_type
    if kind not in {"approval", "cumulative", "scoring", "choose-1"}:
        raise _fail(line, f'ballots of the type "{kind[:40]}" cannot be counted as a budget vote.')
    return "points" if kind in {"cumulative", "scoring"} else ""


def _pabulib_ballot(
    line: int, row: Mapping[str, str], costs: Mapping[str, Fraction], points: str
) -> tuple[Fraction, FileChoice]:
    weight = _number(row.get("weight", "").strip() or "1", line, "the weight")
    chosen = [option.strip() for option in row["vote"].split(",") if option.strip()]
    if unknown := set(chosen) - costs.keys():
        raise _fail(line, f'there is no project "{min(unknown)[:40]}".')
    if len(set(chosen)) < len(chosen):
        raise _fail(line, "a project stands here twice.")
    if not points:
        return weight, ApprovalChoice(frozenset(chosen))
    given = [point for point in row.get(points, "").split(",") if point.strip()]
    if len(given) != len(chosen):
        raise _fail(line, f"{len(chosen)} points are expected, not {len(given)}.")
    read = [_whole(point, line, "a point", least=0) for point in given]
    return weight, PointsChoice(dict(zip(chosen, read, strict=True)))


_READERS: dict[str, Callable[[str], BallotFile]] = {
    "csv": _read_csv,
    "pb": _read_pabulib,
    **dict.fromkeys(("soc", "soi", "toc", "toi"), _read_preflib),
}
