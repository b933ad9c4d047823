"""Two web and two job processes on one database lose nothing and do nothing twice.

With a Redis at hand, it carries the queue and the rate limits; the test's id says which it was.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
import redis
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import func, select

from portal.app import create_app
from portal.database import db, transaction
from portal.domain.permissions import OrganizationRole
from portal.models.billing import Payment, ProcessorEvent
from portal.models.identity import Person
from portal.models.outbox import OutboxMessage
from portal.models.sponsorship import Sponsorship
from portal.models.votes import Outcome
from portal.services.outbox import post_mail
from portal.settings import read_settings
from tests.builders import make_organization, make_person, make_tier, sign_in
from tests.sandbox.stage import API_KEY, WEBHOOK_SECRET, Stage, open_stage, wait_for
from tests.vote_builders import DAY, Scene, cast, make_scene, make_vote

BUYERS, MAILS, REPLAYS = 4, 60, 3
# Only a bound on what hangs, in seconds: a busy machine is slow to start processes.
PATIENCE = 300
NAMED_REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(NAMED_REDIS, socket_connect_timeout=1) as server:
            return bool(server.ping())
    except redis.RedisError:
        return False


# Without a Redis the queue is a SQLite file that both job processes share.
QUEUE = "redis" if _redis_answers() else "embedded"


@dataclass
class Post:
    """A mail server's memory: how often each message was taken, by its id."""

    taken: Counter[str] = field(default_factory=Counter)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the server's name
        content = envelope.original_content
        assert content is not None
        self.taken[str(message_from_bytes(content)["Message-ID"])] += 1
        return "250 OK"


@dataclass
class Fleet:
    """The processes' far ends, and the portal's own view of the database."""

    app: Flask
    webs: list[str]
    stage: Stage
    post: Post
    start_jobs: Callable[[], None]


@contextmanager
def _empty_redis_database() -> Iterator[str]:
    """A database of the server that nobody uses, emptied again afterwards."""
    for number in range(15, 0, -1):
        url = f"{NAMED_REDIS.rstrip('/')}/{number}"
        with redis.Redis.from_url(url) as server:
            if server.dbsize() == 0:
                try:
                    yield url
                finally:
                    server.flushdb()
                return
    pytest.skip("every database of this Redis is in use")


@contextmanager
def _process(environ: dict[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / command[0]), *command[1:]], env=environ
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=[QUEUE])
def fleet(new_postgresql_database: Callable[[], str], tmp_path: Path) -> Iterator[Fleet]:
    """Two webs, as gunicorn serves them, beside one database, sandbox and mail server."""
    with ExitStack() as running:
        post = Post()
        smtp = Controller(post, hostname="127.0.0.1", port=_free_port())
        smtp.start()
        running.callback(smtp.stop)
        stage = running.enter_context(open_stage())
        ports = [_free_port(), _free_port()]
        environ = {
            "STAKEHOLD_ENV": "test",
            "STAKEHOLD_SECRET_KEY": "shared by every process",
            "STAKEHOLD_BASE_URL": f"http://127.0.0.1:{ports[0]}",
            "STAKEHOLD_DATABASE_URL": new_postgresql_database(),
            "STAKEHOLD_VAR": str(tmp_path),
            "STAKEHOLD_MAIL_URL": f"smtp://127.0.0.1:{smtp.port}",
            "STAKEHOLD_STRIPE_API_KEY": API_KEY,
            "STAKEHOLD_STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STAKEHOLD_STRIPE_API_BASE": stage.url,
        }
        if QUEUE == "redis":
            url = running.enter_context(_empty_redis_database())
            environ |= {"STAKEHOLD_QUEUE_URL": url, "STAKEHOLD_RATE_LIMIT_STORAGE": url}
        app = create_app(read_settings(environ))
        running.callback(_let_go, app)
        with app.app_context():
            db.create_all()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("STAKEHOLD_")}
        for port in ports:
            running.enter_context(_process(
                inherited | environ, "gunicorn", "--config", "python:portal.serving",
                "portal.app:create_app()", "--workers", "1", "--threads", "4",
                "--bind", f"127.0.0.1:{port}", "--log-level", "warning", "--no-control-socket",
            ))  # fmt: skip
        webs = [f"http://127.0.0.1:{port}" for port in ports]
        for web in webs:
            wait_for(lambda web=web: _answers(web), seconds=PATIENCE)  # type: ignore[misc]

        def start_jobs() -> None:
            for _ in range(2):
                running.enter_context(_process(inherited | environ, "portal", "jobs"))

        yield Fleet(app, webs, stage, post, start_jobs)


