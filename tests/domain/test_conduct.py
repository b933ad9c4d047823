"""Conduct reports: every pair of state and action has an answer; where a report may point."""

from __future__ import annotations

from itertools import product

import pytest

from portal.domain.conduct import (
    TRANSITIONS,
    ReportAction,
    ReportState,
    may_handle,
    move,
    read_place,
)
from portal.domain.errors import Refusal

BASE = "https://portal.example"


@pytest.mark.parametrize(("state", "action"), list(product(ReportState, ReportAction)))
def test_each_step_follows_the_table_or_is_refused(
    state: ReportState, action: ReportAction
) -> None:
    if (state, action) in TRANSITIONS:
        assert move(state, action) is TRANSITIONS[state, action]
        return
    with pytest.raises(Refusal) as refused:
        move(state, action)
    assert refused.value.code == f"conduct.{state}"


def test_nobody_handles_a_report_of_their_own_or_about_them() -> None:
    assert may_handle(1, reporter_id=2, kept_away={3})
    assert not may_handle(1, reporter_id=1, kept_away=())
    assert not may_handle(1, reporter_id=2, kept_away={1, 3})


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("", ""),
        ("/p/kelpline/proposals/3", "/p/kelpline/proposals/3"),
        (f"{BASE}/organizations/acme/needs/7", "/organizations/acme/needs/7"),
    ],
)
def test_a_report_points_to_a_page_here(typed: str, path: str) -> None:
    assert read_place(typed, base_url=BASE) == path


@pytest.mark.parametrize(
    "typed",
    ["https://elsewhere.example/p/x", "//elsewhere.example/p/x", "javascript:alert(1)",
     "in the chat", "/account", "/p/" + "x" * 400],
)  # fmt: skip
def test_a_report_points_nowhere_else(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_place(typed, base_url=BASE)
    assert refused.value.field == "page"
