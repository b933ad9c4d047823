"""Tasks as a desk names them, and the one address at which each is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup, escape

from portal.domain.tasks import Desk, Horizon, Task, TaskKind, horizon
from portal.web.formats import format_at, format_on

_K = TaskKind
# What is asked, and where it is done, from the desk's own address on.
_WORDS = {
    _K.PROJECT_BALLOT: (_l("Cast your ballot"), "/votes/{key}"),
    _K.PROJECT_VOTE: (_l("A vote is open"), "/votes/{key}"),
    _K.PROJECT_DECISION: (_l("Decide, and say why"), "/proposals/{key}/decision#decision"),
    _K.PROJECT_REVIEW: (
        _l("Look at the decision again"),
        "/proposals/{key}/decision#review",
    ),
    _K.PROJECT_CONSULTATION: (_l("In consultation"), "/proposals/{key}"),
    _K.PROJECT_CONSULTED: (
        _l("The last day for statements is over: open a vote, or give it more time"),
        "/proposals/{key}",
    ),
    _K.PROJECT_DRAFT: (_l("A draft"), "/proposals/{key}"),
    _K.PROJECT_ROADMAP: (_l("Say how far it has come"), "/roadmap/{key}#report"),
    _K.PROJECT_SCREEN_NEED: (_l("Screen a need"), "/screening#need-{key}"),
    _K.PROJECT_SCREEN_MESSAGE: (
        _l("Screen a message about a need"),
        "/screening#message-{key}",
    ),
    _K.PROJECT_SCREEN_STATEMENT: (_l("Screen a statement"), "/screening#statement-{key}"),
    _K.PROJECT_STATEMENT: (
        _l("A steward asks for other words"),
        "/proposals/{key}/statements/own",
    ),
    _K.PROJECT_NEED: (_l("Answer a need"), "/needs/{key}#answer"),
    _K.PROJECT_NEED_ASKED: (_l("The author’s turn"), "/needs/{key}"),
    _K.PROJECT_NEED_MESSAGE: (_l("The author wrote again"), "/needs/{key}#answer"),
    _K.PROJECT_NEED_LEFT: (
        _l("The proposal that answered this need was withdrawn"),
        "/needs/{key}#take-up",
    ),
    _K.PROJECT_SUPPORT: (_l("Answer a support request"), "/support/{key}#answer"),
    _K.PROJECT_SUPPORT_MESSAGE: (
        _l("They wrote again about a support request"),
        "/support/{key}#answer",
    ),
    _K.PROJECT_CONDUCT: (_l("Read a conduct report"), "/conduct/{key}"),
    _K.PROJECT_SPONSOR: (_l("Approve a name, a link, a logo"), "/sponsors#{key}"),
    _K.PROJECT_INVOICE: (_l("Overdue invoice"), "/treasury/documents/{key}"),
    _K.PROJECT_BANK_LINE: (_l("Match a payment"), "/treasury/lines/{key}"),
    _K.PROJECT_GRACE: (_l("A payment is missing"), "/sponsors/{key}/money"),
    _K.PROJECT_ENDING: (_l("The term ends and is not renewed"), "/sponsors/{key}/money"),
    _K.PROJECT_MISMATCH: (_l("A payment is not as sold"), "/sponsors"),
    _K.PROJECT_FINDING: (_l("Does not match at the processor"), "/reconciliation"),
    _K.PROJECT_DISPUTE: (_l("The payer’s bank questions a payment"), "/sponsors/{key}/money"),
    _K.ORGANIZATION_BALLOT: (_l("Cast the ballot"), "/votes/{key}"),
    _K.ORGANIZATION_REWORD: (_l("A steward asks for other words"), "/needs/{key}/edit"),
    _K.ORGANIZATION_STATEMENT: (
        _l("A steward asks for other words"),
        "/statements/{key}/edit",
    ),
    _K.ORGANIZATION_ASKED: (_l("The maintainers wrote to you"), "/needs/{key}#conversation"),
    _K.ORGANIZATION_SUPPORT: (_l("The maintainers answered"), "/support/{key}#conversation"),
    _K.ORGANIZATION_INVOICE: (_l("Invoice to pay"), "/documents/{key}"),
    _K.ORGANIZATION_GRACE: (_l("A payment is missing"), "/sponsorships/{key}"),
    _K.ORGANIZATION_ENDING: (_l("The term ends and is not renewed"), "/sponsorships/{key}"),
    _K.ORGANIZATION_REJECTED: (_l("Name or logo was not approved"), "/profile"),
    _K.ORGANIZATION_RELATED: (_l("Says that it belongs to you"), ""),
    _K.CONTRIBUTOR_BALLOT: (_l("Cast your ballot"), "/votes/{key}"),
    _K.CONTRIBUTOR_REWORD: (_l("A steward asks for other words"), "/needs/{key}/edit"),
    _K.CONTRIBUTOR_STATEMENT: (
        _l("A steward asks for other words"),
        "/statements/{key}/edit",
    ),
    _K.CONTRIBUTOR_ASKED: (_l("The maintainers wrote to you"), "/needs/{key}#conversation"),
}
# A close is an instant; everything else is a day.
_TO_THE_MINUTE = frozenset(
    {_K.PROJECT_BALLOT, _K.PROJECT_VOTE, _K.ORGANIZATION_BALLOT, _K.CONTRIBUTOR_BALLOT}
)


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task on a page: what it is about, where it is done, what is asked, since or until when.

    ``place`` is where it waits, empty on a desk of one place; ``late`` says that its day is over.
    """

    title: str
    url: str
    what: str
    detail: str
    place: str
    when: str | Markup
    late: bool
    more: str


