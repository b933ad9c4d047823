"""What a web worker weighs once it has served every public page, and how soon it answers."""

from __future__ import annotations

import re
import tempfile
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from portal.app import create_app
from portal.database import db, transaction
from portal.queries.weights.electorate import find_standing
from portal.services.demonstration.history import seed_demonstration
from tests.bench.lines import Line
from tests.bench.server import WORKERS, serving
from tests.conftest import make_settings

_LINK = re.compile(r'href="(/(?:[po]/[^"#]*)?)"')


def measure() -> Iterator[Line]:
    """The demonstration's pages, each from every worker."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'portal.db'}"
        app = create_app(make_settings(url, VAR=folder))
        with app.app_context():
            db.create_all()
            with transaction():
                seed_demonstration(
                    site="http://localhost",
                    read_standing=lambda project_id, at: find_standing(project_id, now=at),
                    now=datetime.now(UTC),
                )
            db.engine.dispose()
        environ = {
            "STAKEHOLD_ENV": "bench", "STAKEHOLD_SECRET_KEY": "bench",
            "STAKEHOLD_DATABASE_URL": url, "STAKEHOLD_VAR": folder,
            # As where it is installed: modules are compiled by the first start, and kept.
            "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(Path(folder) / "compiled"),
        }  # fmt: skip
        with serving("portal", environ):
            pass
        with serving("portal", environ) as portal:
            yield Line("worker: start to the first answer", portal.started_in, "s", most=3)
            read = _read_all(f"http://127.0.0.1:{portal.port}")
            yield Line("worker: public pages read", read, "pages")
            yield Line(
                "worker: memory after all of them", portal.worker_megabytes(), "MB", most=200
            )


def _read_all(site: str) -> int:
    """Follow every link of the public pages, often enough for each worker to have had its turn."""
    known, waiting = {"/"}, ["/"]
    while waiting:
        path = waiting.pop()
        for _ in range(2 * WORKERS):
            with urllib.request.urlopen(site + path) as answer:  # noqa: S310 - our own address
                text = answer.read().decode()
        for link in _LINK.findall(text):
            if link not in known:
                known.add(link)
                waiting.append(link)
    return len(known)
