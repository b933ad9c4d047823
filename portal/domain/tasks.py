"""Tasks: what waits for somebody in a role, who that is, and what comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from portal.domain.permissions import Permission


class Desk(StrEnum):
    """Where something waits: with a project's people, an organization's, or one contributor."""

    PROJECT = "project"
    ORGANIZATION = "organization"
    CONTRIBUTOR = "contributor"


class TaskKind(StrEnum):
    """What waits. The first word says on which desk."""

    PROJECT_BALLOT = "project_ballot"
    PROJECT_VOTE = "project_vote"
    PROJECT_DECISION = "project_decision"
    PROJECT_REVIEW = "project_review"
    PROJECT_CONSULTATION = "project_consultation"
    PROJECT_CONSULTED = "project_consulted"
    PROJECT_DRAFT = "project_draft"
    PROJECT_ROADMAP = "project_roadmap"
    PROJECT_SCREEN_NEED = "project_screen_need"
    PROJECT_SCREEN_MESSAGE = "project_screen_message"
    PROJECT_SCREEN_STATEMENT = "project_screen_statement"
    PROJECT_STATEMENT = "project_statement"
    PROJECT_NEED = "project_need"
    PROJECT_NEED_ASKED = "project_need_asked"
    PROJECT_NEED_MESSAGE = "project_need_message"
    PROJECT_NEED_LEFT = "project_need_left"
    PROJECT_SUPPORT = "project_support"
    PROJECT_SUPPORT_MESSAGE = "project_support_message"
    PROJECT_CONDUCT = "project_conduct"
    PROJECT_SPONSOR = "project_sponsor"
    PROJECT_INVOICE = "project_invoice"
    PROJECT_BANK_LINE = "project_bank_line"
    PROJECT_GRACE = "project_grace"
    PROJECT_ENDING = "project_ending"
    PROJECT_MISMATCH = "project_mismatch"
    PROJECT_FINDING = "project_finding"
    PROJECT_DISPUTE = "project_dispute"

    ORGANIZATION_BALLOT = "organization_ballot"
    ORGANIZATION_REWORD = "organization_reword"
    ORGANIZATION_STATEMENT = "organization_statement"
    ORGANIZATION_ASKED = "organization_asked"
    ORGANIZATION_SUPPORT = "organization_support"
    ORGANIZATION_INVOICE = "organization_invoice"
    ORGANIZATION_GRACE = "organization_grace"
    ORGANIZATION_ENDING = "organization_ending"
    ORGANIZATION_REJECTED = "organization_rejected"
    ORGANIZATION_RELATED = "organization_related"

    CONTRIBUTOR_BALLOT = "contributor_ballot"
    CONTRIBUTOR_REWORD = "contributor_reword"
    CONTRIBUTOR_STATEMENT = "contributor_statement"
    CONTRIBUTOR_ASKED = "contributor_asked"

    @property
    def desk(self) -> Desk:
        """On which desk it stands."""
        return Desk(self.value.partition("_")[0])


_K = TaskKind
_P = Permission

# Who is shown a task: nobody else could act on it. The own ballot asks for a seat in the vote too.
SHOWN_WITH: Mapping[TaskKind, Permission] = {
    _K.PROJECT_BALLOT: _P.PROJECT_BALLOT_CAST,
    _K.PROJECT_VOTE: _P.PROJECT_VOTE_OPEN,
    _K.PROJECT_DECISION: _P.PROJECT_DECISION_EDIT,
    _K.PROJECT_REVIEW: _P.PROJECT_DECISION_EDIT,
    _K.PROJECT_CONSULTATION: _P.PROJECT_VOTE_OPEN,
    _K.PROJECT_CONSULTED: _P.PROJECT_VOTE_OPEN,
    _K.PROJECT_DRAFT: _P.PROJECT_PROPOSAL_EDIT,
    _K.PROJECT_ROADMAP: _P.PROJECT_ROADMAP_EDIT,
    _K.PROJECT_SCREEN_NEED: _P.PROJECT_SCREENING_DECIDE,
    _K.PROJECT_SCREEN_MESSAGE: _P.PROJECT_SCREENING_DECIDE,
    _K.PROJECT_SCREEN_STATEMENT: _P.PROJECT_SCREENING_DECIDE,
    _K.PROJECT_STATEMENT: _P.PROJECT_STATEMENT_WRITE,
    _K.PROJECT_NEED: _P.PROJECT_NEED_ANSWER,
    _K.PROJECT_NEED_ASKED: _P.PROJECT_NEED_ANSWER,
    _K.PROJECT_NEED_MESSAGE: _P.PROJECT_NEED_ANSWER,
    _K.PROJECT_NEED_LEFT: _P.PROJECT_NEED_ANSWER,
    _K.PROJECT_SUPPORT: _P.PROJECT_SUPPORT_ANSWER,
    _K.PROJECT_SUPPORT_MESSAGE: _P.PROJECT_SUPPORT_ANSWER,
    _K.PROJECT_CONDUCT: _P.PROJECT_CONDUCT_HANDLE,
    _K.PROJECT_SPONSOR: _P.PROJECT_PUBLICATION_REVIEW,
    _K.PROJECT_INVOICE: _P.PROJECT_PAYMENTS_RECORD,
    _K.PROJECT_BANK_LINE: _P.PROJECT_PAYMENTS_RECORD,
    _K.PROJECT_GRACE: _P.PROJECT_REFUND_GIVE,
    _K.PROJECT_ENDING: _P.PROJECT_REFUND_GIVE,
    _K.PROJECT_MISMATCH: _P.PROJECT_PAYMENTS_RECORD,
    _K.PROJECT_FINDING: _P.PROJECT_PAYMENTS_RECORD,
    _K.PROJECT_DISPUTE: _P.PROJECT_REFUND_GIVE,
    _K.ORGANIZATION_BALLOT: _P.ORGANIZATION_BALLOT_CAST,
    _K.ORGANIZATION_REWORD: _P.ORGANIZATION_NEED_WRITE,
    _K.ORGANIZATION_STATEMENT: _P.ORGANIZATION_STATEMENT_WRITE,
    _K.ORGANIZATION_ASKED: _P.ORGANIZATION_NEED_WRITE,
    _K.ORGANIZATION_SUPPORT: _P.ORGANIZATION_SUPPORT_ASK,
    _K.ORGANIZATION_INVOICE: _P.ORGANIZATION_BILLING_EDIT,
    _K.ORGANIZATION_GRACE: _P.ORGANIZATION_SPONSORSHIP_BUY,
    _K.ORGANIZATION_ENDING: _P.ORGANIZATION_SPONSORSHIP_BUY,
    _K.ORGANIZATION_REJECTED: _P.ORGANIZATION_PROFILE_EDIT,
    _K.ORGANIZATION_RELATED: _P.ORGANIZATION_MEMBERS_EDIT,
    _K.CONTRIBUTOR_BALLOT: _P.CONTRIBUTOR_BALLOT_CAST,
    _K.CONTRIBUTOR_REWORD: _P.CONTRIBUTOR_NEED_WRITE,
    _K.CONTRIBUTOR_STATEMENT: _P.CONTRIBUTOR_STATEMENT_WRITE,
    _K.CONTRIBUTOR_ASKED: _P.CONTRIBUTOR_NEED_WRITE,
}

# By when something without a day of its own should have been looked at. It puts a page in order;
# nobody is shown it, measured by it or reminded of it.
_AIMS: Mapping[TaskKind, timedelta] = {
    _K.PROJECT_CONDUCT: timedelta(days=1),
    _K.PROJECT_SCREEN_NEED: timedelta(days=2),
    _K.PROJECT_SCREEN_MESSAGE: timedelta(days=2),
    _K.PROJECT_SCREEN_STATEMENT: timedelta(days=2),
    _K.PROJECT_STATEMENT: timedelta(days=7),
    _K.PROJECT_MISMATCH: timedelta(days=2),
    _K.PROJECT_NEED_LEFT: timedelta(days=7),
    _K.PROJECT_NEED_MESSAGE: timedelta(days=7),
    _K.PROJECT_SUPPORT_MESSAGE: timedelta(days=7),
    _K.PROJECT_SPONSOR: timedelta(days=7),
    _K.PROJECT_BANK_LINE: timedelta(days=7),
    _K.PROJECT_FINDING: timedelta(days=7),
    _K.PROJECT_DECISION: timedelta(days=14),
    _K.PROJECT_NEED: timedelta(days=14),
    _K.PROJECT_CONSULTED: timedelta(days=7),
    # Where the maintainers named no last day.
    _K.PROJECT_CONSULTATION: timedelta(days=28),
    _K.PROJECT_NEED_ASKED: timedelta(days=60),
    _K.ORGANIZATION_REWORD: timedelta(days=14),
    _K.ORGANIZATION_STATEMENT: timedelta(days=7),
    _K.ORGANIZATION_ASKED: timedelta(days=14),
    _K.ORGANIZATION_SUPPORT: timedelta(days=14),
    _K.ORGANIZATION_REJECTED: timedelta(days=14),
    _K.ORGANIZATION_RELATED: timedelta(days=14),
    _K.CONTRIBUTOR_REWORD: timedelta(days=14),
    _K.CONTRIBUTOR_STATEMENT: timedelta(days=7),
    _K.CONTRIBUTOR_ASKED: timedelta(days=14),
}
# How long an item of the roadmap may go without a word before it comes back to the desk.
SILENT_AFTER = timedelta(days=30)
# How long an author's last word on a need that is dealt with stays on the desk.
LAST_WORD = timedelta(days=30)
# Terms that end without renewal are shown this long before.
ENDING_WITHIN = timedelta(days=60)
_SOON = timedelta(days=7)
_NEVER = datetime.max.replace(tzinfo=UTC)
# There is no day by which these have to be done.
_WHENEVER = frozenset({_K.PROJECT_DRAFT})


class Horizon(StrEnum):
    """When a task asks for attention."""

    NOW = "now"
    SOON = "soon"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits.

    ``scope_id`` is the project (a contributor's too) or the organization it waits in, ``key``
    what names it there in an address. ``since`` is when it came, ``due_at`` the day that it has
    of its own. ``more`` counts others of its kind and place that are not listed.
    """

    kind: TaskKind
    scope_id: int
    key: str
    title: str
    detail: str
    since: datetime | None
    due_at: datetime | None
    more: int = 0


