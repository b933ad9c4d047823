"""The demonstration's project, as a row."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.database import db
from portal.models.projects import Project
from portal.services.demonstration import texts


def found_project(*, now: datetime) -> Project:
    """Kelpline, founded long ago."""
    project = Project(
        slug="kelpline",
        name="Kelpline",
        tagline=texts.TAGLINE,
        description=texts.DESCRIPTION,
        how_we_work=texts.HOW_WE_WORK,
        website="https://kelpline.example",
        help_url="https://forum.kelpline.example",
        security_url="https://kelpline.example/security",
        currency="EUR",
        created_at=now - timedelta(days=800),
    )
    db.session.add(project)
    db.session.flush()
    return project
