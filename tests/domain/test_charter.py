"""The charter: shares are exact, and what no vote could be held under is refused at its field."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.charter import Charter, PrivacyMode, changed_fields, parse_share, percent
from portal.domain.errors import Refusal


@pytest.mark.parametrize(
    ("typed", "share"),
    [
        ("1/4", Fraction(1, 4)),
        ("25%", Fraction(1, 4)),
        ("25 %", Fraction(1, 4)),
        ("0.25", Fraction(1, 4)),
        (" .25 ", Fraction(1, 4)),
        ("0,25", Fraction(1, 4)),
        ("12,5%", Fraction(1, 8)),
        ("1 / 3", Fraction(1, 3)),
        ("33.33%", Fraction(3333, 10000)),
        ("0", Fraction(0)),
        ("1", Fraction(1)),
        ("100%", Fraction(1)),
        ("2/3", Fraction(2, 3)),
    ],
)
def test_a_share_is_read_exactly(typed: str, share: Fraction) -> None:
    assert parse_share(typed) == share


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a quarter",
        "1/0",
        "0/0",
        "1/",
        "/4",
        "1/4/2",
        "-1/4",
        "1e-3",
        "0.1.2",
        "1 4",
        "½",
        "٢٥%",
        "%",
        "1_0",
        "0.33333",
        "1/10001",
        "nan",
        "inf",
        "9" * 6000,
        "25%%",
        "<script>",
        "0x1",
    ],
)
def test_what_is_no_share_is_refused(typed: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_share(typed)
    assert refusal.value.code == "share.malformed"


@given(st.fractions(0, 2, max_denominator=10_000))
def test_what_is_written_is_read_back_exactly(share: Fraction) -> None:
    assert parse_share(percent(share)) == share
    assert parse_share(str(share)) == share


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cap": Fraction(0)}, "cap"),
        ({"cap": Fraction(5, 4)}, "cap"),
        ({"quorum_weight": Fraction(-1, 2)}, "quorum_weight"),
        ({"quorum_electors": Fraction(3, 2)}, "quorum_electors"),
        ({"threshold": Fraction(1, 2)}, "threshold"),
        ({"threshold": Fraction(11, 10)}, "threshold"),
        ({"seasoning_days": -1}, "seasoning_days"),
        ({"seasoning_days": 366}, "seasoning_days"),
        ({"window_days": 0}, "window_days"),
        ({"window_days": 91}, "window_days"),
        ({"grace_days": 61}, "grace_days"),
        ({"reason_required": True, "privacy": PrivacyMode.SECRET_AGGREGATE}, "reason_required"),
    ],
)
def test_what_no_vote_could_be_held_under_is_refused_at_its_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        Charter(**changes)
    assert refusal.value.field == field


def test_the_limits_themselves_are_allowed() -> None:
    Charter(
        cap=Fraction(1),
        quorum_weight=Fraction(0),
        quorum_electors=Fraction(1),
        threshold=Fraction(1),
        seasoning_days=365,
        window_days=90,
        grace_days=0,
    )


def test_a_change_names_what_differs() -> None:
    assert changed_fields(Charter(), Charter()) == []
    assert changed_fields(Charter(), Charter(cap=Fraction(1), window_days=7)) == [
        "cap",
        "window_days",
    ]
