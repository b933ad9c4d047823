"""Proposals: from draft to shipped, as one table of states."""

from __future__ import annotations

from enum import StrEnum


class ProposalState(StrEnum):
    """Where a proposal stands."""

    DRAFT = "draft"
    CONSULTATION = "consultation"
    VOTING = "voting"
    CLOSED = "closed"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"
