"""The demonstration's clock follows the sandbox's, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.adapters.choice import build_collaborators
from portal.adapters.clock import FollowingClock, SystemClock
from portal.settings import Settings
from tests.conftest import make_settings
from tests.sandbox.stage import Stage, open_stage


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A demonstration's settings."""
    base = make_settings(f"sqlite:///{tmp_path / 'portal.db'}")
    return replace(base, demonstration=True, stripe_api_base="http://127.0.0.1:1")


def _ahead(clock: FollowingClock) -> timedelta:
    clock._look_at = 0
    return clock.now() - datetime.now(UTC)


def test_it_runs_ahead_with_the_sandbox_and_never_back(settings: Settings) -> None:
    with open_stage() as stage:
        clock = FollowingClock(replace(settings, stripe_api_base=stage.url))
        assert abs(_ahead(clock)) < timedelta(seconds=2)
        _forward_is_followed(stage, clock)
    assert _ahead(clock) > timedelta(days=29), "out of reach, the last answer holds"


def _forward_is_followed(stage: Stage, clock: FollowingClock) -> None:
    stage.forward(30)
    before = clock.now()
    assert before < datetime.now(UTC) + timedelta(days=1), "it asks twice a second at most"
    assert abs(_ahead(clock) - timedelta(days=30)) < timedelta(seconds=2)


@pytest.mark.parametrize(
    "other", [{"demonstration": False}, {"stripe_api_base": None}, {"demonstration": False,
              "environment": "production"}]
)  # fmt: skip
def test_outside_the_demonstration_time_is_the_worlds(
    settings: Settings, other: dict[str, object]
) -> None:
    plain = replace(settings, **other)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        FollowingClock(plain)
    assert isinstance(build_collaborators(plain).clock, SystemClock)


def test_the_demonstration_follows(settings: Settings) -> None:
    assert isinstance(build_collaborators(settings).clock, FollowingClock)
