"""Look at a decision again when its date has come, and say what was found (PRODUCT D1)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.decisions import ReviewFinding, check_review
from portal.domain.errors import NotFound
from portal.domain.permissions import Actor, Permission, require
from portal.models.decisions import DecisionRecord, DecisionReview
from portal.services.audit import record_change
from portal.services.record.vote_log import log_reviewed
from portal.services.votes.proposals import lock_proposal


def review_decision(
    actor: Actor,
    project_id: int,
    number: int,
    *,
    finding: ReviewFinding,
    text: str,
    next_review_on: date | None,
    now: datetime,
) -> None:
    """Add a dated review to the newest decision on a proposal; the decision stays as it is.

    It may come before its date. Refuses a review without a word, a next date out of reach, and as
    not found a proposal that nobody decided on.
    """
    require(actor, Permission.PROJECT_DECISION_EDIT, project_id=project_id)
    proposal = lock_proposal(project_id, number)
    decision = db.session.scalar(
        select(DecisionRecord)
        .where(DecisionRecord.proposal_id == proposal.id)
        .order_by(DecisionRecord.id.desc())
        .limit(1)
    )
    if decision is None:
        raise NotFound("decision")
    check_review(finding, text=text, next_review_on=next_review_on, today=now.date())
    review = DecisionReview(
        decision=decision,
        decision_id=decision.id,
        finding=finding,
        text=text,
        next_review_on=next_review_on,
        reviewed_by=actor.name,
        reviewed_at=now,
    )
    db.session.add(review)
    log_reviewed(decision.vote, decision, review)
    record_change(
        "decision:record:reviewed",
        f"Proposal {number}: the decision was reviewed: {finding.value}",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"vote": decision.vote_id, "finding": finding.value},
    )