@dataclass(frozen=True, slots=True)
class TaskList:
    """Tasks by when they ask for attention, the first due in front."""

    now: tuple[TaskLine, ...]
    soon: tuple[TaskLine, ...]
    later: tuple[TaskLine, ...]

    @property
    def first(self) -> TaskLine | None:
        """What to begin with."""
        return next(iter((*self.now, *self.soon)), None)

    @property
    def waiting(self) -> int:
        """How many lines ask for attention now or soon."""
        return len(self.now) + len(self.soon)


def list_tasks(
    tasks: Iterable[Task],
    roots: Mapping[tuple[Desk, int], tuple[str, str]],
    *,
    now: datetime,
) -> TaskList:
    """Tasks in words; ``roots`` gives a desk's address and its name by (desk, id)."""
    found: dict[Horizon, list[TaskLine]] = {each: [] for each in Horizon}
    for task in tasks:
        root, place = roots[task.kind.desk, task.scope_id]
        found[horizon(task, now=now)].append(_line(task, root, place, now))
    return TaskList(*(tuple(found[each]) for each in Horizon))


def _line(task: Task, root: str, place: str, now: datetime) -> TaskLine:
    what, path = _WORDS[task.kind]
    return TaskLine(
        title=task.title or str(what),
        url=root + path.format(key=task.key),
        what=str(what) if task.title else "",
        detail=task.detail,
        place=place,
        when=_when(task, now),
        late=_late(task, now),
        more=ngettext("and %(num)s more like it", "and %(num)s more like it", task.more)
        if task.more
        else "",
    )


def _late(task: Task, now: datetime) -> bool:
    return task.due_at is not None and task.due_at.date() < now.date()


def _when(task: Task, now: datetime) -> str | Markup:
    if task.kind in _TO_THE_MINUTE and task.due_at is not None:
        return escape(_("closes %(when)s")) % {"when": format_at(task.due_at)}
    if task.due_at is not None:
        day = format_on(task.due_at.date())
        if _late(task, now):
            return _("was due on %(day)s", day=day)
        return _("until %(day)s", day=day)
    return _("since %(day)s", day=format_on(task.since.date())) if task.since else ""
