"""Statements: what an elector says on a proposal in consultation, and who may read it (W3, W4)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.domain.chambers import Elector
from portal.domain.charter import StatementsShown
from portal.domain.electorate import Electorate
from portal.domain.errors import Conflict, Obstacle, Refusal
from portal.domain.needs import Credit
from portal.domain.proposals import ProposalState
from portal.domain.rules import voting_chambers

MOST_STATEMENT = 1200
MOST_CONFLICTS = 600
MOST_PSEUDONYM = 60
MOST_SUMMARY = 8000


class StatementPosition(StrEnum):
    """Where an elector stands in consultation; it is no ballot and is never counted."""

    SUPPORT = "support"
    WITH_CHANGES = "with_changes"
    OBJECT = "object"
    NO_POSITION = "no_position"


class StatementState(StrEnum):
    """Where a statement stands."""

    WAITING = "waiting"
    REWORD = "reword"
    REFUSED = "refused"
    PRIVATE = "private"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


class StatementAction(StrEnum):
    """What moves a statement: its author puts and withdraws it, a steward does the rest."""

    PUT = "put"
    WITHDRAW = "withdraw"
    RELEASE = "release"
    KEEP_PRIVATE = "keep_private"
    ASK_TO_REWORD = "ask_to_reword"
    REFUSE = "refuse"
    RECALL = "recall"


_S = StatementState
_A = StatementAction

# The whole life of a statement. A pair that is not here is refused. Every change goes back to the
# desk; what was refused stays so.
TRANSITIONS: Mapping[tuple[StatementState, StatementAction], StatementState] = {
    **{(state, _A.PUT): _S.WAITING for state in _S if state is not _S.REFUSED},
    **{
        (state, _A.WITHDRAW): _S.WITHDRAWN
        for state in (_S.WAITING, _S.REWORD, _S.PRIVATE, _S.RELEASED)
    },
    (_S.WAITING, _A.RELEASE): _S.RELEASED,
    (_S.WAITING, _A.KEEP_PRIVATE): _S.PRIVATE,
    (_S.WAITING, _A.ASK_TO_REWORD): _S.REWORD,
    (_S.WAITING, _A.REFUSE): _S.REFUSED,
    (_S.RELEASED, _A.RECALL): _S.WAITING,
    (_S.PRIVATE, _A.RECALL): _S.WAITING,
}

_STANDS: Mapping[StatementState, str] = {
    _S.WAITING: "This statement waits for a steward.",
    _S.REWORD: "A steward asked for other words.",
    _S.REFUSED: "A steward refused this statement, so it goes no further.",
    _S.PRIVATE: "This statement is kept among the maintainers.",
    _S.RELEASED: "This statement is released.",
    _S.WITHDRAWN: "This statement was withdrawn.",
}

# The end of a consultation is at most this far away.
MOST_CONSULTED = timedelta(days=366)
SCREENING = frozenset({_A.RELEASE, _A.KEEP_PRIVATE, _A.ASK_TO_REWORD, _A.REFUSE})
_REASONED = frozenset({_A.ASK_TO_REWORD, _A.REFUSE})
# Whoever signs with one of these may be known to the steward who reads it, and be trusted.
OPEN_CREDITS = frozenset({Credit.ORGANIZATION, Credit.PERSON})


@dataclass(frozen=True, slots=True)
class StatementText:
    """A statement in its parts: a position, three fields, a credit; no free text beside them.

    ``pseudonym`` stands only with that credit.
    """

    position: StatementPosition
    meaning: str
    changes: str
    conflicts: str
    credit: Credit
    pseudonym: str

    def missing(self) -> list[Refusal]:
        """What has to be said before it is handed in, by field."""
        found = []
        if not self.meaning:
            found.append(
                Refusal("statement.meaning", "Say what it means for you.", field="meaning")
            )
        if self.position is StatementPosition.WITH_CHANGES and not self.changes:
            found.append(
                Refusal("statement.changes", "Say what would have to change.", field="changes")
            )
        if not self.conflicts:
            sentence = "Say what else you gain or lose by it, or that there is nothing."
            found.append(Refusal("statement.conflicts", sentence, field="conflicts"))
        if self.credit is Credit.PSEUDONYM and not self.pseudonym:
            found.append(Refusal("statement.pseudonym", "Choose a pseudonym.", field="pseudonym"))
        return found


def move(state: StatementState, action: StatementAction) -> StatementState:
    """The state that follows; refuses with ``statement.<state>`` what the table does not name."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise Refusal(f"statement.{state}", _STANDS[state]) from None


