"""Periodic work on Huey: every sweep finds what is due in the rows and does it, one by one.

Rows are the truth, the queue only says when to look: a lost, late or doubled task changes nothing.
Each row has a transaction of its own, and one that fails does not keep the others waiting.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, request

from portal.database import transaction
from portal.domain.errors import ProcessorUnavailable, Refusal
from portal.jobs.billing import (
    ask_rests,
    follow_online_invoices,
    keep_invoice_calendar,
    read_statements,
    sync_online_invoices,
)
from portal.jobs.books import check_money
from portal.jobs.life import follow_changes, follow_money_back, remind_of_terms
from portal.jobs.mail import (
    deliver_mail,
    forget_mail,
    gather_digests,
    remind_of_reviews,
    spread_news,
)
from portal.jobs.reconciler import compare_books
from portal.jobs.record import keep_record
from portal.jobs.rows import LISTED, SETTLED, one
from portal.jobs.support import keep_support_pace
from portal.ports.collaborators import Collaborators
from portal.services import purges
from portal.services.payments import processor_events, renewals, settlement
from portal.services.sponsorship import sponsorships
from portal.services.sponsorship.checkouts import StartedCheckout
from portal.services.votes import reminders, tallies, turnout
from portal.settings import Settings

if TYPE_CHECKING:
    from huey import Huey
    from huey.api import TaskWrapper

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
_LEAP = timedelta(minutes=10)


def run_due(app: Flask, now: datetime) -> None:
    """Make every sweep once, here and now: for tests, ``portal jobs --once``, demonstrations."""
    for sweep in SWEEPS:
        _run(app, sweep, now)


def init_jobs(app: Flask) -> PeriodicJobs:
    """Let each change by request be looked at promptly, and commands find the work.

    They find it as the application's extension ``stakehold_jobs``.
    """
    jobs = PeriodicJobs(app)

    @app.after_request
    def look_soon(response: Response) -> Response:
        """What a request changed may have left an event to handle or a mail to send."""
        if request.method == "POST" and response.status_code < HTTPStatus.BAD_REQUEST:
            try:
                jobs.prompt()
            except Exception:  # noqa: BLE001 - the sweeps find it within the minute
                _log.exception("the queue cannot be reached")
        return response

    app.extensions["stakehold_jobs"] = jobs
    return jobs


class PeriodicJobs:
    """The sweeps of one application; its queue is opened when it is first needed."""

    def __init__(self, app: Flask) -> None:
        """Open nothing yet."""
        self._app = app
        self._lock = Lock()
        self._look_at = -_PAUSE_SECONDS
        self._ahead: timedelta | None = None

    def run_due(self, now: datetime) -> None:
        """Make every sweep once."""
        run_due(self._app, now)

    def run_forever(self, *, workers: int) -> None:
        """Make each sweep on its schedule, and whenever a request asks, until stopped."""
        self.queue.create_consumer(workers=workers, initial_delay=0.1, max_delay=1.0).run()

    def prompt(self) -> None:
        """Ask for a look at what a request may have left to do: at once, then once a second.

        A look that is still to come sees what was committed before it, so one is enough.
        """
        instant = time.monotonic()
        with self._lock:
            if instant < self._look_at:
                return
            self._look_at = max(instant, self._look_at + _PAUSE_SECONDS)
            delay = self._look_at - instant
        task = self._tasks[PROMPT_NAME]
        if delay:
            task.schedule(delay=delay)
        else:
            task()

    def has_leapt(self, now: datetime) -> bool:
        """Whether the demonstration's clock was moved on: then all that is due is due now."""
        ahead = now - datetime.now(UTC)
        before, self._ahead = self._ahead, ahead
        return before is not None and ahead - before > _LEAP

    @property
    def queue(self) -> Huey:
        """The queue, with every sweep on its schedule.

        It is a SQLite file in the folder for variable data unless the settings name Redis or
        PostgreSQL.
        """
        return self._opened[0]

    @property
    def _tasks(self) -> Mapping[str, TaskWrapper]:
        return self._opened[1]

    @cached_property
    def _opened(self) -> tuple[Huey, Mapping[str, TaskWrapper]]:
        # Imported here: the queue loads the clients of every store it knows.
        from huey import crontab  # noqa: PLC0415

        queue = _choose_queue(cast("Collaborators", self._app.extensions["stakehold"]).settings)
        for sweep in SWEEPS:
            task = _named(partial(_run_now, self._app, (sweep,)), sweep.name)
            queue.periodic_task(crontab(**sweep.schedule), name=sweep.name)(task)
        prompt = _named(partial(_run_now, self._app, PROMPT), PROMPT_NAME)
        return queue, {PROMPT_NAME: queue.task(name=PROMPT_NAME)(prompt)}