def due_by(task: Task) -> datetime | None:
    """The instant that puts a task in order: its own day, or when it came and the usual time."""
    if task.due_at is not None or task.since is None or task.kind in _WHENEVER:
        return task.due_at
    return task.since + _AIMS.get(task.kind, timedelta(0))


def horizon(task: Task, *, now: datetime) -> Horizon:
    """Now is what came without a day of its own, or whose day is here; soon is within a week.

    What waits without a day is now however new it is: putting it off makes it no smaller. Only
    what waits for somebody else, or for nobody, comes later.
    """
    due = due_by(task)
    if due is None or (task.kind in _OTHERS_TURN and due > now):
        return Horizon.LATER
    if task.due_at is None or due <= now + timedelta(days=1):
        return Horizon.NOW
    return Horizon.SOON if due <= now + _SOON else Horizon.LATER


_OTHERS_TURN = frozenset({_K.PROJECT_NEED_ASKED, _K.PROJECT_CONSULTATION})


def in_order(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """What is due first in front; the order is the same whoever asks."""
    return tuple(sorted(tasks, key=_rank))


def _rank(task: Task) -> tuple[datetime, str, int, str]:
    return due_by(task) or _NEVER, task.kind, task.scope_id, task.key


def count_waiting(tasks: Iterable[Task], *, now: datetime) -> int:
    """How much asks for attention now or soon, listed or not."""
    return sum(1 + task.more for task in tasks if horizon(task, now=now) is not Horizon.LATER)
