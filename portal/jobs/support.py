"""The nightly look at how fast support answers, for the pages that are public."""

from __future__ import annotations

from datetime import datetime

from portal.database import transaction
from portal.jobs.rows import one
from portal.ports.collaborators import Collaborators
from portal.queries.workshop.support_pace import find_pace, list_supporting_projects
from portal.services.workshop.support_pace import keep_pace


def keep_support_pace(_world: Collaborators, _now: datetime) -> None:
    """Keep each project's pace: by night, so that no public page moves with a request."""
    for project_id in list_supporting_projects():
        with one("pace of support", project_id), transaction():
            keep_pace(project_id, find_pace(project_id))
