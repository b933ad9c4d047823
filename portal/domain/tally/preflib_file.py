"""Ballot files of PrefLib: metadata that names the options, then orders with their counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from portal.domain.tally.file_ballots import BallotFile, Cast, Kind
from portal.domain.tally.file_text import fail, whole
from portal.domain.votes import Method

_METADATA = re.compile(r"#\s*([A-Z][A-Z ]*?)(?: (\d+))?\s*:\s*(.*)")
_GROUPS = re.compile(r"\{([^{}]*)\}|(\d+)")
_ORDER = re.compile(r"\s*(?:\{[\d\s,]*\}|\d+)\s*(?:,\s*(?:\{[\d\s,]*\}|\d+)\s*)*,?\s*")
_TOTALS = re.compile(r"\d{1,15}\s*,\s*(\d{1,15})\s*,\s*(\d{1,15})")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_Totals = tuple[int, int, int]
_ORDERS = {"SOC", "SOI", "TOC", "TOI"}
_NUMBERS = ("NUMBER VOTERS", "NUMBER UNIQUE ORDERS")


def read_preflib(lines: Iterable[str], method: Method | None = None) -> BallotFile:
    """Read metadata for the names, then `count: 3,1,{2,4}` with braces around ties.

    Orders may leave options out. Equal orders are one ballot, counted so often. Files of before
    2022 begin with the number of options instead, and have a comma after the count.
    """
    numbered = ((line, raw.strip()) for line, raw in enumerate(lines, start=1))
    filled: Iterator[tuple[int, str]] = ((line, content) for line, content in numbered if content)
    first = next(filled, None)
    names: dict[str, str] = {}
    numbers: dict[str, tuple[int, str]] = {}
    title, colon, totals = "", ":", None
    if first and first[1].isascii() and first[1].isdigit():
        names, totals = _old_head(filled, whole(first[1], first[0], "the number of options"))
        colon = ","
    elif first:
        filled = chain([first], filled)
    orders: list[tuple[int, Cast]] = []
    for line, content in filled:
        if content.startswith("#"):
            key, option, value = _metadata(content, line)
            if key == "ALTERNATIVE NAME" and option:
                if option in names:
                    raise fail(line, f"option {option} is named twice.")
                names[option] = value or option
            elif key == "TITLE":
                title = value
            elif key in _NUMBERS:
                numbers[key] = line, value
        else:
            orders.append((line, _order(content, colon, line)))
    _check(orders, names, totals or _totals(numbers))
    casts = tuple(cast for _line, cast in orders)
    return BallotFile(method or Method.RANKED, Kind.RANKS, names, casts, title=title)


def _old_head(lines: Iterator[tuple[int, str]], options: int) -> tuple[dict[str, str], _Totals]:
    """Read `1,name` for each option, and the totals: voters, sum of counts, different orders."""
    names: dict[str, str] = {}
    last = 1
    for line, content in islice(lines, options):
        option, _comma, name = content.partition(",")
        number = str(whole(option, line, "the number of an option"))
        if number in names:
            raise fail(line, f"option {number} is named twice.")
        names[number], last = _unquoted(name.strip()), line
    line, content = next(lines, (last + 1, ""))
    said = _TOTALS.fullmatch(content)
    if len(names) < options or not said:
        raise fail(line, f"{options} names, then the totals are expected: voters,sum,orders.")
    return names, (line, int(said[1]), int(said[2]))


def _totals(numbers: Mapping[str, tuple[int, str]]) -> _Totals | None:
    """Read how many voters and different orders new metadata names, where it names both."""
    if len(numbers) < len(_NUMBERS):
        return None
    voters, different = (whole(numbers[key][1], numbers[key][0], key, 0) for key in _NUMBERS)
    return numbers[_NUMBERS[0]][0], voters, different


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if _QUOTED.fullmatch(name) else name


def _check(orders: list[tuple[int, Cast]], names: dict[str, str], totals: _Totals | None) -> None:
    """Refuse orders of options without a name, and totals that fit nothing that follows them.

    Such totals are an order that was taken for them.
    """
    if not names:
        raise fail(1, 'no option is named; "# ALTERNATIVE NAME 1: ..." is expected.')
    for line, cast in orders:
        if unknown := cast.numbers.keys() - names.keys():
            raise fail(line, f"option {min(unknown)} is not named above.")
    line, counted, different = totals or (0, 0, len(orders))
    if different != len(orders) and counted != sum(cast.copies for _line, cast in orders):
        raise fail(line, "the totals of voters and orders do not fit the orders that follow.")


def _metadata(content: str, line: int) -> tuple[str, str, str]:
    said = _METADATA.fullmatch(content)
    if not said:
        return "", "", ""
    key, option, value = said[1], said[2] or "", said[3].strip()
    if key == "DATA TYPE" and value.upper() not in _ORDERS:
        raise fail(line, f'data of the type "{value[:20]}" are no orders of options.')
    return key, option.lstrip("0"), value


def _order(content: str, colon: str, line: int) -> Cast:
    count, found, order = content.partition(colon)
    if not found or (order.strip() and not _ORDER.fullmatch(order)):
        raise fail(line, f'"count{colon} 3,1,{{2,4}}" is expected.')
    ranks: dict[str, int] = {}
    for rank, (tied, single) in enumerate(_GROUPS.findall(order), start=1):
        for option in filter(None, (each.strip() for each in (tied or single).split(","))):
            named = option.lstrip("0")
            if named in ranks:
                raise fail(line, f"option {option} stands here twice.")
            ranks[named] = rank
    return Cast(whole(count, line, "the count"), 1, ranks)
