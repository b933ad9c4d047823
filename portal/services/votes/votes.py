"""Open a vote: everything about it freezes, and everybody entitled is told."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import insert, select

from portal.database import db, table_of
from portal.domain.canonical import fingerprint
from portal.domain.chambers import Chamber
from portal.domain.chambers import Elector as Entitled
from portal.domain.charter import merge_classes
from portal.domain.electorate import Electorate, shuffle_unnamed
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.papers import YES_NO_PAPER, BallotPaper, print_paper
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
from portal.domain.votes import VoteState, check_window
from portal.models.projects import CharterVersion, Project
from portal.models.proposals import Proposal
from portal.models.votes import Elector, ElectorOrganization, Vote, VoteProposal
from portal.services.audit import record_change
from portal.services.record.vote_log import log_opened
from portal.services.votes.proposals import lock_proposal
from portal.services.votes.reminders import plan_reminders
from portal.services.votes.turnout import count_turnout
from portal.services.votes.vote_mail import tell_open


def open_vote(  # noqa: PLR0913 - a vote freezes all of these
    actor: Actor,
    project_id: int,
    number: int,
    *,
    question: str,
    closes_at: datetime,
    seal: str,
    read_standing: Callable[[], Electorate],
    paper: BallotPaper = YES_NO_PAPER,
    revisions: Mapping[int, int] | None = None,
    merged: bool = False,
    site: str,
    now: datetime,
) -> int:
    """Open a vote on a proposal in consultation and return its id; from here on it is frozen.

    ``seal`` is the preview's (``preview_seal``). ``read_standing`` gives the electorate
    at ``now``; it is called once the proposal is locked, so that what freezes is what the seal was
    compared with. ``paper`` is as the maintainer wrote it; it is checked and given its ids here.
    ``revisions`` are the other proposals that stand in it as options, by number, as they were
    read. ``merged`` says that the classes of weight of a secret vote are merged into one. Refuses
    with Conflict when anything that would freeze has changed since the preview, and otherwise a
    proposal in another state (so also a second vote at once), an empty question, a window out of
    bounds, a paper that nobody could vote on, an empty house, and secrecy that cannot be kept.
    """
    require(actor, Permission.PROJECT_VOTE_OPEN, project_id=project_id)
    others = revisions or {}
    # In the order of their numbers, so that two openings at once cannot wait for each other.
    proposals = {each: lock_proposal(project_id, each) for each in sorted({number, *others})}
    proposal = proposals[number]
    for each in proposals.values():
        move(each.state, ProposalAction.OPEN_VOTE)
    if not question:
        raise Refusal("vote.question", "Put the question in a sentence.", field="question")
    check_window(now, closes_at)
    printed = print_paper(_put_proposals(paper, proposals, lead=number))
    electorate = read_standing()
    charter_number = _charter_number(project_id, electorate, merged=merged)
    if preview_seal(electorate, revision=proposal.revision) != seal or any(
        proposals[each].revision != revision for each, revision in others.items()
    ):
        raise _changed()
    for obstacle in opening_obstacles(electorate):
        raise Refusal(obstacle.code, obstacle.message)
    electorate = shuffle_unnamed(electorate, _shuffle)
    project = db.session.get_one(Project, project_id)
    rules = freeze_rules(
        _text(project, proposal),
        question,
        electorate,
        paper=printed,
        others=[_text(project, proposals[each]) for each in sorted(others)],
        charter_number=charter_number,
        opens_at=now,
        closes_at=closes_at,
    )
    vote = Vote(
        project=project,
        project_id=project_id,
        proposal=proposal,
        question=question,
        method=printed.method,
        state=VoteState.OPEN,
        terms={key: value for key, value in rules.items() if key != "electorate"},
        electorate=rules["electorate"],
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
    for each in proposals.values():
        db.session.add(VoteProposal(vote=vote, vote_id=vote.id, proposal_id=each.id))
        each.state = move(each.state, ProposalAction.OPEN_VOTE)
        each.updated_at = now
    db.session.flush()
    record_change(
        "vote:window:opened",
        f"Vote opened on {_named(proposals)}: {question}",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"vote": vote.id, "fingerprint": vote.fingerprint},
    )
    log_opened(vote)
    count_turnout(vote.id, now=now)
    plan_reminders(vote, now=now)
    tell_open(vote, site=site, now=now)
    return vote.id


def _shuffle(electors: Sequence[Entitled]) -> Sequence[Entitled]:
    return secrets.SystemRandom().sample(electors, len(electors))


def _put_proposals(
    paper: BallotPaper, proposals: Mapping[int, Proposal], *, lead: int
) -> BallotPaper:
    """The paper with the texts of the proposals that stand in it as options.

    Refuses a paper in which some of the vote's proposals stand and others do not.
    """
    standing = [option.proposal for option in paper.options if option.proposal is not None]
    if (standing or len(proposals) > 1) and sorted(standing) != sorted(proposals):
        raise Refusal(
            "vote.proposals",
            f"Where several proposals are voted on together, each is one option, proposal {lead} "
            "included.",
            field="proposals",
        )
    options = tuple(
        option
        if option.proposal is None
        else replace(
            option,
            name=proposals[option.proposal].title,
            text=proposals[option.proposal].summary,
        )
        for option in paper.options
    )
    return replace(paper, options=options)


def _text(project: Project, proposal: Proposal) -> ProposalText:
    return ProposalText(
        project.slug, proposal.number, proposal.title, proposal.summary, proposal.body
    )


def _named(proposals: Mapping[int, Proposal]) -> str:
    numbers = ", ".join(str(number) for number in proposals)
    return f"proposals {numbers}" if len(proposals) > 1 else f"proposal {numbers}"


def _seat(vote: Vote, chamber: Chamber) -> None:
    """Write down the electors of one house, with their weights and power; rows, not objects."""
    if not chamber.electors:
        return
    pairs = zip(chamber.electors, known_powers(chamber), known_shapley(chamber), strict=True)
    db.session.execute(
        insert(table_of(Elector)),
        [
            {
                "vote_id": vote.id,
                "house": chamber.house,
                "position": position,
                "public_name": elector.public_name,
                "person_id": elector.person_id,
                "raw_weight": elector.raw,
                "weight": elector.weight,
                "banzhaf": None if power is None else str(power.banzhaf),
                "shapley": None if shapley is None else str(shapley),
                "present": False,
            }
            for position, (elector, power, shapley) in enumerate(pairs, start=1)
        ],
    )
    seats = db.session.scalars(
        select(Elector.id)
        .where(Elector.vote_id == vote.id, Elector.house == chamber.house)
        .order_by(Elector.position)
    ).all()
    members = [
        {"vote_id": vote.id, "elector_id": seat, "organization_id": member.organization_id}
        for seat, elector in zip(seats, chamber.electors, strict=True)
        for member in elector.members
    ]
    if members:
        db.session.execute(insert(table_of(ElectorOrganization)), members)


def _charter_number(project_id: int, electorate: Electorate, *, merged: bool) -> int:
    """The number of the charter the electorate was drawn up under, which must be in force."""
    newest = db.session.scalar(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    )
    if newest is None:
        raise NotFound("charter")
    charter = merge_classes(newest.charter) if merged else newest.charter
    if charter != electorate.charter:
        raise _changed()
    return newest.number


def _changed() -> Conflict:
    return Conflict(
        "vote.standing_changed",
        "Who may vote, or the text of the proposal, changed while you read the preview. "
        "Nothing was opened. The preview below is new: read it, then open the vote.",
    )