def skips_screening(credit: Credit, before: StatementState | None, *, trusted: bool) -> bool:
    """Whether a statement is released as it is handed in.

    Only of those who are trusted (maintainers are), and only under an open name: a pseudonym that
    skipped the desk would be known for one of the few who may. What a steward took back or decided
    against meanwhile returns to the desk.
    """
    untouched = before in {None, StatementState.RELEASED}
    return trusted and credit in OPEN_CREDITS and untouched


def fold_name(name: str) -> str:
    """A name as it is compared with others: letters and digits alone, whatever their case."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain.casefold() if letter.isalnum())


def find_elector(
    electorate: Electorate, *, organization_id: int | None = None, person_id: int | None = None
) -> Elector | None:
    """Who would cast the ballot of an organization or a person if a vote opened now, if anybody."""
    for chamber in voting_chambers(electorate):
        if organization_id is not None:
            if (found := chamber.find(organization_id)) is not None:
                return found
        elif person_id is not None:
            for elector in chamber.electors:
                if elector.person_id == person_id:
                    return elector
    return None


def check_consulted_until(until: datetime | None, *, now: datetime) -> None:
    """Refuse an end of a consultation that is past, or more than a year away (``until``)."""
    if until is not None and until <= now:
        raise Refusal("proposal.until_past", "The last day is today or later.", field="until")
    if until is not None and until - now > MOST_CONSULTED:
        raise Refusal(
            "proposal.until_far", "A consultation ends within a year from today.", field="until"
        )


def has_ended(until: datetime | None, own: StatementState | None, *, now: datetime) -> bool:
    """Whether the last day for statements is over for somebody whose own statement stands so.

    Whoever was asked for other words may still find them, until a vote opens.
    """
    return until is not None and now > until and own is not StatementState.REWORD


def find_statement_obstacles(
    proposal: ProposalState,
    electorate: Electorate,
    *,
    ended: bool,
    organization_id: int | None = None,
    person_id: int | None = None,
) -> list[Obstacle]:
    """Why somebody cannot put a statement now: the consultation is over, or no ballot is theirs.

    ``ended`` is what ``has_ended`` says.
    """
    found = []
    if proposal is not ProposalState.CONSULTATION:
        found.append(_OVER)
    elif ended:
        found.append(_ENDED)
    if find_elector(electorate, organization_id=organization_id, person_id=person_id) is None:
        reasons = (
            each.obstacle.message
            for each in electorate.left_out
            if organization_id is not None and each.organization_id == organization_id
        )
        why = next(reasons, "A statement comes with a ballot: it is for electors.")
        found.append(Obstacle("statement.no_elector", why))
    return found


RELATED = Obstacle(
    "statement.related",
    "A company related to yours has put the one statement of your group. It can withdraw it.",
)
_OVER = Obstacle(
    "statement.over", "Statements are put and changed while the proposal is in consultation."
)

_ENDED = Obstacle("statement.ended", "The last day for statements on this proposal is over.")


def check_in_consultation(proposal: ProposalState) -> None:
    """Refuse with ``statement.over`` what is open in consultation only."""
    if proposal is not ProposalState.CONSULTATION:
        raise Refusal(_OVER.code, _OVER.message)


def check_screening(
    action: StatementAction, reason: str, proposal: ProposalState, *, seen: int, revision: int
) -> None:
    """Refuse a steward's decision: no such step, no reason, too late for other words, text changed.

    ``seen`` is the revision that the steward read; Conflict where the author wrote a newer one.
    """
    if action not in SCREENING:
        raise Refusal("statement.screening", "This is not for the screening desk to do.")
    if seen != revision:
        raise Conflict(
            "statement.revision", "The author changed this statement. Read the newer text first."
        )
    if action in _REASONED and not reason:
        raise Refusal("statement.reason", "Give a reason: the author reads it.", field="reason")
    if action is StatementAction.ASK_TO_REWORD and proposal is not ProposalState.CONSULTATION:
        raise Refusal(
            "statement.too_late",
            "The consultation is over, so its author cannot reword it. Release it, keep it "
            "private, or refuse it.",
        )


def stricter(promised: StatementsShown, now: StatementsShown) -> StatementsShown:
    """What the public may see: as promised when it was handed in, or less where that is less."""
    order = tuple(StatementsShown)
    return min(promised, now, key=order.index)
