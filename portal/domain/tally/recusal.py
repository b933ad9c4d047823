"""Recusal: a ballot that every method takes; present, but not voting."""

from __future__ import annotations

from dataclasses import dataclass

from portal.domain.errors import Refusal
from portal.domain.tally import reading


@dataclass(frozen=True, slots=True)
class Recusal:
    """The elector takes no part for a conflict of interest; counts as present."""

    def as_json(self) -> dict[str, object]:
        """The raw ballot that this choice is read from."""
        return {"recused": True}


def read_recusal(raw: dict[str, object]) -> Recusal:
    """Read ``{"recused": true}``; refuse other fields beside it and any other value."""
    if len(raw) > 1:
        raise Refusal(
            reading.EXTRA_FIELD,
            "A recusal has no choice beside it: take back one or the other.",
            field="recused",
        )
    if raw["recused"] is not True:
        raise Refusal(reading.MALFORMED, "A recusal is true or absent.", field="recused")
    return Recusal()
