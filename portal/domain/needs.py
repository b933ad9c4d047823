"""Needs: what a stakeholder states in private, and what may become of it (PRODUCT W2, W3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal.domain.errors import Obstacle, Refusal
from portal.domain.proposals import ProposalState

MOST_LINE = 160
MOST_TEXT = 2000


class NeedState(StrEnum):
    """Where a need stands."""

    DRAFT = "draft"
    WAITING = "waiting"
    REWORD = "reword"
    REFUSED = "refused"
    OPEN = "open"
    ANSWERED = "answered"
    TAKEN_UP = "taken_up"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class NeedAction(StrEnum):
    """What moves a need; each stage belongs to its author, a steward or a maintainer."""

    EDIT = "edit"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RELEASE = "release"
    ASK_TO_REWORD = "ask_to_reword"
    KEEP_PRIVATE = "keep_private"
    REFUSE = "refuse"
    ANSWER = "answer"
    DECLINE = "decline"
    TAKE_UP = "take_up"
    REOPEN = "reopen"
    PUT_BACK = "put_back"


_S = NeedState
_A = NeedAction

# The whole life of a need. A pair that is not here is refused.
TRANSITIONS: Mapping[tuple[NeedState, NeedAction], NeedState] = {
    (_S.DRAFT, _A.EDIT): _S.DRAFT,
    (_S.DRAFT, _A.SUBMIT): _S.WAITING,
    (_S.DRAFT, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.WAITING, _A.RELEASE): _S.OPEN,
    (_S.WAITING, _A.KEEP_PRIVATE): _S.OPEN,
    (_S.WAITING, _A.ASK_TO_REWORD): _S.REWORD,
    (_S.WAITING, _A.REFUSE): _S.REFUSED,
    (_S.WAITING, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.REWORD, _A.EDIT): _S.REWORD,
    (_S.REWORD, _A.SUBMIT): _S.WAITING,
    (_S.REWORD, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.OPEN, _A.ANSWER): _S.ANSWERED,
    (_S.OPEN, _A.DECLINE): _S.DECLINED,
    (_S.OPEN, _A.TAKE_UP): _S.TAKEN_UP,
    (_S.OPEN, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.ANSWERED, _A.TAKE_UP): _S.TAKEN_UP,
    (_S.ANSWERED, _A.REOPEN): _S.OPEN,
    (_S.DECLINED, _A.REOPEN): _S.OPEN,
    (_S.TAKEN_UP, _A.PUT_BACK): _S.OPEN,
}

# Those that use up a place of the quota: they ask for somebody's attention now.
PENDING = frozenset({_S.WAITING, _S.REWORD, _S.OPEN})
# Those that nobody but the author's side sees.
UNSEEN = frozenset({_S.DRAFT})
# Those that only stewards see besides.
UNSCREENED = frozenset({_S.WAITING, _S.REWORD, _S.REFUSED})

_STANDS: Mapping[NeedState, str] = {
    _S.DRAFT: "This need is a draft.",
    _S.WAITING: "This need waits for a steward.",
    _S.REWORD: "A steward asked for other words.",
    _S.REFUSED: "A steward refused this need.",
    _S.OPEN: "This need is with the maintainers.",
    _S.ANSWERED: "This need is answered.",
    _S.TAKEN_UP: "This need was taken up in a proposal.",
    _S.DECLINED: "The maintainers declined this need.",
    _S.WITHDRAWN: "This need was withdrawn.",
}

# A proposal can be joined by needs until its vote freezes it; from one that was withdrawn, as from
# those, a need can be put back.
JOINABLE = frozenset({ProposalState.DRAFT, ProposalState.CONSULTATION})
LEAVABLE = JOINABLE | {ProposalState.WITHDRAWN}

# A decision against an author's words is never without a reason.
REASONED = frozenset({_A.ASK_TO_REWORD, _A.REFUSE, _A.DECLINE})


class Credit(StrEnum):
    """Under which name a need that was taken up is credited in public; the author chooses."""

    ORGANIZATION = "organization"
    PERSON = "person"
    PSEUDONYM = "pseudonym"
    NONE = "none"


class Offer(StrEnum):
    """What an organization offers towards what it needs."""

    MONEY = "money"
    TIME = "time"
    TEST_BED = "test_bed"


@dataclass(frozen=True, slots=True)
class NeedText:
    """A need in its parts (W2): no title, no urgency, no free text beside them.

    ``offers`` with ``offer`` say what the organization would give; ``conflicts`` what else it
    gains. ``pseudonym`` stands only with that credit.
    """

    need: str
    for_whom: str
    evidence: str
    cost_of_not: str
    offers: tuple[Offer, ...]
    offer: str
    conflicts: str
    credit: Credit
    pseudonym: str

    def missing(self) -> list[Refusal]:
        """What has to be said before it can be submitted, by field; a draft may lack it."""
        sentences = {
            "need": "Say what is needed, in one sentence.",
            "for_whom": "Say who would be helped: which users, how many, doing what.",
            "evidence": "Say how you know: a measurement, a report, a case.",
            "cost_of_not": "Say what it costs if nothing is done.",
            "conflicts": "Say what else you gain from it, or that there is nothing.",
        }
        found = [
            Refusal(f"need.{field}", sentence, field=field)
            for field, sentence in sentences.items()
            if not getattr(self, field)
        ]
        if self.offers and not self.offer:
            found.append(Refusal("need.offer", "Say what you offer of it.", field="offer"))
        if self.credit is Credit.PSEUDONYM and not self.pseudonym:
            found.append(Refusal("need.pseudonym", "Choose a pseudonym.", field="pseudonym"))
        return found


def move(state: NeedState, action: NeedAction) -> NeedState:
    """The state that follows; refuses with ``need.<state>`` what the table does not name."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise Refusal(f"need.{state}", _STANDS[state]) from None


def check_joinable(state: ProposalState) -> None:
    """Refuse a proposal that can answer no further need (``need.proposal``)."""
    if state not in JOINABLE:
        raise Refusal(
            "need.proposal",
            "A need can join a draft, or a proposal in consultation.",
            field="proposal",
        )


def check_leavable(state: ProposalState | None) -> None:
    """Refuse to take a need out of a proposal that was put to the vote (``need.frozen``)."""
    if state is not None and state not in LEAVABLE:
        raise Refusal("need.frozen", "Its proposal was put to the vote: the need stays with it.")


def check_reason(action: NeedAction, reason: str) -> None:
    """Refuse a decision against a need without a reason (``need.reason``)."""
    if action in REASONED and not reason:
        raise Refusal("need.reason", "Give a reason: the author reads it.", field="reason")


def submission_obstacles(
    *, has_stake: bool, pending: int, quota: int, paused: str | None, quiet: bool
) -> list[Obstacle]:
    """Why a need cannot be submitted now: no stake, intake paused, quiet mode, or the quota.

    ``pending`` counts the author's side's needs that wait for a steward or a maintainer; ``paused``
    is the project's friendly note where intake rests. Contributors need no stake.
    """
    found = []
    if not has_stake:
        found.append(
            Obstacle("need.stake", "Needs come with a stake: a sponsorship in good standing.")
        )
    if paused is not None:
        found.append(Obstacle("need.paused", paused or "Intake rests for now. Drafts are kept."))
    elif quiet:
        found.append(Obstacle("need.quiet", "The maintainers have a quiet time. Drafts are kept."))
    if pending >= quota:
        found.append(
            Obstacle(
                "need.quota",
                f"There is room for {quota} at a time, and as many are pending."
                " One that is answered or withdrawn makes room.",
            )
        )
    return found
