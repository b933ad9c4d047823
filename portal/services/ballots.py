"""Cast, replace and void ballots: one current ballot per elector, only within the window.

How the locks work, on PostgreSQL (SQLite gives each writing transaction the whole file):

- A cast takes its vote's row FOR SHARE. Shared locks do not wait for each other, so ballots of
  different electors never queue. The close takes the same row FOR UPDATE: it waits for casts that
  are under way and counts them, and casts that come later wait for it, then read the row as the
  close left it and are refused. No ballot can slip in behind a count.
- A cast then takes its elector's row FOR UPDATE. Two casts for one elector follow each other: the
  second sees the first one's ballot and supersedes it. The unique index on current ballots stands
  behind that.
- The instant is read by the edge after the transaction began, and compared with the window after
  both locks are held. Between the close of the window and the count it is this comparison that
  refuses; from the count on it is the state as well.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import defer

from portal.database import db
from portal.domain.charter import PrivacyMode
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.outcomes import Position
from portal.domain.permissions import Actor, Permission, require
from portal.domain.rules import Terms, read_terms
from portal.domain.tally.methods import validate_choice
from portal.domain.votes import VoteState, ballot_obstacles, check_reason
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.votes import Ballot, Elector, ElectorOrganization, Vote
from portal.services.audit import record_change
from portal.services.vote_mail import Receipt, send_receipt

# Built once: these stand between a vote and everybody who waits to cast a ballot in it.
_VOTE = (
    select(Vote)
    .where(Vote.id == bindparam("vote_id"))
    .options(defer(Vote.rules))
    .with_for_update(read=True)
    .execution_options(populate_existing=True)
)
_CURRENT = (
    select(Ballot)
    .where(Ballot.elector_id == bindparam("elector_id"), Ballot.superseded_at.is_(None))
    .execution_options(populate_existing=True)
)


def cast_ballot(
    actor: Actor,
    vote_id: int,
    organization_id: int,
    choice: Mapping[str, Any],
    *,
    reason: str = "",
    site: str,
    now: datetime,
) -> Receipt:
    """Cast or replace the one ballot of an organization's elector.

    Refuses a ballot outside the window (``vote.not_open``, ``vote.closed``), a voided elector, a
    choice that the method's validator refuses, a missing reason where the rules ask for one, and
    as not found a vote in which the organization is no elector. The same ballot once more changes
    nothing and gives the same receipt.
    """
    require(actor, Permission.ORGANIZATION_BALLOT_CAST, organization_id=organization_id)
    vote = _share_vote(vote_id)
    elector = _lock_elector(
        vote_id,
        Elector.organizations.any(ElectorOrganization.organization_id == organization_id),
    )
    if elector is None:
        raise NotFound("vote")
    organization = db.session.get_one(Organization, organization_id)
    receipt = _cast(actor, vote, elector, choice, reason, now)
    if receipt.cast_at == now:
        record_change(
            "ballot:elector:cast",
            f"Ballot of {organization.name} cast: {vote.question}",
            actor=actor,
            now=now,
            organization_id=organization_id,
            details={"vote": vote_id, "receipt": receipt.reference},
        )
        url = f"{site}/organizations/{organization.slug}/votes/{vote_id}"
        send_receipt(vote, receipt, _person(actor), url=url, now=now)
    return receipt


def cast_maintainer_ballot(
    actor: Actor,
    project_id: int,
    vote_id: int,
    choice: Mapping[str, Any],
    *,
    reason: str = "",
    site: str,
    now: datetime,
) -> Receipt:
    """Cast or replace a maintainer's own ballot; refuses what ``cast_ballot`` refuses.

    A maintainer who is not in the frozen electorate is told so (``vote.not_elector``).
    """
    require(actor, Permission.PROJECT_BALLOT_CAST, project_id=project_id)
    vote = _share_vote(vote_id)
    if vote.project_id != project_id:
        raise NotFound("vote")
    elector = _lock_elector(vote_id, Elector.person_id == actor.person_id)
    if elector is None:
        raise Refusal(
            "vote.not_elector",
            "You are not among the electors that this vote froze when it was opened.",
        )
    receipt = _cast(actor, vote, elector, choice, reason, now)
    if receipt.cast_at == now:
        # Without a project: its audit list must not show which maintainers have voted.
        record_change(
            "ballot:elector:cast",
            f"Ballot cast: {vote.question}",
            actor=actor,
            now=now,
            details={"vote": vote_id, "receipt": receipt.reference},
        )
        project = db.session.get_one(Project, project_id)
        url = f"{site}/desk/{project.slug}/votes/{vote_id}"
        send_receipt(vote, receipt, _person(actor), url=url, now=now)
    return receipt


def void_ballots(
    actor: Actor, project_id: int, organization_id: int, *, why: str, now: datetime
) -> int:
    """Void an organization's ballots in the project's open votes after a refund or lost dispute.

    The ballot stays on record as superseded, no new one can be cast, and the frozen weights do not
    change (VOTING 3). Votes past their close keep their ballots. Returns how many electors were
    voided.
    """
    found = db.session.execute(
        select(ElectorOrganization.vote_id, ElectorOrganization.elector_id)
        .join(Vote, Vote.id == ElectorOrganization.vote_id)
        .where(
            Vote.project_id == project_id,
            Vote.state == VoteState.OPEN,
            Vote.closes_at > now,
            ElectorOrganization.organization_id == organization_id,
        )
        .order_by(ElectorOrganization.vote_id)
    ).all()
    voided = 0
    for vote_id, elector_id in found:
        vote = _share_vote(vote_id)
        elector = _lock_elector(vote_id, Elector.id == elector_id)
        open_still = vote.state is VoteState.OPEN and now < vote.closes_at
        if elector is None or elector.voided_at is not None or not open_still:
            continue
        elector.voided_at = now
        current = _current_ballot(elector.id)
        if current is not None:
            current.superseded_at = now
        record_change(
            "ballot:elector:voided",
            f"An elector's ballot was voided: {why}",
            actor=actor,
            now=now,
            project_id=project_id,
            organization_id=organization_id,
            details={"vote": vote_id},
        )
        voided += 1
    return voided


def _share_vote(vote_id: int) -> Vote:
    """The vote, its row locked so that it cannot be closed before this transaction ends.

    Without its rules: they name every elector, and one ballot does not need them all.
    """
    vote = db.session.scalar(_VOTE, {"vote_id": vote_id})
    if vote is None:
        raise NotFound("vote")
    return vote


@lru_cache(maxsize=64)
def _frozen_terms(vote_id: int, _fingerprint: str) -> Terms:
    """The terms of a vote; they never change, and the fingerprint tells its rules from others."""
    return read_terms(db.session.scalars(select(Vote.rules).where(Vote.id == vote_id)).one())


def _lock_elector(vote_id: int, which: ColumnElement[bool]) -> Elector | None:
    """An elector of the vote, locked against a second cast at the same time."""
    return db.session.scalar(
        select(Elector)
        .where(Elector.vote_id == vote_id, which)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _current_ballot(elector_id: int) -> Ballot | None:
    return db.session.scalar(_CURRENT, {"elector_id": elector_id})


def _cast(
    actor: Actor,
    vote: Vote,
    elector: Elector,
    choice: Mapping[str, Any],
    reason: str,
    now: datetime,
) -> Receipt:
    """Check and keep a ballot; the vote is shared and the elector locked by now."""
    for obstacle in ballot_obstacles(
        vote.state, vote.opens_at, vote.closes_at, voided_at=elector.voided_at, now=now
    ):
        raise Refusal(obstacle.code, obstacle.message)
    terms = _frozen_terms(vote.id, vote.fingerprint)
    checked = validate_choice(terms.method, dict(choice)).as_json()
    check_reason(
        reason,
        required=terms.reason_required and checked.get("position") == Position.AGAINST,
        secret=terms.privacy is PrivacyMode.SECRET_AGGREGATE,
    )
    current = _current_ballot(elector.id)
    if current is not None:
        if (current.choice, current.reason) == (checked, reason):
            return Receipt(current.reference, current.cast_at, replaced=False)
        current.superseded_at = now
        # First out with the old, then in with the new: the index allows one current ballot.
        db.session.flush()
    ballot = Ballot(
        vote_id=vote.id,
        elector_id=elector.id,
        reference=f"b-{secrets.token_hex(6)}",
        choice=checked,
        reason=reason,
        cast_by_id=_person(actor),
        cast_at=now,
    )
    db.session.add(ballot)
    db.session.flush()
    return Receipt(ballot.reference, now, replaced=current is not None)


def _person(actor: Actor) -> int:
    """The person who casts; the portal itself never does."""
    if actor.person_id is None:
        raise Forbidden("ballot.person", "A ballot is cast by a person.")
    return actor.person_id
