"""The bundle of a vote with many ballots: written, sent by a worker, and checked by itself."""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from flask import Flask
from sqlalchemy import select

from portal.adapters.clock import SystemClock
from portal.app import create_app
from portal.database import db, transaction
from portal.domain.canonical import fingerprint
from portal.domain.record.entries import EntryType, commit, opened_ballot, vote_subject
from portal.models.votes import Ballot, Elector, Vote
from portal.ports.collaborators import Collaborators
from portal.services.record.record import append_entry
from portal.services.record.vote_log import log_opened
from portal.services.votes.tallies import close_vote
from tests.bench.alone import peak_megabytes, run_alone
from tests.bench.electors import (
    OPEN_FOR,
    SITE,
    add_ballots,
    fill_electors,
    find_seats,
    open_measured_vote,
    seat_crowd,
)
from tests.bench.lines import Line
from tests.conftest import make_settings
from tests.standins import FixedKey, MemoryMail, ScriptedGateway

_CROWD = 100_000
_FEW = 1_200  # more than power is computed for, so that seats added as rows need none
_BATCH = 5_000
_WORKER_MEGABYTES = 200
_MEASURED = """import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
print(next(row.split()[1] for row in open("/proc/self/status") if "VmHWM" in row))
"""
_PATH = "/p/kelp/proposals/1/bundle"


def measure(crowd: int = _CROWD) -> Iterator[Line]:
    """Each step in a process of its own, so that memory is told."""
    what = f"bundle of {crowd:,} ballots"
    with tempfile.TemporaryDirectory() as folder:
        run_alone(_fill, folder, crowd)
        seconds, idle, megabytes, size = run_alone(_send, folder, crowd)
        yield Line(f"{what}: {size / 1e6:.0f} MB written and sent", seconds, "s")
        yield Line(f"{what}: memory of the worker that sends it", megabytes, "MB",
                   most=_WORKER_MEGABYTES)  # fmt: skip
        yield Line(f"{what}: of it before the first request", idle, "MB")
        seconds, megabytes = run_alone(_verify, folder, crowd)
        yield Line(f"{what}: checked by its own verify.py", seconds, "s")
        yield Line(f"{what}: memory of verify.py", megabytes, "MB")


def _portal(folder: str) -> Flask:
    settings = make_settings(f"sqlite:///{Path(folder) / 'portal.db'}", VAR=folder)
    mail = MemoryMail()
    world = Collaborators(
        settings=settings, payments=ScriptedGateway(), mail=mail, mailbox=mail, identity={},
        record_key=FixedKey(), clock=SystemClock(),
    )  # fmt: skip
    return create_app(settings, world)


def _fill(folder: str, electors: int) -> None:
    """A counted vote as if all had been seated at the opening and had cast one after another."""
    app = fill_electors(f"sqlite:///{Path(folder) / 'portal.db'}", _FEW)
    with patch("portal.services.votes.votes.log_opened"):
        vote_id = open_measured_vote(app)
    seat_crowd(app, vote_id, electors - _FEW)
    add_ballots(app, vote_id, find_seats(app, vote_id))
    now = datetime.now(UTC) + OPEN_FOR + timedelta(seconds=1)
    with app.app_context():
        with transaction() as session:
            vote = session.get_one(Vote, vote_id)
            vote.fingerprint = fingerprint(vote.rules)
            log_opened(vote)
        first = 0
        while first is not None:
            first = _seal_ballots(vote_id, first)
        with transaction():
            close_vote(vote_id, site=SITE, now=now)


def _seal_ballots(vote_id: int, after: int) -> int | None:
    """Commit to the next ballots as casting them would have; the last one, if there was any."""
    with transaction() as session:
        vote = session.get_one(Vote, vote_id)
        rows = session.execute(
            select(Ballot, Elector.house, Elector.position)
            .join(Elector, Elector.id == Ballot.elector_id)
            .where(Ballot.vote_id == vote_id, Ballot.id > after)
            .order_by(Ballot.id)
            .limit(_BATCH)
        ).all()
        for ballot, house, position in rows:
            ballot.nonce = secrets.token_bytes(32)
            body = {"commitment": commit(opened_ballot(ballot, house, position), ballot.nonce)}
            append_entry(
                vote.project_id, vote_subject(vote_id), EntryType.BALLOT_CAST, body,
                at=vote.opens_at, ballot_id=ballot.id,
            )  # fmt: skip
        return rows[-1][0].id if rows else None


def _send(folder: str, _electors: int) -> tuple[float, float, float, int]:
    """Seconds, megabytes at most before and in all, and how many bytes were sent."""
    app = _portal(folder)
    idle, size = peak_megabytes(), 0
    begun = time.perf_counter()
    with app.test_client() as client, Path(folder, "vote.zip").open("wb") as kept:
        answer = client.get(_PATH, buffered=False)
        if answer.status_code != 200:
            raise RuntimeError(f"{_PATH}: {answer.status_code}")
        for part in answer.response:
            size += kept.write(part if isinstance(part, bytes) else part.encode())
        answer.close()
    seconds = time.perf_counter() - begun
    with app.app_context():
        db.engine.dispose()
    return seconds, idle, peak_megabytes(), size


def _verify(folder: str, _electors: int) -> tuple[float, float]:
    """Seconds, and megabytes at most."""
    archive = Path(folder, "vote.zip")
    with zipfile.ZipFile(archive) as opened:
        opened.extract("verify.py", folder)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", "-c", _MEASURED, str(Path(folder, "verify.py")), str(archive)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return time.perf_counter() - begun, int(done.stdout.split()[-1]) / 1024
