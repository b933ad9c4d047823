"""Runs of the self-check, as they were reported."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant


class SelfCheckRun(Base):
    """One run: ``checks`` holds each check's name, promise, breaches by project and findings.

    A finding is a pair of the project it concerns and a sentence.
    """

    __tablename__ = "self_check_runs"
    shown_publicly = False

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    started_by: Mapped[str] = mapped_column(String(120))
    broken: Mapped[int]
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