def _process_inbox(world: Collaborators, now: datetime) -> None:
    """Look again at what each event points to, and converge; until none is left, each once."""
    last = 0
    while fresh := processor_events.find_unhandled(now=now, after=last):
        for event_id, references in fresh:
            _handle_event(world, event_id, references, now)
        last = fresh[-1][0]
    if last:
        # What was invoiced just now may have been paid in part by credit.
        ask_rests(world, now)


def _handle_event(
    world: Collaborators, event_id: int, references: dict[str, str], now: datetime
) -> None:
    try:
        look = processor_events.look_at(world.payments, references)
        with transaction():
            processor_events.handle_event(event_id, look, site=world.settings.base_url, now=now)
    except ProcessorUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - noted at the event, which is tried again
        _log.warning("event %s was not handled: %s", event_id, error)
        with transaction():
            processor_events.note_failure(
                event_id, str(error), final=isinstance(error, Refusal), now=now
            )


def _reconcile_checkouts(world: Collaborators, now: datetime) -> None:
    """Compare both ways: what the processor lists with our rows, then our live rows with it."""
    site = world.settings.base_url
    for seen in world.payments.list_checkouts(since=now - LISTED):
        with one("checkout", seen.checkout_id), transaction():
            known = settlement.converge_checkout(seen, site=site, now=now)
        if not known and seen.reference is not None:
            _log.warning("checkout %s of the processor is not ours", seen.checkout_id)
    for started in settlement.find_unanswered(now=now, age=SETTLED, site=site):
        with one("checkout", started.reference):
            _ask_again(world, started, now)
    for reference in settlement.find_forgotten(now=now):
        with one("checkout", reference), transaction():
            settlement.abandon_checkout(reference, "It never got a page to pay on.", now=now)
    for checkout_id, wanted in settlement.find_open(now=now, age=SETTLED):
        with one("checkout", checkout_id):
            if not wanted:
                world.payments.expire_checkout(checkout_id)
            look = processor_events.look_at(world.payments, {"checkout": checkout_id})
            with transaction():
                processor_events.converge(look, site=site, now=now)


def _ask_again(world: Collaborators, started: StartedCheckout, now: datetime) -> None:
    """Repeat the call that was never answered; its key makes it the same page."""
    try:
        opened = world.payments.open_checkout(started.request, idempotency_key=started.reference)
    except Refusal as refusal:
        with transaction():
            settlement.abandon_checkout(started.reference, refusal.message, now=now)
    else:
        with transaction():
            settlement.record_opened(started.reference, opened)


def _sync_renewals(world: Collaborators, now: datetime, *, overdue: bool = False) -> None:
    """Look again at every renewal that may be paid, or only where a paid term is over."""
    for renewal_id in renewals.find_renewals(now=now, overdue=overdue):
        with one("renewal", renewal_id):
            look = processor_events.look_at(world.payments, {"renewal": renewal_id})
            with transaction():
                processor_events.converge(look, site=world.settings.base_url, now=now)


def close_due_votes(world: Collaborators, now: datetime) -> None:
    """Count every vote that is past its close, then tell those concerned.

    In steps, so that others get their turn to write, and pages show how far it has come.
    """
    site = world.settings.base_url
    for vote_id in tallies.find_due_votes(now=now):
        with one("vote", vote_id):
            _count_vote(vote_id, site, now)
    for vote_id in tallies.find_untold_votes():
        with one("vote", vote_id):
            more = True
            while more:
                with transaction():
                    more = tallies.tell_some(vote_id, site=site, now=now)


def _count_vote(vote_id: int, site: str, now: datetime) -> None:
    def report(read: int) -> None:
        _log.info("vote %s: %s ballots read", vote_id, f"{read:,}")
        with transaction():
            tallies.note_ballots_read(vote_id, read)

    with transaction():
        if not tallies.begin_count(vote_id, now=now):
            return
    figures = tallies.count_ballots(vote_id, report)
    with transaction():
        tallies.store_outcome(vote_id, figures, site=site, now=now)
    _log.info("vote %s: counted", vote_id)


def _count_turnout(_world: Collaborators, now: datetime) -> None:
    """Who has voted is counted to the full hour, for pages that do not say when."""
    for vote_id in turnout.find_uncounted(now=now):
        with one("turnout of vote", vote_id), transaction():
            turnout.count_turnout(vote_id, now=now)


def _remind_electors(world: Collaborators, now: datetime) -> None:
    """Electors who have not voted are reminded of a vote that is open."""
    for vote_id in reminders.find_due_reminders(now=now):
        with one("reminder of vote", vote_id), transaction():
            reminders.remind(vote_id, site=world.settings.base_url, now=now)