def _let_go(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _answers(web: str) -> bool:
    try:
        return requests.get(f"{web}/healthz", timeout=PATIENCE).ok
    except requests.RequestException:
        return False


def _prepare(app: Flask) -> tuple[Scene, list[tuple[str, str]]]:
    """A vote that is due, mail that waits, and buyers: each one's organization and cookie."""
    now = datetime.now(UTC)
    scene = make_scene()
    vote_id = make_vote(scene, now=now - 20 * DAY, closes_at=now - timedelta(minutes=1))
    for index in range(len(scene.organizations)):
        cast(scene, vote_id, index, "for", now=now - 19 * DAY)
    make_tier(scene.project, slug="gold")
    with transaction():
        for number in range(MAILS):
            post_mail(dedupe_key=f"test:{number}", recipient=f"reader{number}@example.org",
                      subject=f"Mail {number}", paragraphs=["One."], why="A test.", now=now)  # fmt: skip
    buyers = []
    for _ in range(BUYERS):
        person: Person = make_person()
        organization = make_organization(roles={person: [OrganizationRole.OWNER]})
        cookie = sign_in(app, person).get_cookie("stakehold")
        assert cookie
        buyers.append((organization.slug, cookie.value))
    return scene, buyers


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return found.group(1)


def _buy(fleet: Fleet, project: str, buyer: str, cookie: str) -> None:
    """Press the button on both webs at once, then pay on the one page that both lead to."""

    def press(web: str) -> str:
        with requests.Session() as browser:
            browser.cookies.set("stakehold", cookie, domain="127.0.0.1")
            address = f"{web}/p/{project}/tiers/gold/buy"
            page = browser.get(f"{address}?organization={buyer}", timeout=PATIENCE)
            form = {"csrf_token": _token(page.text), "organization": buyer, "version": "1"}
            answer = browser.post(address, data=form, timeout=PATIENCE, allow_redirects=False)
            assert answer.status_code == 303, answer.text
            return answer.headers["Location"]

    with ThreadPoolExecutor() as both:
        pages = set(both.map(press, fleet.webs))
    assert len(pages) == 1
    assert fleet.stage.pay(pages.pop()).status_code in {302, 303}


def _replay(fleet: Fleet) -> None:
    """Bring every event to both webs, several times and all at once."""
    arrivals = list(fleet.stage.endpoint.received) * REPLAYS

    def deliver(arrival: tuple[tuple[bytes, str], str]) -> int:
        (body, signature), web = arrival
        answer = requests.post(f"{web}/webhooks/stripe", data=body, timeout=PATIENCE,
                               headers={"Stripe-Signature": signature})  # fmt: skip
        return answer.status_code

    with ThreadPoolExecutor(8) as crowd:
        statuses = set(crowd.map(deliver, [(each, web) for each in arrivals for web in fleet.webs]))
    assert statuses == {200}


def _press_sign_in(fleet: Fleet) -> list[int]:
    """Ask for a link twelve times within a minute, from one web and the other in turn."""
    with requests.Session() as browser:
        form = {
            "csrf_token": _token(browser.get(f"{fleet.webs[0]}/sign-in", timeout=PATIENCE).text)
        }
        return [
            browser.post(
                f"{fleet.webs[number % 2]}/sign-in", data=form, timeout=PATIENCE
            ).status_code
            for number in range(12)
        ]


def _count(app: Flask, *criteria: object, of: type) -> int:
    with app.app_context():
        counted = db.session.scalar(select(func.count()).select_from(of).where(*criteria))  # type: ignore[arg-type]
        return counted or 0


def _paid(fleet: Fleet) -> int:
    """How many purchases the sandbox has told of to the end: the last of its events comes last."""
    return sum(b"checkout.session.completed" in body for body, _ in fleet.stage.endpoint.received)


def _is_handled(app: Flask) -> bool:
    return not _count(app, ProcessorEvent.handled_at.is_(None), of=ProcessorEvent)


def test_many_processes_lose_nothing_and_do_nothing_twice(fleet: Fleet) -> None:
    """Purchases, mails, replayed events and a vote that closes, each done exactly once."""
    app = fleet.app
    with app.app_context():
        scene, buyers = _prepare(app)
        project = scene.project.slug
    for buyer, cookie in buyers:
        _buy(fleet, project, buyer, cookie)
    wait_for(lambda: _paid(fleet) == BUYERS)
    fleet.start_jobs()
    _replay(fleet)
    wait_for(lambda: _count(app, of=Outcome) > 0, seconds=PATIENCE)
    wait_for(lambda: _is_handled(app), PATIENCE)
    _replay(fleet)  # late, and the last mails are looked for at once
    wait_for(lambda: _is_handled(app), PATIENCE)
    unsent = (OutboxMessage.sent_at.is_(None), ~OutboxMessage.in_digest)
    wait_for(lambda: not _count(app, *unsent, of=OutboxMessage), seconds=PATIENCE)
    time.sleep(1)  # whoever would do something twice does it now

    with app.app_context():
        events = db.session.scalars(select(ProcessorEvent)).all()
        sent = {body for body, _signature in fleet.stage.endpoint.received}
        assert len({event.external_id for event in events}) == len(events) == len(sent)
        assert [(event.attempts, event.problem) for event in events] == [(0, "")] * len(events)
        bought = Sponsorship.renewal_id.is_not(None)
        assert _count(app, bought, of=Sponsorship) == BUYERS
        assert _count(app, of=Payment) == BUYERS
        assert _count(app, of=Outcome) == 1
        messages = db.session.scalars(select(OutboxMessage).filter_by(in_digest=False)).all()
        assert len(messages) > MAILS + BUYERS
        assert {message.attempts for message in messages} == {1}
        assert set(fleet.post.taken.values()) == {1}
        assert len(fleet.post.taken) == len(messages)
    if QUEUE == "redis":
        assert _press_sign_in(fleet) == [422] * 10 + [429] * 2, "the limit counts for both webs"
