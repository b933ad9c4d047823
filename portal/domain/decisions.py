"""Decisions: comply or explain, and the way of an accepted item to shipped (PRODUCT D1, D2)."""

from __future__ import annotations

from enum import StrEnum


class DecisionKind(StrEnum):
    """What the maintainers decided."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    DEFERRED = "deferred"
    BACK_TO_WORK = "back_to_work"


class RoadmapState(StrEnum):
    """Where an accepted item stands."""

    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    SHIPPED = "shipped"
    DROPPED = "dropped"
