"""Draft, edit, publish, withdraw and take up proposals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from portal.database import db
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.proposals import ProposalAction, ProposalState, move
from portal.domain.statements import check_consulted_until, check_in_consultation
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.services.audit import record_change
from portal.services.votes.news import spread_consultation, spread_consultation_end


def draft_proposal(
    actor: Actor, project_id: int, *, title: str, summary: str, body: str, now: datetime
) -> int:
    """Start a draft and return its number, the next of the project without a gap.

    Refuses an empty title.
    """
    require(actor, Permission.PROJECT_PROPOSAL_EDIT, project_id=project_id)
    _check_text(title)
    # The project's row is the queue for numbers: two drafts at once never get the same one.
    db.session.get_one(Project, project_id, with_for_update=True)
    last = db.session.scalar(
        select(func.max(Proposal.number)).where(Proposal.project_id == project_id)
    )
    proposal = Proposal(
        project_id=project_id,
        number=(last or 0) + 1,
        title=title,
        summary=summary,
        body=body,
        state=ProposalState.DRAFT,
        created_at=now,
        updated_at=now,
        revision=1,
    )
    db.session.add(proposal)
    db.session.flush()
    _note(proposal, "drafted", f"Proposal {proposal.number} drafted: {title}", actor, now)
    return proposal.number


def edit_proposal(
    actor: Actor,
    project_id: int,
    number: int,
    *,
    title: str,
    summary: str,
    body: str,
    revision: int,
    now: datetime,
) -> None:
    """Change the text of a draft or of a proposal in consultation.

    Refuses other states, an empty title, and with Conflict a text that was written over an older
    revision than the one that stands.
    """
    require(actor, Permission.PROJECT_PROPOSAL_EDIT, project_id=project_id)
    proposal = lock_proposal(project_id, number)
    move(proposal.state, ProposalAction.EDIT)
    if revision != proposal.revision:
        raise Conflict(
            "proposal.revision",
            "Somebody saved this proposal after you opened it. Your text is kept below: compare it "
            "with the saved text, then save again.",
        )
    _check_text(title)
    if (proposal.title, proposal.summary, proposal.body) == (title, summary, body):
        return
    proposal.title, proposal.summary, proposal.body = title, summary, body
    proposal.revision += 1
    proposal.updated_at = now
    _note(proposal, "edited", f"Proposal {number} edited, revision {proposal.revision}", actor, now)


def publish_proposal(
    actor: Actor,
    project_id: int,
    number: int,
    *,
    revision: int,
    until: datetime | None = None,
    now: datetime,
) -> None:
    """Show a draft to everybody, for consultation; statements are taken until then, if it is said.

    Refuses an empty summary or text, and an end that is past or more than a year away; and with
    Conflict another revision of the text than the one that stands.
    """
    require(actor, Permission.PROJECT_PROPOSAL_EDIT, project_id=project_id)
    proposal = lock_proposal(project_id, number)
    following = move(proposal.state, ProposalAction.PUBLISH)
    if revision != proposal.revision:
        raise Conflict(
            "proposal.revision",
            "Somebody saved this proposal after you opened it. Read the text as it stands now, "
            "then publish it.",
        )
    if not proposal.summary or not proposal.body:
        raise Refusal(
            "proposal.incomplete",
            "Before it is published, a proposal needs a summary and a text.",
            field="body" if proposal.summary else "summary",
        )
    check_consulted_until(until, now=now)
    proposal.state, proposal.consulted_until = following, until
    proposal.published_at = proposal.published_at or now
    proposal.updated_at = now
    _note(proposal, "published", f"Proposal {number} published for consultation", actor, now)
    spread_consultation(proposal, now=now)


def date_consultation(
    actor: Actor, project_id: int, number: int, *, until: datetime | None, now: datetime
) -> None:
    """Say until when statements are taken, or that it is until a vote opens; electors are told.

    Refuses a proposal that is not in consultation, and an end that is past or more than a year
    away.
    """
    require(actor, Permission.PROJECT_PROPOSAL_EDIT, project_id=project_id)
    proposal = lock_proposal(project_id, number)
    check_in_consultation(proposal.state)
    if proposal.consulted_until == until:
        return
    check_consulted_until(until, now=now)
    proposal.consulted_until, proposal.updated_at = until, now
    ends = "a vote opens" if until is None else f"the end of {until.date().isoformat()}"
    _note(proposal, "dated", f"Proposal {number}: statements until {ends}", actor, now)
    spread_consultation_end(proposal, now=now)


def withdraw_proposal(
    actor: Actor, project_id: int, number: int, *, reason: str, now: datetime
) -> None:
    """End a proposal for good, with a reason that is shown if the proposal was public.

    Refuses a missing reason, and a proposal whose vote is running or closed.
    """
    require(actor, Permission.PROJECT_PROPOSAL_EDIT, project_id=project_id)
    proposal = lock_proposal(project_id, number)
    following = move(proposal.state, ProposalAction.WITHDRAW)
    if not reason:
        raise Refusal(
            "proposal.withdrawal_reason", "Say why the proposal is withdrawn.", field="reason"
        )
    proposal.state = following
    proposal.withdrawal_reason = reason
    proposal.updated_at = now
    _note(proposal, "withdrawn", f"Proposal {number} withdrawn: {reason}", actor, now)


def take_up_proposal(actor: Actor, project_id: int, number: int, *, now: datetime) -> None:
    """Bring a deferred proposal back into consultation."""
    require(actor, Permission.PROJECT_PROPOSAL_EDIT, project_id=project_id)
    proposal = lock_proposal(project_id, number)
    proposal.state = move(proposal.state, ProposalAction.TAKE_UP)
    proposal.consulted_until = None
    proposal.updated_at = now
    _note(proposal, "taken_up", f"Proposal {number} taken up again", actor, now)
    spread_consultation(proposal, now=now)


def lock_proposal(project_id: int, number: int) -> Proposal:
    """A proposal of the project, locked until the transaction ends; NotFound if there is none."""
    proposal = db.session.scalar(
        select(Proposal)
        .where(Proposal.project_id == project_id, Proposal.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if proposal is None:
        raise NotFound("proposal")
    return proposal


def _check_text(title: str) -> None:
    if not title:
        raise Refusal("proposal.title", "Give the proposal a title.", field="title")


def _note(proposal: Proposal, action: str, sentence: str, actor: Actor, now: datetime) -> None:
    record_change(
        f"proposal:text:{action}",
        sentence,
        actor=actor,
        now=now,
        project_id=proposal.project_id,
        details={"proposal": proposal.number, "revision": proposal.revision},
    )
