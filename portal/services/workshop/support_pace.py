"""Keep the pace of support that public pages show, apart from the requests it comes from."""

from __future__ import annotations

from portal.database import db
from portal.domain.support_pace import LOOKED_AT, Pace
from portal.models.support import SupportPace


def keep_pace(project_id: int, pace: Pace | None) -> None:
    """Keep a project's pace; less than ten answers say too little, so nothing is kept of them.

    A pace that is as it was changes no page. Only periodic work calls this: once a night, so that
    no public page moves with a request.
    """
    kept = db.session.get(SupportPace, project_id, with_for_update=True)
    if pace is None or pace.answers < LOOKED_AT:
        if kept is not None:
            db.session.delete(kept)
        return
    if kept is None:
        kept = SupportPace(project_id=project_id, answers=0, median_halves=0)
        db.session.add(kept)
    kept.answers, kept.median_halves = pace.answers, pace.median_halves
    db.session.flush()
