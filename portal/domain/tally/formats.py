"""Ballot files by their endings: CSV, pabulib and PrefLib."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator

from portal.domain.errors import Refusal
from portal.domain.tally.csv_file import read_csv
from portal.domain.tally.file_ballots import BallotFile
from portal.domain.tally.pabulib_file import read_pabulib
from portal.domain.tally.preflib_file import read_preflib
from portal.domain.votes import Method

_Reader = Callable[[Iterable[str], Method | None], BallotFile]

_READERS: dict[str, _Reader] = {
    "csv": read_csv,
    "pb": read_pabulib,
    **dict.fromkeys(("soc", "soi", "toc", "toi"), read_preflib),
}
_UNCOUNTED = {
    "cat": "categories, not an order",
    "dat": "numbers that are no ballots",
    "wmd": "a matching",
    "tog": "a tournament, not ballots",
    "mjg": "a majority graph, not ballots",
    "wmg": "a majority graph, not ballots",
    "pwg": "pairs, not ballots",
}


def read_ballots(name: str, lines: Iterable[str], method: Method | None = None) -> BallotFile:
    """Read a file, line by line, by the ending of its name, for a method of counting.

    Refuses other endings, and names the line of an error. Lines keep their ends.
    """
    ending = name.rpartition(".")[2].lower()
    if ending in _UNCOUNTED:
        raise Refusal(
            "tally.unknown_format",
            f"A .{ending} file holds {_UNCOUNTED[ending]}: there is no count.",
        )
    if ending not in _READERS:
        raise Refusal(
            "tally.unknown_format",
            "A ballot file ends in .csv, .pb, .soc, .soi, .toc or .toi.",
        )
    return _READERS[ending](_unmarked(lines), method)


def encoding_of(head: bytes) -> str:
    """Find the encoding by a file's first two bytes: UTF-8, or UTF-16 as spreadsheets mark it."""
    return "utf-16" if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8"


def _unmarked(lines: Iterable[str]) -> Iterator[str]:
    """Leave out a byte-order mark."""
    iterator = iter(lines)
    for first in iterator:
        yield first.removeprefix("\ufeff")
        break
    yield from iterator
