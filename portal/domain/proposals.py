"""Proposals: from draft to decided, as one table of states."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from portal.domain.errors import Obstacle, Refusal


class ProposalState(StrEnum):
    """Where a proposal stands."""

    DRAFT = "draft"
    CONSULTATION = "consultation"
    VOTING = "voting"
    CLOSED = "closed"
    DECIDED = "decided"
    DEFERRED = "deferred"
    WITHDRAWN = "withdrawn"


class ProposalAction(StrEnum):
    """What moves a proposal, or changes it where it stands."""

    EDIT = "edit"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    OPEN_VOTE = "open_vote"
    CLOSE_VOTE = "close_vote"
    DECIDE = "decide"
    DEFER = "defer"
    SEND_BACK = "send_back"
    TAKE_UP = "take_up"


_S = ProposalState
_A = ProposalAction

# The whole life of a proposal. A pair that is not here is refused.
TRANSITIONS: Mapping[tuple[ProposalState, ProposalAction], ProposalState] = {
    (_S.DRAFT, _A.EDIT): _S.DRAFT,
    (_S.DRAFT, _A.PUBLISH): _S.CONSULTATION,
    (_S.DRAFT, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.CONSULTATION, _A.EDIT): _S.CONSULTATION,
    (_S.CONSULTATION, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.CONSULTATION, _A.OPEN_VOTE): _S.VOTING,
    (_S.VOTING, _A.CLOSE_VOTE): _S.CLOSED,
    (_S.CLOSED, _A.DECIDE): _S.DECIDED,
    (_S.CLOSED, _A.DEFER): _S.DEFERRED,
    (_S.CLOSED, _A.SEND_BACK): _S.DRAFT,
    (_S.DEFERRED, _A.TAKE_UP): _S.CONSULTATION,
    (_S.DEFERRED, _A.WITHDRAW): _S.WITHDRAWN,
}

_STANDS: Mapping[ProposalState, str] = {
    _S.DRAFT: "This proposal is a draft: publish it for consultation first.",
    _S.CONSULTATION: "This proposal is in consultation.",
    _S.VOTING: "A vote on this proposal is running; it ends at its close, not before.",
    _S.CLOSED: "The vote on this proposal is closed; what is owed now is a decision.",
    _S.DECIDED: "This proposal is decided.",
    _S.DEFERRED: "This proposal is deferred: take it up again first.",
    _S.WITHDRAWN: "This proposal was withdrawn.",
}


def move(state: ProposalState, action: ProposalAction) -> ProposalState:
    """The state that follows; refuses with ``proposal.<state>`` what the table does not name."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise Refusal(f"proposal.{state}", _STANDS[state]) from None


def obstacles(state: ProposalState, action: ProposalAction) -> list[Obstacle]:
    """Why an action is not open in a state; empty when it is."""
    if (state, action) in TRANSITIONS:
        return []
    return [Obstacle(f"proposal.{state}", _STANDS[state])]
