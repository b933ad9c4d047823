"""The plain count that bundles carry gives what the packed one gives."""

from __future__ import annotations

from dataclasses import asdict

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.tally import schulze, schulze_plain
from portal.domain.tally.options import RankedChoice, Unranked

OPTIONS = ("a", "b", "c", "d")
_RANKS = st.dictionaries(st.sampled_from(OPTIONS), st.integers(1, 4))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), _RANKS), max_size=9), st.sampled_from(Unranked))
def test_both_counts_agree(drawn: list[tuple[int, dict[str, int]]], unranked: Unranked) -> None:
    ballots = [(weight, RankedChoice(ranks)) for weight, ranks in drawn]
    packed = schulze.count_ranked(OPTIONS, ballots, unranked=unranked, seats=2)
    plain = schulze_plain.count_ranked(OPTIONS, ballots, unranked=unranked, seats=2)
    assert asdict(plain) == asdict(packed)
