"""The tree against the vectors of Certificate Transparency, and against the RFC's definition."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.record import tree

# The reference leaves and roots of Certificate Transparency (RFC 6962, the same tree as RFC 9162).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def _grow(count: int) -> tuple[list[tree.Frontier], dict[tree.Range, bytes], list[bytes]]:
    frontiers, stored, leaves = [tree.Frontier()], {}, []
    for number in range(count):
        data = LEAVES[number] if number < len(LEAVES) else str(number).encode()
        leaves.append(tree.leaf_hash(data))
        frontier, completed = frontiers[-1].append(leaves[-1])
        frontiers.append(frontier)
        stored |= completed
    return frontiers, stored, leaves


def _defined_root(leaves: list[bytes]) -> bytes:
    """The root as RFC 9162, 2.1.1 defines it."""
    if not leaves:
        return tree.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return tree.node_hash(_defined_root(leaves[:half]), _defined_root(leaves[half:]))


FRONTIERS, STORED, HASHES = _grow(70)


def _read(*ranges: tree.Range) -> list[bytes]:
    return tree.read_hashes(ranges, lambda parts: {part: STORED[part] for part in parts})


def test_the_reference_roots_come_out() -> None:
    assert [frontier.root.hex() for frontier in FRONTIERS[:9]] == ROOTS
    assert [tree.root_of(HASHES[:size]).hex() for size in range(9)] == ROOTS


def test_long_logs_are_hashed_in_blocks_to_the_same_root() -> None:
    frontier, leaves = tree.Frontier(), []
    for number in range(3 * 1024 + 5):
        leaves.append(str(number).encode())
        frontier, _completed = frontier.append(tree.leaf_hash(leaves[-1]))
        if number % 1024 in {0, 1022, 1023}:
            assert tree.log_root(leaves) == frontier.root
            assert tree.root_of(map(tree.leaf_hash, leaves)) == frontier.root


def test_a_reference_consistency_proof_comes_out_and_holds() -> None:
    proof = [
        base64.b64decode(text)
        for text in (
            "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
            "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
            "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
        )
    ]
    assert _read(*tree.consistency_path(6, 8)) == proof
    tree.check_consistency(6, 8, proof, FRONTIERS[6].root, FRONTIERS[8].root)


def test_roots_follow_the_definition_at_every_size() -> None:
    for size, frontier in enumerate(FRONTIERS):
        expected = _defined_root(HASHES[:size])
        assert frontier.root == tree.root_of(HASHES[:size]) == expected


def test_every_leaf_of_every_size_is_proved_and_no_other() -> None:
    for size in range(1, 40):
        root = FRONTIERS[size].root
        for index in range(size):
            proof = _read(*tree.inclusion_path(index, size))
            tree.check_inclusion(HASHES[index], index, size, proof, root)
            for wrong in (
                (HASHES[index + 1], index, size, proof, root),
                (HASHES[index], index, size, [*proof, root], root),
                (HASHES[index], index, size, proof, FRONTIERS[size + 1].root),
                (HASHES[index], size, size, proof, root),
            ):
                with pytest.raises(tree.ProofWrong):
                    tree.check_inclusion(*wrong)
            if proof:
                with pytest.raises(tree.ProofWrong):
                    tree.check_inclusion(HASHES[index], index, size, proof[:-1], root)


def test_every_two_sizes_are_consistent_and_nothing_else_is() -> None:
    for second in range(34):
        for first in range(second + 1):
            proof = _read(*tree.consistency_path(first, second))
            roots = FRONTIERS[first].root, FRONTIERS[second].root
            tree.check_consistency(first, second, proof, *roots)
            wrong = [([*proof, roots[0]], *roots)]
            if first not in {0, second}:
                wrong += [(proof[:-1], *roots), (proof, roots[1], roots[1])]
                wrong += [(proof, roots[0], FRONTIERS[second + 1].root)]
            for each in wrong:
                with pytest.raises(tree.ProofWrong):
                    tree.check_consistency(first, second, *each)
    with pytest.raises(tree.ProofWrong):
        tree.check_consistency(3, 2, [], FRONTIERS[3].root, FRONTIERS[2].root)
    with pytest.raises(tree.ProofWrong):
        tree.check_consistency(2, 2, [], FRONTIERS[3].root, FRONTIERS[2].root)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 64).flatmap(
        lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1)))
    )
)
def test_one_proof_covers_any_set_of_leaves(drawn: tuple[int, set[int]]) -> None:
    size, indices = drawn
    hashes = _read(*tree.cover(list(indices), size))
    held = {index: HASHES[index] for index in indices}
    assert tree.root_with(held, size, hashes) == FRONTIERS[size].root
    with pytest.raises(tree.ProofWrong):
        tree.root_with(held, size, [*hashes, HASHES[0]])
    if hashes:
        altered = [bytes(32), *hashes[1:]]
        assert tree.root_with(held, size, altered) != FRONTIERS[size].root


def test_the_cover_of_one_leaf_is_its_inclusion_path() -> None:
    for size in (1, 7, 8, 33):
        for index in range(size):
            assert sorted(tree.inclusion_path(index, size)) == tree.cover([index], size)


def test_what_no_tree_has_is_refused() -> None:
    for call in (
        lambda: tree.inclusion_path(3, 3),
        lambda: tree.consistency_path(4, 3),
    ):
        with pytest.raises(ValueError, match="tree"):
            call()
    with pytest.raises(tree.ProofWrong):
        tree.root_with({5: HASHES[5]}, 4, _read((0, 4)))
    assert tree.root_with({}, 0, []) == tree.EMPTY_ROOT
