"""Decisions: comply or explain, and the way of an accepted item to shipped (PRODUCT D1, D2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from portal.domain.charter import DecisionMode
from portal.domain.errors import Obstacle, Refusal
from portal.domain.proposals import ProposalAction

VETO_DAYS = 14
LONGEST_REVIEW_DAYS = 3 * 366


class DecisionKind(StrEnum):
    """What the maintainers decided."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    DEFERRED = "deferred"
    BACK_TO_WORK = "back_to_work"


class ReviewFinding(StrEnum):
    """What a look back at a decision found; the decision itself stays as it was written."""

    STANDS = "stands"
    DONE = "done"
    REVISIT = "revisit"


class RoadmapOwner(StrEnum):
    """In whose hands an item is: a role, so that no single person is asked why it takes so long."""

    NOBODY = "nobody"
    MAINTAINERS = "maintainers"
    LEAD = "lead"
    CONTRIBUTOR = "contributor"
    SPONSOR = "sponsor"


# Those who are not maintainers may be credited, as they wish to be named.
CREDITED = frozenset({RoadmapOwner.CONTRIBUTOR, RoadmapOwner.SPONSOR})


@dataclass(frozen=True, slots=True)
class Hands:
    """In whose hands an item is; ``credit`` counts only where the role is one of the credited."""

    role: RoadmapOwner
    credit: str = ""


class RoadmapState(StrEnum):
    """Where an accepted item stands."""

    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    SHIPPED = "shipped"
    DROPPED = "dropped"


class RoadmapAction(StrEnum):
    """What moves a roadmap item; a note leaves it where it stands."""

    NOTE = "note"
    START = "start"
    PAUSE = "pause"
    SHIP = "ship"
    DROP = "drop"
    RESUME = "resume"


MOVES_PROPOSAL: Mapping[DecisionKind, ProposalAction] = {
    DecisionKind.ACCEPTED: ProposalAction.DECIDE,
    DecisionKind.DECLINED: ProposalAction.DECIDE,
    DecisionKind.DEFERRED: ProposalAction.DEFER,
    DecisionKind.BACK_TO_WORK: ProposalAction.SEND_BACK,
}

_S = RoadmapState
_A = RoadmapAction

ROADMAP: Mapping[tuple[RoadmapState, RoadmapAction], RoadmapState] = {
    (_S.ACCEPTED, _A.NOTE): _S.ACCEPTED,
    (_S.ACCEPTED, _A.START): _S.IN_PROGRESS,
    (_S.ACCEPTED, _A.DROP): _S.DROPPED,
    (_S.IN_PROGRESS, _A.NOTE): _S.IN_PROGRESS,
    (_S.IN_PROGRESS, _A.PAUSE): _S.ACCEPTED,
    (_S.IN_PROGRESS, _A.SHIP): _S.SHIPPED,
    (_S.IN_PROGRESS, _A.DROP): _S.DROPPED,
    (_S.SHIPPED, _A.NOTE): _S.SHIPPED,
    (_S.DROPPED, _A.RESUME): _S.ACCEPTED,
}


def follows(kind: DecisionKind, *, carried: bool, quorum: bool, mode: DecisionMode) -> bool | None:
    """Whether a decision follows the outcome; None when there is nothing to follow.

    A carried vote asks for the change, any other outcome leaves things as they are (VOTING 4: a tie
    fails, the status quo wins): so to accept is to make the change, and to decline, to defer or to
    send back is not to make it. An advisory vote without quorum gives no advice either way.
    """
    if mode is DecisionMode.ADVISORY and not quorum:
        return None
    return carried == (kind is DecisionKind.ACCEPTED)


def decision_obstacles(
    kind: DecisionKind,
    *,
    carried: bool,
    quorum: bool,
    mode: DecisionMode,
    veto_allowed: bool,
    closed_at: datetime,
    now: datetime,
) -> list[Obstacle]:
    """Why a kind of decision is not open; only binding votes bind (VOTING 5).

    There a departure from a carried outcome is a veto, open for 14 days after the close where the
    frozen charter allows one; making a change that was not carried is never open.
    """
    if mode is not DecisionMode.BINDING or follows(kind, carried=carried, quorum=quorum, mode=mode):
        return []
    if not carried:
        return [
            Obstacle(
                "decision.binding",
                "This vote binds: what was not carried cannot be accepted.",
            )
        ]
    if not veto_allowed:
        return [
            Obstacle(
                "decision.no_veto",
                "This vote binds, and the charter it was held under allows no veto.",
            )
        ]
    if now > veto_ends_at(closed_at):
        return [
            Obstacle(
                "decision.veto_late",
                f"This vote binds, and a veto was open for {VETO_DAYS} days after its close.",
            )
        ]
    return []


def veto_ends_at(closed_at: datetime) -> datetime:
    """The last instant for a veto after a close (VOTING 5)."""
    return closed_at + timedelta(days=VETO_DAYS)


def check_decision(*, reasons: str, responsible: str, review_on: date, today: date) -> None:
    """Refuse a decision without reasons or responsible, or with a review date out of reach."""
    if not reasons:
        raise Refusal(
            "decision.reasons",
            "Give the reasons: they are published with the decision.",
            field="reasons",
        )
    if not responsible:
        raise Refusal(
            "decision.responsible", "Name who is responsible for it.", field="responsible"
        )
    if not today < review_on <= today + timedelta(days=LONGEST_REVIEW_DAYS):
        raise Refusal(
            "decision.review_on",
            "The review date lies after today and within three years.",
            field="review_on",
        )


def check_review(
    finding: ReviewFinding, *, text: str, next_review_on: date | None, today: date
) -> None:
    """Refuse a review without a word, or with a next date out of reach.

    What is done is not looked at again; what stands, or has to change, may be.
    """
    if not text:
        raise Refusal("review.text", "Say in a sentence or two what you found.", field="text")
    if next_review_on is None:
        return
    if finding is ReviewFinding.DONE:
        raise Refusal(
            "review.done",
            "What is done needs no further date: leave it empty.",
            field="next_review_on",
        )
    if not today < next_review_on <= today + timedelta(days=LONGEST_REVIEW_DAYS):
        raise Refusal(
            "review.next_review_on",
            "The next date lies after today and within three years; or leave it empty.",
            field="next_review_on",
        )


def move_item(state: RoadmapState, action: RoadmapAction) -> RoadmapState:
    """The state that follows; refuses with ``roadmap.<state>`` what the table does not name."""
    try:
        return ROADMAP[state, action]
    except KeyError:
        raise Refusal(
            f"roadmap.{state}",
            f"An item that is {state.value.replace('_', ' ')} does not take this step.",
            field="action",
        ) from None


def open_actions(state: RoadmapState) -> list[RoadmapAction]:
    """The steps that are open to an item in a state."""
    return [action for held, action in ROADMAP if held is state]


def check_step(action: RoadmapAction, *, text: str, shipped_url: str) -> None:
    """Refuse shipping without an https link, and dropping, pausing or noting without a sentence."""
    if action is RoadmapAction.SHIP and not shipped_url:
        raise Refusal(
            "roadmap.link",
            "Give the link to what was shipped: a release or a merged change.",
            field="shipped_url",
        )
    if shipped_url and not shipped_url.startswith("https://"):
        raise Refusal(
            "roadmap.link_https", "The link has to start with https://.", field="shipped_url"
        )
    if action in {_A.NOTE, _A.DROP, _A.PAUSE} and not text:
        raise Refusal("roadmap.text", "Say in a sentence what happened.", field="text")
