"""The charter: a project's voting configuration, from which rules page and tally both read."""

from __future__ import annotations

from enum import StrEnum


class DecisionMode(StrEnum):
    """What an outcome obliges the maintainers to (VOTING 5)."""

    ADVISORY = "advisory"
    TWO_HOUSES = "two_houses"
    BINDING = "binding"


class House(StrEnum):
    """A group of electors that is counted on its own."""

    SPONSORS = "sponsors"
    MAINTAINERS = "maintainers"
    SUPPORTERS = "supporters"


class PrivacyMode(StrEnum):
    """What is shown of ballots, fixed at opening and never loosened (VOTING 6)."""

    SEALED_ROLL_CALL = "sealed_roll_call"
    SECRET_AGGREGATE = "secret_aggregate"  # noqa: S105 - a mode, not a password
