"""Text of ballot files: rows, names and exact numbers, each error with the line it stands on."""

from __future__ import annotations

import csv
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TypeVar

from portal.domain.errors import Refusal

_LARGEST = Decimal(10) ** 15
# One comma before three digits and nothing else may part thousands, or stand for the point.
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(\.\d+)?")
_SPACES = str.maketrans("", "", " \u00a0\u202f'_")

Row = TypeVar("Row", bound=Hashable)


def fail(line: int, message: str) -> Refusal:
    """Name what is wrong on a line."""
    return Refusal("tally.malformed", f"Line {line}: {message}")


def rows_of(
    lines: Iterable[str], delimiter: str, *, strict: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Read table rows with the number of the line they end on; blank lines are empty rows.

    Unless ``strict``, text may follow a quotation mark, as in `"Sunny" park`, and spaces a
    delimiter.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=strict, skipinitialspace=not strict)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise fail(max(1, reader.line_num), f"this is no table row ({error}).") from None
        yield reader.line_num, row


def distinct(rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row, int]]:
    """Put equal rows together: the line of the first, the row, and how often it stands there.

    So a file of any length takes no more memory than its different rows.
    """
    seen: dict[Row, list[int]] = {}
    for line, row in rows:
        held = seen.get(row)
        if held is None:
            seen[row] = [line, 1]
        else:
            held[1] += 1
    for row, (line, copies) in seen.items():
        yield line, row, copies


def number(text: str, line: int, what: str) -> Fraction:
    """Read a decimal number from 0 on, exactly; a single comma may stand for the point."""
    plain = text.strip().translate(_SPACES)
    parted = _THOUSANDS.fullmatch(plain)
    if parted and plain.count(",") == 1 and not parted[1]:
        clear = plain.replace(",", ""), plain.replace(",", ".")
        raise fail(line, f'{what} is unclear: write "{clear[0]}" or "{clear[1]}".')
    if parted:
        plain = plain.replace(",", "")
    elif plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        read = Decimal(plain)
    except InvalidOperation:
        raise fail(line, f"{what} is not a number.") from None
    if not (read.is_finite() and 0 <= read <= _LARGEST):
        raise fail(line, f"{what} is not a number from 0 to {_LARGEST:,}.")
    if read.adjusted() < -_LARGEST.adjusted() and read:
        raise fail(line, f"{what} has too many places.")
    return Fraction(read)


def whole(text: str, line: int, what: str, least: int = 1, most: int = 10**15) -> int:
    """Read a whole number within bounds; `2.0` is one too."""
    digits = text.strip()
    head, point, tail = digits.partition(".")
    if point and not tail.strip("0"):
        digits = head
    plain = digits.isascii() and digits.isdigit() and len(digits) <= len(str(most))
    if not (plain and least <= int(digits) <= most):
        raise fail(line, f"{what} is not a whole number from {least} to {most}.")
    return int(digits)


def names_of(cells: Sequence[str], line: int) -> list[str]:
    """Check the names of columns: none empty, none twice; empty columns at the end are dropped."""
    names = [name.strip() for name in cells]
    while len(names) > 1 and not names[-1]:
        names.pop()
    if not all(names):
        raise fail(line, "a column has no name.")
    if any("\0" in name for name in names):
        raise fail(line, "this is no text.")
    if len(set(names)) < len(names):
        raise fail(line, "a name stands here twice.")
    return names