def _move_terms(world: Collaborators, now: datetime) -> None:
    """Let time do its part: what is not renewed ends, what is not paid lapses."""
    for sponsorship_id in sponsorships.find_terms_over(now=now):
        with one("sponsorship", sponsorship_id), transaction():
            sponsorships.end_term(sponsorship_id, now=now)
    for sponsorship_id in sponsorships.find_grace_over(now=now):
        with one("sponsorship", sponsorship_id), transaction():
            sponsorships.lapse(sponsorship_id, site=world.settings.base_url, now=now)


def _forget_links(_world: Collaborators, now: datetime) -> None:
    """Sign-in links that can no longer be used are deleted."""
    for link_id in purges.find_old_links(now=now):
        with one("sign-in link", link_id), transaction():
            purges.forget_link(link_id, now=now)


def _forget_forms(_world: Collaborators, now: datetime) -> None:
    """Hashes of forms that may be sent again are deleted."""
    with transaction():
        purges.forget_forms(now=now)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A search for due rows, what is done with each, and when it is made: else every minute."""

    name: str
    work: Callable[[Collaborators, datetime], None]
    schedule: Mapping[str, str] = field(default_factory=dict)


_INBOX = Sweep("process_inbox", _process_inbox)
_OUTBOX = Sweep("deliver_mail", deliver_mail)
_STATEMENTS = Sweep("read_statements", read_statements)
# In this order one run carries a payment from the processor's list to the receipt in the mail.
SWEEPS = (
    _INBOX,
    Sweep("reconcile_checkouts", _reconcile_checkouts, {"minute": "*/5"}),
    Sweep("sync_overdue_renewals", partial(_sync_renewals, overdue=True), {"minute": "7"}),
    Sweep("sync_renewals", _sync_renewals, {"minute": "23", "hour": "3"}),
    Sweep("count_turnout", _count_turnout),
    Sweep("remind_electors", _remind_electors, {"minute": "*/10"}),
    Sweep("follow_changes", follow_changes, {"minute": "*/5"}),
    Sweep("follow_money_back", follow_money_back, {"minute": "*/15"}),
    Sweep("close_votes", close_due_votes),
    Sweep("follow_online_invoices", follow_online_invoices, {"minute": "1-59/5"}),
    Sweep("sync_online_invoices", sync_online_invoices, {"minute": "33", "hour": "3"}),
    Sweep("keep_invoice_calendar", keep_invoice_calendar, {"minute": "3-59/10"}),
    Sweep("keep_record", keep_record),
    Sweep("move_terms", _move_terms, {"minute": "*/10"}),
    Sweep("remind_of_terms", remind_of_terms, {"minute": "*/10"}),
    Sweep("compare_books", compare_books, {"minute": "43", "hour": "3"}),
    Sweep("check_money", check_money, {"minute": "11", "hour": "2"}),
    Sweep("keep_support_pace", keep_support_pace, {"minute": "29", "hour": "1"}),
    _STATEMENTS,
    Sweep("forget_links", _forget_links, {"minute": "41", "hour": "4"}),
    Sweep("forget_forms", _forget_forms, {"minute": "43", "hour": "4"}),
    Sweep("forget_mail", forget_mail, {"minute": "53", "hour": "4"}),
    Sweep("remind_of_reviews", remind_of_reviews, {"minute": "17", "hour": "6"}),
    Sweep("spread_news", spread_news),
    Sweep("gather_digests", gather_digests, {"minute": "*/5"}),
    _OUTBOX,
)
PROMPT = (_INBOX, _OUTBOX, _STATEMENTS)
PROMPT_NAME = "prompt"


def _run_now(app: Flask, sweeps: tuple[Sweep, ...]) -> None:
    now = cast("Collaborators", app.extensions["stakehold"]).clock.now()
    jobs = cast("PeriodicJobs", app.extensions["stakehold_jobs"])
    for sweep in SWEEPS if jobs.has_leapt(now) else sweeps:
        _run(app, sweep, now)


def _run(app: Flask, sweep: Sweep, now: datetime) -> None:
    """Make one sweep in a session of its own; the processor may be out of reach."""
    with app.app_context():
        try:
            sweep.work(cast("Collaborators", app.extensions["stakehold"]), now)
        except ProcessorUnavailable as error:
            _log.warning("%s will be tried again: %s", sweep.name, error)


def _choose_queue(settings: Settings) -> Huey:
    from huey import PostgresHuey, RedisHuey, SqliteHuey  # noqa: PLC0415 - as above

    url = settings.queue_url
    if url.startswith(("redis://", "rediss://")):
        return RedisHuey("stakehold", url=url)
    if url.startswith("postgresql"):
        return PostgresHuey("stakehold", dsn=url.replace("+psycopg", "", 1))
    settings.var_path.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("stakehold", filename=str(settings.var_path / "queue.db"))


def _named(work: Callable[[], None], name: str) -> Callable[[], None]:
    """A function of its own for Huey, which knows tasks by their names in every process."""

    def task() -> None:
        work()

    task.__name__ = task.__qualname__ = name
    return task
