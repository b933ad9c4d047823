"""W1: the states of a support request are a table, its quota and closing are rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.domain.errors import Refusal
from portal.domain.needs import MOST_LINE, MOST_TEXT
from portal.domain.support import (
    CLOSED,
    CLOSINGS,
    MOST_ENVIRONMENT,
    MOST_HAPPENED,
    MOST_TRIED,
    RUNNING,
    TRANSITIONS,
    SupportAction,
    SupportState,
    SupportText,
    asking_obstacles,
    check_closing,
    check_reopening,
    draft_of,
    move,
    quarter_of,
)
from portal.domain.tiers import Support

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = SupportText("Connect two sites", "It says: no route", "4.3 on Linux")


@pytest.mark.parametrize("state", SupportState)
@pytest.mark.parametrize("action", SupportAction)
def test_w1_what_the_table_does_not_name_is_refused(
    state: SupportState, action: SupportAction
) -> None:
    if (state, action) in TRANSITIONS:
        assert move(state, action) is TRANSITIONS[state, action]
    else:
        with pytest.raises(Refusal) as refused:
            move(state, action)
        assert refused.value.code == f"support.{state}"


def test_w1_every_running_request_can_be_closed_in_each_way() -> None:
    assert {move(state, action) for state in RUNNING for action in CLOSINGS} == (
        CLOSED - {SupportState.SETTLED}
    )


def test_w1_what_became_a_need_goes_on_there() -> None:
    with pytest.raises(Refusal):
        move(SupportState.CLOSED_NEED, SupportAction.REOPEN)


@pytest.mark.parametrize("field", ["tried", "happened", "environment"])
def test_w1_each_part_is_asked_for(field: str) -> None:
    parts = {"tried": "a", "happened": "b", "environment": "c", field: ""}
    assert [each.field for each in SupportText(**parts).missing()] == [field]
    assert not TEXT.missing()


def test_w1_there_is_no_urgency() -> None:
    assert not {"urgency", "priority", "severity"} & set(SupportText.__slots__)


def test_w1_nothing_is_called_answered_that_nobody_answered() -> None:
    with pytest.raises(Refusal) as refused:
        check_closing(SupportAction.CLOSE_ANSWERED, answered=False)
    assert refused.value.code == "support.unanswered"
    check_closing(SupportAction.CLOSE_ANSWERED, answered=True)
    check_closing(SupportAction.CLOSE_GAP, answered=False)
    check_closing(SupportAction.CLOSE_NEED, answered=False)


def test_w1_a_request_is_opened_again_within_thirty_days() -> None:
    check_reopening(None, now=NOW)
    check_reopening(NOW - timedelta(days=30), now=NOW)
    with pytest.raises(Refusal) as refused:
        check_reopening(NOW - timedelta(days=30, seconds=1), now=NOW)
    assert refused.value.code == "support.closed_long"


@pytest.mark.parametrize(
    ("at", "began", "following"),
    [
        (NOW, date(2026, 10, 1), date(2027, 1, 1)),
        (datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), date(2026, 4, 1)),
        (datetime(2026, 3, 31, 23, 59, tzinfo=UTC), date(2026, 1, 1), date(2026, 4, 1)),
        (datetime(2026, 9, 30, tzinfo=UTC), date(2026, 7, 1), date(2026, 10, 1)),
    ],
)
def test_w1_a_quota_is_for_a_calendar_quarter(at: datetime, began: date, following: date) -> None:
    begin, then = quarter_of(at)
    assert (begin.date(), then) == (began, following)


def codes(
    *,
    has_stake: bool = True,
    support: Support | None = Support(2, 3),  # noqa: B008 - a frozen value
    asked: int = 0,
    paused: str | None = None,
    quiet: bool = False,
) -> list[str]:
    found = asking_obstacles(
        has_stake=has_stake, support=support, asked=asked, again_on=date(2027, 1, 1),
        paused=paused, quiet=quiet,
    )  # fmt: skip
    return [each.code for each in found]


def test_w1_what_keeps_from_asking_is_named() -> None:
    assert codes() == []
    assert codes(asked=1) == []
    assert codes(has_stake=False, support=None) == ["support.stake"]
    assert codes(support=None) == ["support.tier"]
    assert codes(asked=2) == ["support.quota"]
    assert codes(paused="Back in May.", quiet=True) == ["support.paused"]
    assert codes(quiet=True) == ["support.quiet"]


def test_w1_a_rest_and_a_full_quarter_are_said_in_words() -> None:
    def sentence(*, asked: int, paused: str | None) -> str:
        (obstacle,) = asking_obstacles(
            has_stake=True, support=Support(2, 3), asked=asked, again_on=date(2027, 1, 1),
            paused=paused, quiet=False,
        )  # fmt: skip
        return obstacle.message

    assert sentence(asked=0, paused="Back in May.") == "Back in May."
    assert sentence(asked=0, paused="").startswith("Intake rests")
    assert sentence(asked=2, paused=None).endswith("from 1 January 2027.")


def test_w2_a_request_that_is_a_need_begins_a_draft_that_is_not_complete() -> None:
    draft = draft_of(TEXT)
    assert draft.need == TEXT.tried
    assert draft.evidence == "It says: no route\n\n4.3 on Linux"
    assert {each.field for each in draft.missing()} == {"for_whom", "cost_of_not", "conflicts"}
    assert MOST_TRIED <= MOST_LINE
    assert MOST_HAPPENED + MOST_ENVIRONMENT + 2 <= MOST_TEXT
