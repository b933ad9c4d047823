"""Contributors: people whom maintainers invited for their work, and how that ends."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from portal.domain.errors import Refusal

MOST_WORK = 200
MOST_REASON = 500
# What a contributor may have pending at once. A fixed figure: it comes with the invitation, so
# that no tier and no payment can raise it.
CONTRIBUTOR_NEEDS = 2
# The role an invitation offers; it is no role of a maintainer's.
INVITED_AS = "contributor"


class ContributorState(StrEnum):
    """Where somebody stands who accepted an invitation."""

    ACTIVE = "active"
    LEFT = "left"
    WITHDRAWN = "withdrawn"


class ContributorAction(StrEnum):
    """What moves it: leaving is the contributor's, withdrawing the maintainers'."""

    LEAVE = "leave"
    WITHDRAW = "withdraw"


# Both ends are final; whoever is invited again begins anew.
TRANSITIONS: Mapping[tuple[ContributorState, ContributorAction], ContributorState] = {
    (ContributorState.ACTIVE, ContributorAction.LEAVE): ContributorState.LEFT,
    (ContributorState.ACTIVE, ContributorAction.WITHDRAW): ContributorState.WITHDRAWN,
}


def move(state: ContributorState, action: ContributorAction) -> ContributorState:
    """The state that follows; refuses with ``contributor.ended`` whoever is none any more."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise Refusal("contributor.ended", "This person is no contributor any more.") from None


def check_work(work: str) -> None:
    """Refuse to have somebody without saying what for (``contributor.work``)."""
    if not work:
        raise Refusal("contributor.work", "Say what you invite them for: their work.", field="work")


def check_end(reason: str) -> None:
    """Refuse to end somebody's part without a reason (``contributor.reason``)."""
    if not reason:
        raise Refusal("contributor.reason", "Give a reason: the person reads it.", field="reason")
