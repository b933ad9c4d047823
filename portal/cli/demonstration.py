"""``portal demo``: one command that starts the demonstration portal with all its parts."""

from __future__ import annotations

import ctypes
import fcntl
import http.client
import logging
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, cast

import click
from flask import Flask
from flask.cli import ScriptInfo, pass_script_info

from portal.cli.database import upgrade_tables
from portal.database import db, transaction
from portal.queries.readiness import find_revision, newest_revision
from portal.queries.weights.electorate import find_standing
from portal.services.demonstration.cast import PERSONAS

if TYPE_CHECKING:
    from portal.ports.periodic import PeriodicWork

_HOST = "127.0.0.1"
_LAST_PORT = 65535
_READY_SECONDS = 60
_PARENT_DEATH_SIGNAL = 1


@click.command("demo")
@click.option(
    "--port",
    envvar="PORT",
    default=8000,
    show_default=True,
    type=click.IntRange(1, _LAST_PORT),
    help="Port of the portal, also taken from PORT; the sandbox and the mail server take the next.",
)
@click.option(
    "--var",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var"),
    show_default=True,
    help="Folder for the database, the mailbox and the sandbox's state.",
)
@pass_script_info
def demo_command(info: ScriptInfo, port: int, var: Path) -> None:
    """Start the demonstration, with all its parts.

    Portal, periodic jobs, mail server and sandbox processor listen on the loopback interface
    only. Data stays in the folder between starts.
    """
    if _is_taken(port):
        other = port + 10 if port + 10 <= _LAST_PORT else port - 10
        raise click.ClickException(
            f"Port {port} is taken. Stop what uses it, or choose another: make run PORT={other}"
        )
    started = time.monotonic()
    in_use = _claim(var)
    sandbox_port, mail_port = _free_port(port + 1), _free_port(port + 2)
    _prepare_environment(var.absolute(), port, sandbox_port, mail_port)
    app = info.load_app()
    _prepare_data(app)
    # Forked, so that the portal is loaded once for all its processes.
    context = multiprocessing.get_context("fork")
    parts = {
        "the mail server": partial(_serve_mail, mail_port),
        "the sandbox processor": partial(_serve_sandbox, port, sandbox_port, var),
        "the periodic jobs": partial(_work, app),
        "the portal": partial(_serve_portal, app, port),
    }
    children = [
        context.Process(name=name, target=_run, args=(part,)) for name, part in parts.items()
    ]
    for child in children:
        child.start()
    _stay(children, lambda: _announce(port, sandbox_port, time.monotonic() - started))
    in_use.close()


def _run(part: Callable[[], None]) -> None:
    """Do one part's work; where the system can (Linux), end it when the parent is killed."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl:
        prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    part()


def _serve_mail(port: int) -> None:
    folder = os.environ["STAKEHOLD_MAILBOX_PATH"]
    server = [sys.executable, "-m", "portal.adapters.mail.server", folder, _HOST, str(port)]
    os.execv(sys.executable, server)  # noqa: S606 - our own program


def _serve_sandbox(port: int, sandbox_port: int, var: Path) -> None:
    from portal.sandbox.server import serve  # noqa: PLC0415

    serve(
        _HOST,
        sandbox_port,
        api_key=os.environ["STAKEHOLD_STRIPE_API_KEY"],
        webhook_url=f"http://{_HOST}:{port}/webhooks/stripe",
        webhook_secret=os.environ["STAKEHOLD_STRIPE_WEBHOOK_SECRET"],
        state_path=var / "sandbox.db",
    )


def _work(app: Flask) -> None:
    work = cast("PeriodicWork", app.extensions["stakehold_jobs"])
    logging.basicConfig(level=logging.WARNING)
    with app.app_context():
        work.run_forever(workers=1)


def _serve_portal(app: Flask, port: int) -> None:
    # Slow to import, and no other command needs it.
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415

    from portal import serving  # noqa: PLC0415

    class Portal(BaseApplication):  # type: ignore[misc]
        """gunicorn, serving the portal that is loaded already."""

        def load_config(self) -> None:
            """One worker with threads, on the loopback interface."""
            self.cfg.set("bind", f"{_HOST}:{port}")
            self.cfg.set("worker_class", serving.worker_class)
            self.cfg.set("threads", serving.threads)
            self.cfg.set("post_worker_init", serving.post_worker_init)
            self.cfg.set("loglevel", "warning")
            self.cfg.set("control_socket_disable", True)

        def load(self) -> Flask:
            """Hand over the portal."""
            return app

    Portal().run()


def _prepare_environment(var: Path, port: int, sandbox_port: int, mail_port: int) -> None:
    """Settings of the demonstration, for this process and those it starts."""
    secret = var / "secret-key"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(32))
    values = {
        "ENV": "demonstration",
        "DEMONSTRATION": "1",
        "VAR": str(var),
        "SECRET_KEY": secret.read_text(),
        "BASE_URL": f"http://{_HOST}:{port}",
        "DATABASE_URL": f"sqlite:///{var / 'portal.db'}",
        "MAIL_URL": f"smtp://{_HOST}:{mail_port}",
        "MAILBOX_PATH": str(var / "mailbox"),
        "STRIPE_API_KEY": "sk_test_sandbox",
        "STRIPE_WEBHOOK_SECRET": "whsec_sandbox",
        "STRIPE_API_BASE": f"http://{_HOST}:{sandbox_port}",
    }
    os.environ.update({f"STAKEHOLD_{name}": value for name, value in values.items()})


def _prepare_data(app: Flask) -> None:
    """Bring the tables up to date and, the first time, play the demonstration's history."""
    # Imported here: it is needed once.
    from portal.services.demonstration.history import seed_demonstration  # noqa: PLC0415

    with app.app_context():
        if find_revision() != newest_revision(app.config["MIGRATIONS"]):
            upgrade_tables()
        with transaction():
            seed_demonstration(
                site=os.environ["STAKEHOLD_BASE_URL"],
                read_standing=lambda project_id, at: find_standing(project_id, now=at),
                now=datetime.now(UTC),
            )
        # Connections are not shared with the processes that are forked from this one.
        db.session.remove()
        db.engine.dispose()


