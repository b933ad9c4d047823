"""Periodic work on the public record: begin logs, append what waits, sign what was appended."""

from __future__ import annotations

from datetime import datetime

from portal.database import transaction
from portal.jobs.rows import one
from portal.ports.collaborators import Collaborators
from portal.queries.record.record import sign_unsigned
from portal.services.record import checkpoints, record, vote_log


def keep_record(world: Collaborators, now: datetime) -> None:
    """Begin logs of older projects, append batches of secret votes, sign all that is new."""
    for project_id in record.find_unbegun_projects():
        with one("record", project_id), transaction():
            record.begin_log(project_id, now=now)
    for subject in vote_log.find_waiting_subjects():
        with one("record", subject), transaction():
            vote_log.append_waiting(subject)
    for project_id, size, note in sign_unsigned(world.settings.base_url, world.record_key):
        with one("checkpoint", (project_id, size)), transaction():
            checkpoints.keep_checkpoint(project_id, size, note, now=now)
