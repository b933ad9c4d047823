"""Write what the maintainers make of the statements on a proposal."""

from __future__ import annotations

from datetime import datetime

from portal.database import db
from portal.domain.charter import StatementsShown
from portal.domain.errors import Conflict, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.statements import MOST_SUMMARY, check_in_consultation
from portal.models.statements import ConsultationSummary
from portal.services.audit import record_change
from portal.services.votes.news import spread_summary
from portal.services.votes.proposals import lock_proposal


def write_summary(
    actor: Actor,
    project_id: int,
    number: int,
    text: str,
    *,
    seen: int,
    shown: StatementsShown,
    now: datetime,
) -> None:
    """Save the summary of a consultation, while it runs; an empty text takes it away.

    ``shown`` is what the charter lets the public see of it now. Refuses a proposal that is not in
    consultation, a text that is too long, and with Conflict one over an older revision.
    """
    require(actor, Permission.PROJECT_SUMMARY_EDIT, project_id=project_id)
    proposal = lock_proposal(project_id, number)
    check_in_consultation(proposal.state)
    if len(text) > MOST_SUMMARY:
        raise Refusal("summary.too_long", f"At most {MOST_SUMMARY} characters.", field="text")
    summary = db.session.get(ConsultationSummary, proposal.id, populate_existing=True)
    if seen != (0 if summary is None else summary.revision):
        raise Conflict(
            "summary.revision",
            "Somebody saved the summary after you opened it. Your text is kept below: compare it "
            "with the saved text, then save again.",
        )
    if summary is None:
        summary = ConsultationSummary(
            proposal_id=proposal.id, project_id=project_id, revision=0, text=""
        )
        db.session.add(summary)
    is_new = bool(text) and not summary.text
    summary.text, summary.promised = text, shown
    summary.revision += 1
    summary.written_by, summary.written_at = actor.name, now
    db.session.flush()
    record_change(
        "summary:text:written",
        f"Summary of the consultation on proposal {number} {'saved' if text else 'taken away'}",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"proposal": number, "revision": summary.revision},
    )
    if is_new:
        spread_summary(proposal, now=now)
