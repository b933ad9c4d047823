"""Tiers: what can be bought, at which price, with which voting weight and benefits."""

from __future__ import annotations

from enum import StrEnum


class Interval(StrEnum):
    """How often a tier is charged."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ONE_TIME = "one_time"


class Audience(StrEnum):
    """Who may buy a tier."""

    ORGANIZATION = "organization"
    PERSON = "person"
