"""The Merkle tree of RFC 9162, section 2.1: roots, inclusion and consistency proofs.

A subtree is named by its range of leaves ``(start, end)``. Ranges that start at a multiple of
their length, a power of two, never change once they are full: those are what a log stores.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice

_BLOCK = 1024
EMPTY_ROOT = hashlib.sha256(b"").digest()

Range = tuple[int, int]
Subtrees = Callable[[Iterable[Range]], Mapping[Range, bytes]]


class ProofWrong(Exception):
    """A proof does not lead from what it is said to prove to the root it is said to prove it by."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf: SHA-256 over 0x00 and its bytes."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 over 0x01 and its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree by its size and its full subtrees, the largest first: all that appending needs."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> tuple[Frontier, dict[Range, bytes]]:
        """The tree with one more leaf hash, and the subtrees that it completed, leaf included."""
        start, end, peaks = self.size, self.size + 1, list(self.peaks)
        completed = {(start, end): leaf}
        while (length := end - start) & start:
            leaf = node_hash(peaks.pop(), leaf)
            start -= length
            completed[start, end] = leaf
        return Frontier(end, (*peaks, leaf)), completed

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return _join(self.peaks)


def _join(peaks: Sequence[bytes]) -> bytes:
    """The root over full subtrees, the largest first."""
    if not peaks:
        return EMPTY_ROOT
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in one pass and with little memory."""
    return _root_of(leaves, list)


def log_root(leaves: Iterable[bytes]) -> bytes:
    """The root over the leaves themselves, as ``root_of`` over their hashes."""
    return _root_of(leaves, _leaf_hashes)


def _leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


def _root_of(leaves: Iterable[bytes], hashed: Callable[[Iterable[bytes]], list[bytes]]) -> bytes:
    """Block by block, since a loop over many at once costs least."""
    peaks: list[bytes] = []
    remaining, blocks = iter(leaves), 0
    while len(block := hashed(islice(remaining, _BLOCK))) == _BLOCK:
        node, place = _full_root(block), blocks
        while place & 1:
            node, place = node_hash(peaks.pop(), node), place >> 1
        peaks.append(node)
        blocks += 1
    rest = (_full_root(block[start:end]) for start, end in full_subtrees(0, len(block)))
    return _join([*peaks, *rest])


def _full_root(nodes: list[bytes]) -> bytes:
    """The root over a power of two of nodes, level by level: a loop without bookkeeping."""
    sha256 = hashlib.sha256
    while len(nodes) > 1:
        pairs = iter(nodes)
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)]  # noqa: B905 - there is an even number
    return nodes[0]


def full_subtrees(start: int, end: int) -> Iterator[Range]:
    """The full subtrees that make up a range which starts where one of its size may start."""
    while start < end:
        length = 1 << ((end - start).bit_length() - 1)
        yield start, start + length
        start += length


def _split(start: int, end: int) -> int:
    """Where a range of two or more leaves divides: at its largest power of two below its length."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def inclusion_path(index: int, size: int) -> list[Range]:
    """The ranges whose roots prove a leaf's inclusion in a tree, the nearest first (2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_path(first: int, second: int) -> list[Range]:
    """The ranges whose roots prove that a tree grew out of a smaller one (2.1.4.1)."""
    if not 0 <= first <= second:
        raise ValueError("a tree grows out of a smaller one")
    path: list[Range] = []
    start, end, whole = 0, second, True
    if first in {0, second}:
        return path
    while first != end:
        middle = _split(start, end)
        if first <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, whole = middle, False
    if not whole:
        path.append((start, end))
    return path[::-1]


def read_hashes(ranges: Sequence[Range], subtrees: Subtrees) -> list[bytes]:
    """The roots of ranges, put together from stored full subtrees that are asked for at once."""
    parts = [list(full_subtrees(*each)) for each in ranges]
    stored = subtrees([part for each in parts for part in each])
    return [_join([stored[part] for part in each]) for each in parts]


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf hash is in a tree at an index (2.1.3.2); raise ``ProofWrong`` if not."""
    if not 0 <= index < size:
        raise ProofWrong("the tree has no such leaf")
    node = leaf
    for step, on_the_left in _climb(index, size - 1, proof):
        node = node_hash(step, node) if on_the_left else node_hash(node, step)
    if node != root:
        raise ProofWrong("the proof leads to another root")


def check_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Check that a tree grew out of a smaller one (2.1.4.2); raise ``ProofWrong`` if not."""
    if not 0 <= first <= second:
        raise ProofWrong("the second tree is smaller than the first")
    if first in {0, second}:
        expected = second_root if first else EMPTY_ROOT
        if proof or first_root != expected:
            raise ProofWrong("the same tree has one root and needs no proof")
        return
    steps = list(proof) if first & (first - 1) else [first_root, *proof]
    if not steps:
        raise ProofWrong("the proof is too short")
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    older = newer = steps[0]
    for step, on_the_left in _climb(position, last, steps[1:]):
        newer = node_hash(step, newer) if on_the_left else node_hash(newer, step)
        older = node_hash(step, older) if on_the_left else older
    if (older, newer) != (first_root, second_root):
        raise ProofWrong("the proof leads to another root")


def _climb(position: int, last: int, steps: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each step of a proof on the way to the root, and whether it stands on the left."""
    for step in steps:
        if last == 0:
            raise ProofWrong("the proof is too long")
        on_the_left = bool(position & 1) or position == last
        yield step, on_the_left
        while on_the_left and not position & 1 and position:
            position, last = position >> 1, last >> 1
        position, last = position >> 1, last >> 1
    if last:
        raise ProofWrong("the proof is too short")


def cover(indices: Sequence[int], size: int) -> list[Range]:
    """The largest ranges of a tree that hold none of some leaves, in ascending order.

    Their roots and those leaves give the tree's root: one proof of inclusion for all of them.
    For a single leaf these are the ranges of its ``inclusion_path``.
    """
    return list(_cover(sorted(indices), 0, size)) if size else []


def _cover(held: Sequence[int], start: int, end: int) -> Iterator[Range]:
    if not held:
        yield start, end
    elif end - start > 1:
        middle = _split(start, end)
        below = bisect_left(held, middle)
        yield from _cover(held[:below], start, middle)
        yield from _cover(held[below:], middle, end)


def root_with(leaves: Mapping[int, bytes], size: int, hashes: Sequence[bytes]) -> bytes:
    """The root of a tree from some of its leaf hashes and the roots of what covers the rest.

    Raises ``ProofWrong`` where the hashes are more or fewer than ``cover`` names.
    """
    held = sorted(leaves)
    ranges = list(_cover(held, 0, size)) if size else []
    if len(ranges) != len(hashes) or (held and not 0 <= held[0] <= held[-1] < size):
        raise ProofWrong("the proof does not cover the tree")
    rest = dict(zip(ranges, hashes, strict=True))

    def root(start: int, end: int, held: Sequence[int]) -> bytes:
        if not held:
            return rest[start, end]
        if end - start == 1:
            return leaves[start]
        middle = _split(start, end)
        below = bisect_left(held, middle)
        return node_hash(root(start, middle, held[:below]), root(middle, end, held[below:]))

    return root(0, size, held) if size else EMPTY_ROOT
