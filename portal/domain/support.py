"""Support: private requests of an organization, their states, quota and aim (PRODUCT W1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from portal.domain.errors import Obstacle, Refusal
from portal.domain.needs import Credit, NeedText
from portal.domain.tiers import Support

MOST_TRIED = 160
MOST_HAPPENED = 1200
MOST_ENVIRONMENT = 300
MOST_MESSAGE = 2000
REOPENED_WITHIN = timedelta(days=30)
_MONTHS = 12


class SupportState(StrEnum):
    """Where a request stands: with the maintainers, with the organization, or closed as what."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED_ANSWERED = "closed_answered"
    CLOSED_GAP = "closed_gap"
    CLOSED_NEED = "closed_need"
    SETTLED = "settled"


class SupportAction(StrEnum):
    """What moves a request; the first three are the organization's, the others the project's."""

    WRITE = "write"
    SETTLE = "settle"
    REOPEN = "reopen"
    ANSWER = "answer"
    CLOSE_ANSWERED = "close_answered"
    CLOSE_GAP = "close_gap"
    CLOSE_NEED = "close_need"


_S = SupportState
_A = SupportAction

# The whole life of a request. A pair that is not here is refused. What became a need is talked
# about there, so it is not opened again.
TRANSITIONS: Mapping[tuple[SupportState, SupportAction], SupportState] = {
    (_S.OPEN, _A.WRITE): _S.OPEN,
    (_S.ANSWERED, _A.WRITE): _S.OPEN,
    (_S.OPEN, _A.SETTLE): _S.SETTLED,
    (_S.ANSWERED, _A.SETTLE): _S.SETTLED,
    (_S.CLOSED_ANSWERED, _A.REOPEN): _S.OPEN,
    (_S.CLOSED_GAP, _A.REOPEN): _S.OPEN,
    (_S.SETTLED, _A.REOPEN): _S.OPEN,
    (_S.OPEN, _A.ANSWER): _S.ANSWERED,
    (_S.ANSWERED, _A.ANSWER): _S.ANSWERED,
    (_S.OPEN, _A.CLOSE_ANSWERED): _S.CLOSED_ANSWERED,
    (_S.ANSWERED, _A.CLOSE_ANSWERED): _S.CLOSED_ANSWERED,
    (_S.OPEN, _A.CLOSE_GAP): _S.CLOSED_GAP,
    (_S.ANSWERED, _A.CLOSE_GAP): _S.CLOSED_GAP,
    (_S.OPEN, _A.CLOSE_NEED): _S.CLOSED_NEED,
    (_S.ANSWERED, _A.CLOSE_NEED): _S.CLOSED_NEED,
}

RUNNING = frozenset({_S.OPEN, _S.ANSWERED})
CLOSED = frozenset(_S) - RUNNING
CLOSINGS = (_A.CLOSE_ANSWERED, _A.CLOSE_GAP, _A.CLOSE_NEED)

_STANDS: Mapping[SupportState, str] = {
    _S.OPEN: "This request is with the maintainers.",
    _S.ANSWERED: "This request is answered and waits for the organization.",
    _S.CLOSED_ANSWERED: "This request was closed as answered.",
    _S.CLOSED_GAP: "This request was closed as a gap in the documentation.",
    _S.CLOSED_NEED: "This request was closed: it became a need, and goes on there.",
    _S.SETTLED: "The organization settled this request itself.",
}


@dataclass(frozen=True, slots=True)
class SupportText:
    """A request in its parts; there is no urgency, and no free text beside them."""

    tried: str
    happened: str
    environment: str

    def missing(self) -> list[Refusal]:
        """What has to be said before anybody can answer, by field."""
        sentences = {
            "tried": "Say what you tried to do, in one sentence.",
            "happened": "Say what happened: what you saw, and what you expected.",
            "environment": "Say which version, on what.",
        }
        return [
            Refusal(f"support.{field}", sentence, field=field)
            for field, sentence in sentences.items()
            if not getattr(self, field)
        ]


def move(state: SupportState, action: SupportAction) -> SupportState:
    """The state that follows; refuses with ``support.<state>`` what the table does not name."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise Refusal(f"support.{state}", _STANDS[state]) from None


def check_closing(action: SupportAction, *, answered: bool) -> None:
    """Refuse to call a request answered that nobody answered (``support.unanswered``)."""
    if action is SupportAction.CLOSE_ANSWERED and not answered:
        raise Refusal("support.unanswered", "Write the answer first.", field="text")


def check_reopening(closed_at: datetime | None, *, now: datetime) -> None:
    """Refuse to open a request again that has been closed for longer than thirty days."""
    if closed_at is not None and now - closed_at > REOPENED_WITHIN:
        raise Refusal(
            "support.closed_long",
            f"This was closed more than {REOPENED_WITHIN.days} days ago. Please ask anew.",
        )


def quarter_of(now: datetime) -> tuple[datetime, date]:
    """When the calendar quarter of an instant began, in UTC, and the first day of the next."""
    at = now.astimezone(UTC)
    first = (at.month - 1) // 3 * 3 + 1
    year, month = (at.year + 1, 1) if first + 3 > _MONTHS else (at.year, first + 3)
    return datetime(at.year, first, 1, tzinfo=UTC), date(year, month, 1)


def asking_obstacles(
    *,
    has_stake: bool,
    support: Support | None,
    asked: int,
    again_on: date,
    paused: str | None,
    quiet: bool,
) -> list[Obstacle]:
    """Why a request cannot be made now: no stake, no support in the tier, a rest, or the quota.

    ``asked`` counts the organization's requests of this calendar quarter; ``again_on`` is the
    first day of the next. ``paused`` is the project's friendly note where intake rests.
    """
    found = []
    if not has_stake:
        found.append(
            Obstacle("support.stake", "Support comes with a stake: a sponsorship in good standing.")
        )
    elif support is None:
        found.append(Obstacle("support.tier", "Your tier comes without support requests."))
    if paused is not None:
        found.append(
            Obstacle("support.paused", paused or "Intake rests for now. Answers still come.")
        )
    elif quiet:
        found.append(
            Obstacle(
                "support.quiet",
                "The maintainers have a quiet time. Requests that run still get their answers.",
            )
        )
    if support is not None and asked >= support.per_quarter:
        found.append(
            Obstacle(
                "support.quota",
                f"Your tier has room for {support.per_quarter} in a quarter, and as many were"
                f" made. There is room again from {again_on:%-d %B %Y}.",
            )
        )
    return found


def draft_of(text: SupportText) -> NeedText:
    """The beginning of a need that a request turned out to be, in the organization's own words.

    What a need says besides is left to its author, who hands it in like any other (W2, W3).
    """
    return NeedText(
        need=text.tried,
        for_whom="",
        evidence=f"{text.happened}\n\n{text.environment}",
        cost_of_not="",
        offers=(),
        offer="",
        conflicts="",
        credit=Credit.ORGANIZATION,
        pseudonym="",
    )
