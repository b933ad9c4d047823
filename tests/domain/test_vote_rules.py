"""Proposals, votes, decisions and roadmap as rules: every state has an answer to every action."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.charter import DecisionMode
from portal.domain.decisions import (
    ROADMAP,
    DecisionKind,
    RoadmapAction,
    RoadmapState,
    check_decision,
    check_step,
    decision_obstacles,
    follows,
    move_item,
    open_actions,
)
from portal.domain.errors import Refusal
from portal.domain.proposals import TRANSITIONS, ProposalAction, ProposalState, move, obstacles
from portal.domain.votes import (
    LONGEST_WINDOW,
    SHORTEST_WINDOW,
    VotePhase,
    VoteState,
    ballot_obstacles,
    check_reason,
    check_window,
    phase,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize("state", ProposalState)
@pytest.mark.parametrize("action", ProposalAction)
def test_every_pair_of_a_proposal_moves_or_is_refused_by_name(
    state: ProposalState, action: ProposalAction
) -> None:
    if (state, action) in TRANSITIONS:
        assert move(state, action) is TRANSITIONS[state, action]
        assert obstacles(state, action) == []
    else:
        with pytest.raises(Refusal) as refusal:
            move(state, action)
        assert refusal.value.code == f"proposal.{state}"
        assert [each.code for each in obstacles(state, action)] == [f"proposal.{state}"]


def test_text_freezes_with_the_vote_and_withdrawal_is_final() -> None:
    editable = {state for state, action in TRANSITIONS if action is ProposalAction.EDIT}
    assert editable == {ProposalState.DRAFT, ProposalState.CONSULTATION}
    assert not [1 for state, _ in TRANSITIONS if state is ProposalState.WITHDRAWN]


@pytest.mark.parametrize("state", RoadmapState)
@pytest.mark.parametrize("action", RoadmapAction)
def test_every_step_of_the_roadmap_moves_or_is_refused_by_name(
    state: RoadmapState, action: RoadmapAction
) -> None:
    assert (action in open_actions(state)) == ((state, action) in ROADMAP)
    if (state, action) in ROADMAP:
        assert move_item(state, action) is ROADMAP[state, action]
    else:
        with pytest.raises(Refusal, match=rf"roadmap\.{state}"):
            move_item(state, action)


def test_shipping_needs_a_link_and_dropping_a_sentence() -> None:
    with pytest.raises(Refusal, match=r"roadmap\.link"):
        check_step(RoadmapAction.SHIP, text="Done.", shipped_url="")
    for action in (RoadmapAction.NOTE, RoadmapAction.DROP, RoadmapAction.PAUSE):
        with pytest.raises(Refusal, match=r"roadmap\.text"):
            check_step(action, text="", shipped_url="")
    check_step(RoadmapAction.SHIP, text="", shipped_url="https://example.org")
    check_step(RoadmapAction.START, text="", shipped_url="")


def test_a_decision_follows_when_it_does_what_the_outcome_says() -> None:
    advisory = DecisionMode.ADVISORY
    for kind in DecisionKind:
        accepts = kind is DecisionKind.ACCEPTED
        assert follows(kind, carried=True, quorum=True, mode=advisory) is accepts
        assert follows(kind, carried=False, quorum=True, mode=advisory) is not accepts
        assert follows(kind, carried=False, quorum=False, mode=advisory) is None
        assert follows(kind, carried=False, quorum=False, mode=DecisionMode.TWO_HOUSES) is (
            not accepts
        )


def _codes(
    kind: DecisionKind, *, carried: bool, mode: DecisionMode, days: int, veto: bool = True
) -> list[str]:
    found = decision_obstacles(
        kind,
        carried=carried,
        quorum=True,
        mode=mode,
        veto_allowed=veto,
        closed_at=NOW,
        now=NOW + days * DAY,
    )
    return [each.code for each in found]


def test_only_a_binding_vote_binds_and_a_veto_has_fourteen_days() -> None:
    binding = DecisionMode.BINDING
    for mode in (DecisionMode.ADVISORY, DecisionMode.TWO_HOUSES):
        assert _codes(DecisionKind.DECLINED, carried=True, mode=mode, days=100) == []
    assert _codes(DecisionKind.ACCEPTED, carried=True, mode=binding, days=100) == []
    assert _codes(DecisionKind.DECLINED, carried=True, mode=binding, days=14) == []
    assert _codes(DecisionKind.DECLINED, carried=True, mode=binding, days=15) == [
        "decision.veto_late"
    ]
    assert _codes(DecisionKind.DECLINED, carried=True, mode=binding, days=1, veto=False) == [
        "decision.no_veto"
    ]
    assert _codes(DecisionKind.ACCEPTED, carried=False, mode=binding, days=1) == [
        "decision.binding"
    ]
    assert _codes(DecisionKind.DECLINED, carried=False, mode=binding, days=100) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reasons": ""}, "decision.reasons"),
        ({"responsible": ""}, "decision.responsible"),
        ({"review_on": date(2026, 11, 21)}, "decision.review_on"),
        ({"review_on": date(2036, 11, 21)}, "decision.review_on"),
    ],
)
def test_a_decision_is_complete(changes: dict[str, object], code: str) -> None:
    parts: dict[str, object] = {"reasons": "R", "responsible": "N", "review_on": date(2027, 1, 1)}
    check_decision(**parts, today=NOW.date())  # type: ignore[arg-type]
    with pytest.raises(Refusal) as refusal:
        check_decision(**parts | changes, today=NOW.date())  # type: ignore[arg-type]
    assert refusal.value.code == code


def test_a_window_has_bounds() -> None:
    check_window(NOW, NOW + SHORTEST_WINDOW)
    check_window(NOW, NOW + LONGEST_WINDOW)
    for end, code in (
        (NOW + SHORTEST_WINDOW - TICK, "window_short"),
        (NOW + LONGEST_WINDOW + TICK, "window_long"),
        (NOW - DAY, "window_short"),
    ):
        with pytest.raises(Refusal, match=code):
            check_window(NOW, end)


def test_a_vote_is_being_counted_between_close_and_tally() -> None:
    assert phase(VoteState.OPEN, NOW, now=NOW - TICK) is VotePhase.OPEN
    assert phase(VoteState.OPEN, NOW, now=NOW) is VotePhase.COUNTING
    assert phase(VoteState.TALLIED, NOW, now=NOW - DAY) is VotePhase.TALLIED


@given(st.integers(-(10**12), 10**12), st.sampled_from(VoteState), st.booleans())
def test_a_ballot_is_open_exactly_within_the_window(
    offset: int,
    state: VoteState,
    voided: bool,  # noqa: FBT001 - Hypothesis draws it
) -> None:
    at = NOW + timedelta(microseconds=offset)
    found = ballot_obstacles(state, NOW, NOW + DAY, voided_at=NOW if voided else None, now=at)
    within = NOW <= at < NOW + DAY and state is VoteState.OPEN and not voided
    assert (not found) == within


def test_reasons_are_asked_for_or_refused() -> None:
    check_reason("", required=False, secret=False)
    check_reason("Because.", required=True, secret=False)
    with pytest.raises(Refusal, match=r"ballot\.reason_required"):
        check_reason("", required=True, secret=False)
    with pytest.raises(Refusal, match=r"ballot\.reason_secret"):
        check_reason("Because.", required=False, secret=True)
