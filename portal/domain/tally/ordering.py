"""Orders of options as groups of ties, the seats they fill, and the announced order among ties."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# The best group first; options within a group are tied, in the order on offer.
Order = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Seats:
    """Who sits for sure, and who is tied for how many seats that are left."""

    seated: tuple[str, ...]
    tied: tuple[str, ...]
    open_seats: int


def tie_order(options: Iterable[str], root: bytes) -> list[str]:
    """Order tied options by ascending SHA-256(root of the closed log, then option id in UTF-8)."""
    return sorted(
        options, key=lambda option: hashlib.sha256(root + option.encode("utf-8")).digest()
    )


def order_by(totals: Mapping[str, int]) -> Order:
    """Order options by descending totals; equal totals are a tie."""
    groups: dict[int, list[str]] = {}
    for option, total in totals.items():
        groups.setdefault(total, []).append(option)
    return tuple(tuple(groups[total]) for total in sorted(groups, reverse=True))


def number_places(order: Order) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each group with its place; ties share one, and the next counts all before it: 1, 1, 3."""
    place = 1
    for group in order:
        yield place, group
        place += len(group)


def take_seats(order: Order, seats: int) -> Seats:
    """Fill seats from the top; a group that does not fit is tied for the seats that are left."""
    seated: list[str] = []
    for group in order:
        if len(seated) + len(group) > seats:
            left = seats - len(seated)
            return Seats(tuple(seated), group if left else (), left)
        seated.extend(group)
    return Seats(tuple(seated), (), 0)
