"""The self-check over 100,000 ledger entries, its memory, and the accounts page at 100 times."""

from __future__ import annotations

import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import insert, select, text

from portal.database import db, transaction
from portal.domain.ledger import Account, Cause
from portal.models.billing import Payment
from portal.models.figures import add_to_months
from portal.models.ledger import LedgerEntry, LedgerTransaction
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.services.selfcheck.run import Report, check_everything
from tests.bench.lines import Line
from tests.bench.rows import fill
from tests.bench.scratch import scratch_database

_PAYMENTS = 50_000
_PRICE = 10_000


def measure() -> Iterator[Line]:
    """A hundredth first, for the page; then all."""
    pages: list[float] = []
    for payments in (_PAYMENTS // 100, _PAYMENTS):
        with tempfile.TemporaryDirectory() as folder:
            app = fill_ledger(f"sqlite:///{Path(folder) / 'portal.db'}", payments)
            pages.append(_page(app))
            if payments == _PAYMENTS:
                yield from measure_check(app, "SQLite")
            with app.app_context():
                db.engine.dispose()
    yield Line("growth: /p/kelp/accounts at 100 times the entries", pages[1] / pages[0], most=1.5)
    yield from _on_postgresql()


def _on_postgresql() -> Iterator[Line]:
    with scratch_database() as url:
        if url is None:
            return
        app = fill_ledger(url, _PAYMENTS)
        yield from measure_check(app, "PostgreSQL")
        with app.app_context():
            db.engine.dispose()


def measure_check(app: Flask, database: str) -> Iterator[Line]:
    """How long the self-check takes, and the most memory it holds at once."""
    with app.app_context():
        begun = time.perf_counter()
        report = check_everything(gateway=None, now=datetime.now(UTC))
        took = time.perf_counter() - begun
        _refuse_breaches(report)
        tracemalloc.start()
        check_everything(gateway=None, now=datetime.now(UTC))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    name = f"self-check over {2 * _PAYMENTS:,} entries, {database}"
    yield Line(name, took, "s", most=10)
    yield Line(f"{name}: memory at most", most / 2**20, "MB", most=20)


def _refuse_breaches(report: Report) -> None:
    """A quick answer that is wrong is no figure."""
    broken = {check.name: check.findings[:3] for check in report.checks if check.broken}
    if broken:
        raise RuntimeError(broken)


def fill_ledger(url: str, payments: int) -> Flask:
    """So many sponsors, each with one payment in the last two years, posted in two entries."""
    app = fill(url, sponsors=payments)
    now = datetime.now(UTC)
    with app.app_context(), transaction() as session:
        project_id = session.scalars(select(Project.id)).one()
        stakes = session.execute(
            select(Sponsorship.id, Sponsorship.term_ends_at, TierVersion.id, TierVersion.tier_id)
            .join(TierVersion, TierVersion.id == Sponsorship.tier_snapshot_id)
            .order_by(Sponsorship.id)
        ).all()
        for begin in range(0, len(stakes), 5_000):
            part = list(enumerate(stakes[begin : begin + 5_000], start=begin + 1))
            times = {number: now - timedelta(days=number % 700) for number, _stake in part}
            session.execute(
                insert(Payment),
                [
                    {
                        "sponsorship_id": stake[0], "tier_snapshot_id": stake[2],
                        "term_starts_at": times[number], "term_ends_at": stake[1],
                        "amount_minor": _PRICE, "currency": "EUR", "processor": "stripe",
                        "processor_payment_id": f"pi_{number}", "paid_at": times[number],
                    }
                    for number, stake in part
                ],
            )  # fmt: skip
            session.execute(
                insert(LedgerTransaction),
                [
                    {
                        "id": number, "project_id": project_id, "cause": Cause.PAYMENT,
                        "key": f"payment:stripe:pi_{number}", "currency": "EUR", "entry_count": 2,
                        "at": times[number], "month": f"{times[number]:%Y-%m}",
                        "posted_by": "bench", "posted_at": now, "sponsorship_id": stake[0],
                    }
                    for number, stake in part
                ],
            )  # fmt: skip
            session.execute(
                insert(LedgerEntry),
                [
                    {
                        "transaction_id": number, "position": position, "project_id": project_id,
                        "currency": "EUR", "account": account, "amount_minor": amount,
                        "tier_id": stake[3] if amount < 0 else None,
                    }
                    for number, stake in part
                    for position, account, amount in (
                        (1, Account.CARD_CLEARING, _PRICE),
                        (2, Account.INCOME_TIERS, -_PRICE),
                    )
                ],
            )  # fmt: skip
            add_to_months(session.connection(), times)
        if db.engine.dialect.name == "postgresql":
            session.execute(text("ANALYZE"))
    return app


def _page(app: Flask) -> float:
    app.config["PAGE_CACHE_BYTES"] = 0
    client, times = app.test_client(), []
    for _ in range(9):
        begun = time.perf_counter()
        if client.get("/p/kelp/accounts").status_code != 200:
            raise RuntimeError("/p/kelp/accounts")
        times.append(time.perf_counter() - begun)
    return statistics.median(times)
