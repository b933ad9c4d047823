"""Several needs in one proposal: join them, and put one back (W2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from portal.domain.errors import Refusal
from portal.domain.needs import NeedAction, check_joinable, check_leavable, move
from portal.domain.notifications import MailKind
from portal.domain.permissions import Actor, Permission, require
from portal.models.needs import Need
from portal.models.proposals import Proposal
from portal.services.outbox import post_mail
from portal.services.votes.proposals import lock_proposal
from portal.services.workshop.need_answers import note_step
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
    """Let one proposal answer a need or several, all of them or none; each author gets one mail.

    Refuses none at all, a proposal of another project as not found, and one that no need can join
    any more.
    """
    require(actor, Permission.PROJECT_NEED_ANSWER, project_id=project_id)
    if not numbers:
        raise Refusal("need.none", "Tick at least one need.", field="needs")
    # In the order of their numbers, so that two who join at once wait for each other in turn.
    needs = [lock_need(project_id, number) for number in sorted(set(numbers))]
    following = [move(need.state, NeedAction.TAKE_UP) for need in needs]
    proposal = lock_proposal(project_id, proposal_number)
    check_joinable(proposal.state)
    # The proposal's page credits the needs: it has changed.
    proposal.updated_at = now
    by_author: dict[int, list[Need]] = {}
    for need, state in zip(needs, following, strict=True):
        need.state, need.proposal_id, need.updated_at = state, proposal.id, now
        note_step(need, NeedAction.TAKE_UP, actor, now)
        by_author.setdefault(need.author_id, []).append(need)
    for own in by_author.values():
        _tell_taken_up(own, proposal, site=site, now=now)


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
    note_step(need, NeedAction.PUT_BACK, actor, now)
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


def _tell_taken_up(needs: Sequence[Need], proposal: Proposal, *, site: str, now: datetime) -> None:
    """Tell one author in one mail; needs by their numbers, never by their words."""
    first, several = needs[0], len(needs) > 1
    *others, last = (str(each.number) for each in needs)
    which = f"needs {', '.join(others)} and {last}" if several else f"need {last}"
    path = need_path(first)
    post_mail(
        dedupe_key=f"proposal:{proposal.id}:takes_up:{first.author_id}:{now.isoformat()}",
        recipient=first.author.email,
        subject=f"Your {which} to {first.project.name}: taken up",
        paragraphs=[
            f"Proposal {proposal.number} answers {'them' if several else 'it'}: {proposal.title}"
        ],
        why=" ".join(dict.fromkeys(map(why_told, needs))),
        kind=MailKind.NEED,
        person_id=first.author_id,
        project_id=first.project_id,
        action=("See your needs", f"{site}{path.rpartition('/')[0]}")
        if several
        else ("See the need", f"{site}{path}"),
        now=now,
    )
