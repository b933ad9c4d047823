"""Tell those who decide that the review date of a decision has come (PRODUCT D1)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import aliased

from portal.database import db
from portal.domain.notifications import MailKind
from portal.domain.permissions import Permission
from portal.domain.proposals import ProposalState
from portal.models.decisions import DecisionRecord, DecisionReview
from portal.models.proposals import Proposal
from portal.services.outbox import Letter, post_mails
from portal.services.projects.holders import find_holders

# On any other way a proposal gets a decision of its own again.
_DECIDED_ON = (ProposalState.DECIDED, ProposalState.DEFERRED, ProposalState.DRAFT)


def find_due_reviews(*, now: datetime) -> list[tuple[int, date]]:
    """Decisions that are to be looked at again, and since when; of each proposal the newest."""
    review, newer = DecisionReview, aliased(DecisionRecord)
    last = (
        select(func.max(review.id))
        .where(review.decision_id == DecisionRecord.id)
        .correlate(DecisionRecord)
        .scalar_subquery()
    )
    due_on = case((review.id.is_(None), DecisionRecord.review_on), else_=review.next_review_on)
    rows = db.session.execute(
        select(DecisionRecord.id, due_on)
        .join(Proposal, Proposal.id == DecisionRecord.proposal_id)
        .outerjoin(review, review.id == last)
        .where(
            Proposal.state.in_(_DECIDED_ON),
            due_on <= now.date(),
            ~select(newer.id)
            .where(newer.proposal_id == DecisionRecord.proposal_id, newer.id > DecisionRecord.id)
            .exists(),
        )
        .order_by(DecisionRecord.id)
    )
    return [(decision_id, day) for decision_id, day in rows]


def tell_due_review(decision_id: int, due_on: date, *, now: datetime) -> None:
    """Post it to those who decide; each is told once of one date, however often this is called."""
    decision = db.session.get_one(DecisionRecord, decision_id)
    proposal = decision.proposal
    project = proposal.project
    post_mails(
        (
            Letter(
                dedupe_key=f"decision:{decision_id}:review:{due_on}:{person.id}",
                recipient=person.email,
                subject=f"Look at the decision again: {proposal.title}",
                paragraphs=[
                    f"{project.name} decided on proposal {proposal.number}.",
                    f"The day to look at it again has come: {due_on.day} {due_on:%B %Y}.",
                    "What you find stands beside the decision, which stays as it is.",
                ],
                why=f"You maintain {project.name}.",
                kind=MailKind.DECISION_OWED,
                person_id=person.id,
                project_id=project.id,
                action=(
                    "Look at it again",
                    f"/desk/{project.slug}/proposals/{proposal.number}/decision#review",
                ),
            )
            for person in find_holders(project.id, Permission.PROJECT_DECISION_EDIT)
        ),
        now=now,
    )
