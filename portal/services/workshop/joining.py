"""Several needs in one proposal: join them, and put one back (W2)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from portal.domain.errors import Refusal
from portal.domain.needs import NeedAction, check_leavable, move
from portal.domain.notifications import MailKind
from portal.domain.permissions import Actor, Permission, require
from portal.services.audit import record_change
from portal.services.outbox import post_mail
from portal.services.workshop.need_answers import take_up_need
from portal.services.workshop.needs import lock_need
from portal.services.workshop.screening import need_path, why_told


def join_needs(
    actor: Actor,
    project_id: int,
    numbers: Collection[int],
    proposal_number: int,
    *,
    site: str,
    now: datetime,
) -> None:
    """Let one proposal answer several needs, all of them or none.

    Refuses none at all, and each as ``take_up_need`` does.
    """
    require(actor, Permission.PROJECT_NEED_ANSWER, project_id=project_id)
    if not numbers:
        raise Refusal("need.none", "Tick at least one need.", field="needs")
    # In the order of their numbers, so that two who join at once wait for each other in turn.
    for number in sorted(set(numbers)):
        take_up_need(actor, project_id, number, proposal_number, site=site, now=now)


def put_back_need(actor: Actor, project_id: int, number: int, *, site: str, now: datetime) -> None:
    """Take a need out of its proposal: it is with the maintainers again, and its author is told.

    Refuses a need that is in no proposal, and one whose proposal was put to the vote.
    """
    require(actor, Permission.PROJECT_NEED_ANSWER, project_id=project_id)
    need = lock_need(project_id, number)
    following = move(need.state, NeedAction.PUT_BACK)
    proposal = need.proposal
    check_leavable(proposal.state if proposal else None)
    need.state, need.proposal, need.proposal_id = following, None, None
    need.updated_at = now
    if proposal is not None:
        # The proposal's page credits it no more: it has changed.
        proposal.updated_at = now
    record_change(
        f"need:state:{NeedAction.PUT_BACK}",
        f"Need {number}: put back",
        actor=actor,
        now=now,
        project_id=project_id,
        organization_id=need.organization_id,
        details={"need": number},
    )
    post_mail(
        dedupe_key=f"need:{need.id}:put_back:{now.isoformat()}",
        recipient=need.author.email,
        subject=f"Your need {number} to {need.project.name} is with the maintainers again",
        paragraphs=["The proposal that was to answer it does so no more. Nothing is lost of it."],
        why=why_told(need),
        kind=MailKind.NEED,
        person_id=need.author_id,
        project_id=project_id,
        action=("See the need", f"{site}{need_path(need)}"),
        now=now,
    )
