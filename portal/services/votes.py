"""Open a vote: everything about it freezes, and everybody entitled is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.canonical import fingerprint
from portal.domain.electorate import Chamber, Electorate
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.proposals import ProposalAction, move
from portal.domain.rules import (
    ProposalText,
    freeze_rules,
    known_powers,
    known_shapley,
    opening_obstacles,
    preview_seal,
    voting_chambers,
)
from portal.domain.votes import Method, VoteState, check_window
from portal.models.projects import CharterVersion, Project
from portal.models.votes import Elector, ElectorOrganization, Vote
from portal.services.audit import record_change
from portal.services.proposals import lock_proposal
from portal.services.vote_mail import tell_open


def open_vote(  # noqa: PLR0913 - a vote freezes all of these
    actor: Actor,
    project_id: int,
    number: int,
    *,
    question: str,
    closes_at: datetime,
    seal: str,
    read_standing: Callable[[], Electorate],
    site: str,
    now: datetime,
) -> int:
    """Open a vote on a proposal in consultation and return its id; from here on it is frozen.

    ``seal`` is the preview's (``preview_seal``). ``read_standing`` gives the electorate
    at ``now``; it is called once the proposal is locked, so that what freezes is what the seal was
    compared with. Refuses with Conflict when anything that would freeze has changed since the
    preview, and otherwise a proposal in another state (so also a second vote at once), an empty
    question, a window out of bounds, an empty house, and secrecy that cannot be kept.
    """
    require(actor, Permission.PROJECT_VOTE_OPEN, project_id=project_id)
    proposal = lock_proposal(project_id, number)
    following = move(proposal.state, ProposalAction.OPEN_VOTE)
    if not question:
        raise Refusal("vote.question", "Put the question in a sentence.", field="question")
    check_window(now, closes_at)
    electorate = read_standing()
    charter_number = _charter_number(project_id, electorate)
    if preview_seal(electorate, revision=proposal.revision) != seal:
        raise _changed()
    for obstacle in opening_obstacles(electorate):
        raise Refusal(obstacle.code, obstacle.message)
    project = db.session.get_one(Project, project_id)
    rules = freeze_rules(
        ProposalText(
            project.slug, proposal.number, proposal.title, proposal.summary, proposal.body
        ),
        question,
        electorate,
        charter_number=charter_number,
        opens_at=now,
        closes_at=closes_at,
    )
    vote = Vote(
        project=project,
        project_id=project_id,
        proposal=proposal,
        question=question,
        method=Method.YES_NO,
        state=VoteState.OPEN,
        rules=rules,
        fingerprint=fingerprint(rules),
        record_at=electorate.record_at,
        opens_at=now,
        closes_at=closes_at,
        opened_by=actor.name,
    )
    db.session.add(vote)
    db.session.flush()
    for chamber in voting_chambers(electorate):
        _seat(vote, chamber)
    proposal.state = following
    proposal.updated_at = now
    db.session.flush()
    record_change(
        "vote:window:opened",
        f"Vote opened on proposal {number}: {question}",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"vote": vote.id, "fingerprint": vote.fingerprint},
    )
    tell_open(vote, site=site, now=now)
    return vote.id


def _seat(vote: Vote, chamber: Chamber) -> None:
    """Write down the electors of one house, with their weights and power."""
    pairs = zip(chamber.electors, known_powers(chamber), known_shapley(chamber), strict=True)
    for position, (elector, power, shapley) in enumerate(pairs, start=1):
        db.session.add(
            Elector(
                vote_id=vote.id,
                house=chamber.house,
                position=position,
                public_name=elector.public_name,
                person_id=elector.person_id,
                raw_weight=elector.raw,
                weight=elector.weight,
                banzhaf=None if power is None else str(power.banzhaf),
                shapley=None if shapley is None else str(shapley),
                organizations=[
                    ElectorOrganization(vote_id=vote.id, organization_id=member.organization_id)
                    for member in elector.members
                ],
            )
        )


def _charter_number(project_id: int, electorate: Electorate) -> int:
    """The number of the charter the electorate was drawn up under, which must be in force."""
    newest = db.session.scalar(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    )
    if newest is None:
        raise NotFound("charter")
    if newest.charter != electorate.charter:
        raise _changed()
    return newest.number


def _changed() -> Conflict:
    return Conflict(
        "vote.standing_changed",
        "Who may vote, or the text of the proposal, changed while you read the preview. "
        "Nothing was opened. The preview below is new: read it, then open the vote.",
    )