def _stay(children: Sequence[BaseProcess], announce: Callable[[], None]) -> None:
    """Announce the portal once it answers, then wait; when one part ends, all end."""
    ending = False

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal ending
        ending = True

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    announced, deadline = False, time.monotonic() + _READY_SECONDS
    failed = ""
    while not ending and not failed:
        failed = next((child.name for child in children if not child.is_alive()), "")
        if not announced and _answers():
            announce()
            announced = True
        elif not announced and time.monotonic() > deadline:
            failed = "the portal, which did not answer in time"
        time.sleep(0.1 if not announced else 0.5)
    for child in reversed(children):
        child.terminate()
    for child in children:
        child.join(timeout=10)
        if child.is_alive():
            child.kill()
    if failed and not ending:
        raise click.ClickException(f"Everything was stopped, because one part ended: {failed}.")
    click.echo("\nStopped.")


def _answers() -> bool:
    try:
        with urllib.request.urlopen(  # noqa: S310 - our own loopback address
            os.environ["STAKEHOLD_BASE_URL"] + "/readyz", timeout=2
        ) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except (OSError, http.client.HTTPException):
        return False


def _announce(port: int, sandbox_port: int, seconds: float) -> None:
    address = f"http://{_HOST}:{port}"
    width = max(len(persona.title) for persona in PERSONAS)
    lines = [
        "",
        f"Stakehold is ready at {address} ({seconds:.1f} s)",
        "",
        f"Sign in as somebody with one click: {address}/personas",
        *(f"  {persona.title:<{width}}  {persona.purpose}" for persona in PERSONAS),
        "",
        f"Mail the portal sends: {address}/mailbox",
        f"The sandbox payment processor: http://{_HOST}:{sandbox_port}",
        "Stop with Ctrl-C; the data stays.",
    ]
    click.echo("\n".join(lines))


def _claim(var: Path) -> IO[bytes]:
    """Hold the folder for one demonstration, until the file that comes back is closed."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        lock = (var / "in-use").open("wb")
    except OSError as error:
        raise click.ClickException(
            f"The folder {var} cannot be written: {error.strerror}. Choose another with --var."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise click.ClickException(
            f"A demonstration already runs on the folder {var}. Stop it first, "
            "or choose another folder with --var."
        ) from None
    return lock


def _is_taken(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return True
    return False


def _free_port(wanted: int) -> int:
    """The wanted port, or any free one if it is taken or beyond the last."""
    with closing(socket.socket()) as probe:
        try:
            probe.bind((_HOST, wanted if wanted <= _LAST_PORT else 0))
        except OSError:
            probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
