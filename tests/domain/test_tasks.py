"""Tasks: who is shown what, what comes first, and when it asks for attention."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.permissions import PROJECT_POLICY as POLICY
from portal.domain.permissions import Permission, ProjectRole
from portal.domain.tasks import (
    SHOWN_WITH,
    Horizon,
    Task,
    TaskKind,
    count_waiting,
    horizon,
    in_order,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def make_task(kind: TaskKind, *, since: int | None = None, due: int | None = None, **more: int):  # type: ignore[no-untyped-def] # noqa: ANN201
    """A task with days from now."""
    return Task(
        kind,
        1,
        f"{since}{due}",
        "T",
        "",
        None if since is None else NOW + since * DAY,
        None if due is None else NOW + due * DAY,
        **more,
    )


def test_every_kind_is_shown_to_somebody_who_can_act_in_its_place() -> None:
    assert set(SHOWN_WITH) == set(TaskKind)
    for kind, permission in SHOWN_WITH.items():
        assert permission.startswith(f"{kind.desk}:"), kind


def test_money_is_no_business_of_stewards_and_screening_none_of_treasurers() -> None:
    steward, treasurer = ProjectRole.STEWARD, ProjectRole.TREASURER
    for kind in (TaskKind.PROJECT_INVOICE, TaskKind.PROJECT_GRACE, TaskKind.PROJECT_FINDING):
        assert steward not in POLICY[SHOWN_WITH[kind]]
    for kind in (TaskKind.PROJECT_SCREEN_NEED, TaskKind.PROJECT_NEED):
        assert treasurer not in POLICY[SHOWN_WITH[kind]]
    assert SHOWN_WITH[TaskKind.PROJECT_NEED] is Permission.PROJECT_NEED_ANSWER


def test_what_is_due_first_stands_first_whatever_its_kind() -> None:
    late = make_task(TaskKind.PROJECT_INVOICE, due=-9)
    old = make_task(TaskKind.PROJECT_SCREEN_NEED, since=-4)
    fresh = make_task(TaskKind.PROJECT_SCREEN_NEED, since=0)
    need = make_task(TaskKind.PROJECT_NEED, since=-1)
    closing = make_task(TaskKind.PROJECT_BALLOT, due=1)
    draft = make_task(TaskKind.PROJECT_DRAFT, since=-300)
    given = [draft, need, fresh, closing, old, late]
    assert in_order(given) == (late, old, closing, fresh, need, draft)
    assert in_order(reversed(given)) == in_order(given)


@pytest.mark.parametrize(
    ("kind", "days", "expected"),
    [
        (TaskKind.PROJECT_SCREEN_NEED, {"since": 0}, Horizon.NOW),
        (TaskKind.PROJECT_BALLOT, {"due": 1}, Horizon.NOW),
        (TaskKind.PROJECT_BALLOT, {"due": 2}, Horizon.SOON),
        (TaskKind.PROJECT_BALLOT, {"due": 8}, Horizon.LATER),
        (TaskKind.PROJECT_NEED_ASKED, {"since": -59}, Horizon.LATER),
        (TaskKind.PROJECT_NEED_ASKED, {"since": -61}, Horizon.NOW),
        (TaskKind.PROJECT_CONSULTATION, {"since": -1}, Horizon.LATER),
        (TaskKind.PROJECT_CONSULTATION, {"since": -29}, Horizon.NOW),
        (TaskKind.PROJECT_DRAFT, {"since": -300}, Horizon.LATER),
    ],
)
def test_when_a_task_asks_for_attention(
    kind: TaskKind, days: dict[str, int], expected: Horizon
) -> None:
    assert horizon(make_task(kind, **days), now=NOW) is expected


def test_what_is_not_listed_is_counted_all_the_same() -> None:
    tasks = [
        make_task(TaskKind.PROJECT_NEED, since=-1, more=7),
        make_task(TaskKind.PROJECT_DRAFT, since=-1, more=7),
        make_task(TaskKind.PROJECT_BALLOT, due=3),
    ]
    assert count_waiting(tasks, now=NOW) == 9
