"""Ballot files of pabulib: META, PROJECTS and VOTES, each a table with a header line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm

from portal.domain.errors import Refusal
from portal.domain.tally.file_ballots import BallotFile, Exact, Kind, whole_casts
from portal.domain.tally.file_text import distinct, fail, number, rows_of, whole
from portal.domain.votes import Method

_NEEDED = {"META": {"key", "value"}, "PROJECTS": {"project_id", "cost"}, "VOTES": {"vote"}}
_KINDS = {
    "approval": Kind.APPROVALS,
    "choose-1": Kind.APPROVALS,
    "cumulative": Kind.POINTS,
    "scoring": Kind.POINTS,
    "ordinal": Kind.RANKS,
}
_NOTHING = {"", "none"}
# What is read of META and of tables; each stands there once.
_KEYS = {"budget", "vote_type", "default_score", "max_length"}
_COLUMNS = {"key", "value", "project_id", "cost", "name", "vote", "points", "weight"}

# A line, and the cells of a row by the names of the columns.
_Row = tuple[int, dict[str, str]]
_Vote = tuple[str, str, str]


def read_pabulib(lines: Iterable[str], method: Method | None = None) -> BallotFile:
    """Read a budget, projects with costs, and ballots: approvals, points or an order.

    A column `weight` among the votes weighs a ballot; pabulib itself has none. Projects named twice
    on a ballot of approvals are approved once.
    """
    sections = _Sections(lines)
    meta = _meta(sections.rows("META"))
    budget = number(*_said(meta, "budget")[::-1], "the budget")
    kind = _kind(*_said(meta, "vote_type"))
    line, default = meta.get("default_score", (0, ""))
    if default.lower() not in _NOTHING and number(default, line, "default_score"):
        raise fail(line, "a default_score other than 0 is not counted here.")
    costs, names = _projects(sections.rows("PROJECTS"))
    votes = (
        (line, (row["vote"].strip(), row.get("points", "").strip(), row.get("weight", "").strip()))
        for line, row in sections.rows("VOTES")
    )
    exact = [_exact(line, vote, copies, costs, kind) for line, vote, copies in distinct(votes)]
    sections.finish()
    casts, unit, scale = whole_casts(exact)
    parts = lcm(budget.denominator, *(cost.denominator for cost in costs.values()))
    return BallotFile(
        method or Method.BUDGET,
        kind,
        names,
        casts,
        unit,
        scale,
        {option: int(cost * parts) for option, cost in costs.items()},
        int(budget * parts),
        parts,
        max(_longest(meta, len(costs)), *(len(numbers) for _copies, _weight, numbers in exact), 0),
        meta.get("description", (0, ""))[1],
    )


class _Sections:
    """The sections of a file, read in their order and only as far as asked for."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rows = rows_of(lines, ";", strict=False)
        self._section = ""
        self._begin()

    def rows(self, section: str) -> Iterator[_Row]:
        """Read the rows of a section, up to the next one."""
        if self._section != section:
            raise Refusal(
                "tally.malformed",
                f"The section {section} is missing, or a quotation mark before it is not closed.",
            )
        header: list[str] = []
        for line, row in self._rows:
            if not any(cell.strip() for cell in row):
                continue
            if self._begins(row):
                break
            if header:
                if section != "META" and any(cell.strip() for cell in row[len(header) :]):
                    raise fail(
                        line,
                        f"the number of cells is {len(row)}, not {len(header)} as in the header.",
                    )
                if section == "VOTES" and any("\n" in cell for cell in row):
                    raise fail(line, "a quotation mark before it is not closed.")
                cells = row + [""] * (len(header) - len(row))
                yield line, dict(zip(header, cells, strict=False))
                continue
            header = [cell.strip().lower() for cell in row]
            if missing := _NEEDED[section] - set(header):
                raise fail(line, f'the column "{min(missing)}" is missing.')
            if doubled := {name for name in _COLUMNS if header.count(name) > 1}:
                raise fail(line, f'the column "{min(doubled)}" stands here twice.')
        else:
            self._section = ""

    def finish(self) -> None:
        """Refuse what follows the votes."""
        if self._section != "":
            raise Refusal("tally.malformed", f"The section {self._section} stands twice.")

    def _begin(self) -> None:
        for line, row in self._rows:
            if not any(cell.strip() for cell in row):
                continue
            if not self._begins(row) or self._section != "META":
                raise fail(line, "META is expected first.")
            return

    def _begins(self, row: Sequence[str]) -> bool:
        word = row[0].strip().upper()
        if word not in _NEEDED or any(cell.strip() for cell in row[1:]):
            return False
        self._section = word
        return True


