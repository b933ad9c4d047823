"""The list of documentation gaps: write one off once it is written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.permissions import Actor, Permission, require
from portal.models.support import DocumentationGap, SupportRequest
from portal.services.workshop.support import note_support
from portal.services.workshop.support_mail import tell_organization


def write_off_gap(
    actor: Actor, project_id: int, number: int, *, url: str, site: str, now: datetime
) -> None:
    """Say that the gap of a request is written, with where it stands if there is a page.

    Those who asked get a mail; a repetition changes nothing. NotFound where there is no gap.
    """
    require(actor, Permission.PROJECT_SUPPORT_ANSWER, project_id=project_id)
    gap = db.session.scalar(
        select(DocumentationGap)
        .join(SupportRequest, DocumentationGap.request_id == SupportRequest.id)
        .where(DocumentationGap.project_id == project_id, SupportRequest.number == number)
        .with_for_update(of=DocumentationGap)
    )
    if gap is None:
        raise NotFound("gap")
    if gap.written_at is not None:
        return
    gap.written_at, gap.url = now, url
    note_support(gap.request, "gap_written", actor, now)
    tell_organization(
        gap.request,
        [
            "What you asked about stands in the documentation now.",
            *([f"It is here: {url}"] if url else []),
        ],
        site=site,
        now=now,
    )