def _meta(rows: Iterable[_Row]) -> dict[str, tuple[int, str]]:
    meta: dict[str, tuple[int, str]] = {}
    for line, row in rows:
        key = row["key"].strip().lower()
        if key in meta and key in _KEYS:
            raise fail(line, f'META names "{key}" twice.')
        meta[key] = line, row["value"].strip()
    return meta


def _said(meta: Mapping[str, tuple[int, str]], key: str) -> tuple[int, str]:
    if key not in meta:
        raise Refusal("tally.malformed", f'META does not name "{key}".')
    return meta[key]


def _kind(line: int, vote_type: str) -> Kind:
    kind = _KINDS.get(vote_type.lower())
    if kind is None:
        raise fail(line, f'ballots of the type "{vote_type[:40]}" are not known.')
    return kind


def _projects(rows: Iterable[_Row]) -> tuple[dict[str, Fraction], dict[str, str]]:
    costs: dict[str, Fraction] = {}
    names = {}
    for line, row in rows:
        option = row["project_id"].strip()
        if not option or option in costs:
            raise fail(line, "the project_id is missing or stands twice.")
        costs[option] = number(row["cost"], line, "the cost")
        name = row.get("name", "").strip()
        names[option] = option if name.lower() in _NOTHING else name
    return costs, names


def _longest(meta: Mapping[str, tuple[int, str]], options: int) -> int:
    """How many options a ballot may rank, as the file says; else all."""
    line, said = meta.get("max_length", (0, ""))
    return options if said.lower() in _NOTHING else whole(said, line, "max_length")


def _exact(line: int, vote: _Vote, copies: int, costs: Mapping[str, Fraction], kind: Kind) -> Exact:
    named, points, weight = vote
    chosen = [] if named.lower() in _NOTHING else [each.strip() for each in named.split(",")]
    chosen = [option for option in chosen if option]
    for option in chosen:
        if option not in costs:
            raise fail(line, f'there is no project "{option[:40]}".')
    if kind is not Kind.APPROVALS and len(set(chosen)) < len(chosen):
        raise fail(line, "a project stands here twice.")
    return copies, number(weight or "1", line, "the weight"), _NUMBERS[kind](chosen, points, line)


def _approvals(chosen: Sequence[str], _points: str, _line: int) -> dict[str, Fraction]:
    return dict.fromkeys(chosen, Fraction(1))


def _points(chosen: Sequence[str], points: str, line: int) -> dict[str, Fraction]:
    given = [point for point in points.split(",") if point.strip().lower() not in _NOTHING]
    if len(given) != len(chosen):
        raise fail(line, f"{len(chosen)} points are expected, not {len(given)}.")
    read = [number(point, line, "a point") for point in given]
    return dict(zip(chosen, read, strict=True))


def _ranks(chosen: Sequence[str], _points: str, _line: int) -> dict[str, Fraction]:
    return {option: Fraction(rank) for rank, option in enumerate(chosen, start=1)}


_NUMBERS: dict[Kind, Callable[[Sequence[str], str, int], dict[str, Fraction]]] = {
    Kind.APPROVALS: _approvals,
    Kind.POINTS: _points,
    Kind.RANKS: _ranks,
}
