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
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from portal.database import db, table_of
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.positions import Position
from portal.domain.record.entries import NONCE_LENGTH
from portal.domain.rules import Terms, read_terms
from portal.domain.tally.methods import validate_choice
from portal.domain.votes import (
    VoteState,
    ballot_obstacles,
    check_conflict,
    check_reason,
    full_hour,
)
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.votes import Ballot, Elector, ElectorOrganization, Vote
from portal.services.audit import record_change
from portal.services.record.vote_log import log_ballot, log_voided
from portal.services.votes.vote_mail import Receipt, send_receipt, tell_voided
from portal.statements import Found, Prepared

# Built once, and read as rows: these stand between a vote and everybody who waits to cast a ballot.
_VOTE = Prepared(
    select(
        Vote.id,
        Vote.project_id,
        Vote.question,
        Vote.state,
        Vote.fingerprint,
        Vote.opens_at,
        Vote.closes_at,
    )
    .where(Vote.id == bindparam("vote_id"))
    .with_for_update(read=True)
)
_TERMS = Prepared(select(Vote.terms).where(Vote.id == bindparam("vote_id")))
_ELECTOR = (
    select(Elector.id, Elector.house, Elector.position, Elector.weight, Elector.voided_at)
    .where(Elector.vote_id == bindparam("vote_id"))
    .with_for_update(of=Elector)
)
_ELECTOR_BY_ID = Prepared(_ELECTOR.where(Elector.id == bindparam("elector_id")))
# An elector together with who casts, and where the ballot's page is.
_SEAT = Prepared(
    _ELECTOR.add_columns(Organization.name, Organization.slug, Person.email)
    .join(ElectorOrganization, ElectorOrganization.elector_id == Elector.id)
    .join(Organization, Organization.id == ElectorOrganization.organization_id)
    .join(Person, Person.id == bindparam("person_id"))
    .where(
        ElectorOrganization.vote_id == bindparam("vote_id"),
        ElectorOrganization.organization_id == bindparam("organization_id"),
    )
)
_OWN_SEAT = Prepared(
    _ELECTOR.add_columns(Project.slug, Person.email)
    .join(Person, Person.id == Elector.person_id)
    .join(Project, Project.id == bindparam("project_id"))
    .where(Elector.person_id == bindparam("person_id"))
)
_BALLOT = (
    Ballot.id,
    Ballot.vote_id,
    Ballot.reference,
    Ballot.choice,
    Ballot.reason,
    Ballot.conflict,
    Ballot.cast_at,
    Ballot.nonce,
)
_CURRENT = Prepared(
    select(*_BALLOT).where(
        Ballot.elector_id == bindparam("elector_id"), Ballot.superseded_at.is_(None)
    )
)
_INSERT = Prepared(insert(table_of(Ballot)).returning(*_BALLOT))
_SUPERSEDE = Prepared(
    update(table_of(Ballot))
    .where(table_of(Ballot).c.id == bindparam("ballot_id"))
    .values(superseded_at=bindparam("at"))
)
_VOID = Prepared(
    update(table_of(Elector))
    .where(table_of(Elector).c.id == bindparam("elector_id"))
    .values(voided_at=bindparam("at"))
)


class Said(NamedTuple):
    """What an elector says beside the choice, sealed as long as that is."""

    reason: str
    conflict: str


def cast_ballot(
    actor: Actor,
    vote_id: int,
    organization_id: int,
    choice: Mapping[str, Any],
    *,
    reason: str = "",
    conflict: str = "",
    site: str,
    now: datetime,
) -> Receipt:
    """Cast or replace the one ballot of an organization's elector.

    Refuses a ballot outside the window (``vote.not_open``, ``vote.closed``), a voided elector, a
    choice that the method's validator refuses, a missing reason where the rules ask for one, any
    reason or statement of a conflict of interest in a secret vote, and as not found a vote in which
    the organization is no elector. The same ballot once more changes nothing and gives the same
    receipt.
    """
    require(actor, Permission.ORGANIZATION_BALLOT_CAST, organization_id=organization_id)
    person_id = _person(actor)
    vote = _share_vote(vote_id)
    seat = _SEAT.find(vote_id=vote_id, organization_id=organization_id, person_id=person_id)
    if seat is None:
        raise NotFound("vote")
    receipt = _cast(person_id, vote, seat, choice, Said(reason, conflict), now)
    if receipt.fresh:
        record_change(
            "ballot:elector:cast",
            f"Ballot of {seat.name} cast: {vote.question}",
            actor=actor,
            now=receipt.cast_at,
            organization_id=organization_id,
            details={"vote": vote_id, "receipt": receipt.reference},
        )
        url = f"{site}/organizations/{seat.slug}/votes/{vote_id}"
        send_receipt(vote, receipt, seat.email, url=url)
    return receipt


def cast_maintainer_ballot(
    actor: Actor,
    project_id: int,
    vote_id: int,
    choice: Mapping[str, Any],
    *,
    reason: str = "",
    conflict: str = "",
    site: str,
    now: datetime,
) -> Receipt:
    """Cast or replace a maintainer's own ballot; refuses what ``cast_ballot`` refuses.

    A maintainer who is not in the frozen electorate is told so (``vote.not_elector``).
    """
    require(actor, Permission.PROJECT_BALLOT_CAST, project_id=project_id)
    return _cast_own(
        actor, project_id, vote_id, choice, Said(reason, conflict), f"{site}/desk", now
    )


def cast_contributor_ballot(
    actor: Actor,
    project_id: int,
    vote_id: int,
    choice: Mapping[str, Any],
    *,
    reason: str = "",
    conflict: str = "",
    site: str,
    now: datetime,
) -> Receipt:
    """Cast or replace a contributor's own ballot, in whichever house the charter seated them.

    Refuses what ``cast_maintainer_ballot`` refuses.
    """
    require(actor, Permission.CONTRIBUTOR_BALLOT_CAST, project_id=project_id)
    return _cast_own(
        actor, project_id, vote_id, choice, Said(reason, conflict), f"{site}/contributor", now
    )


def _cast_own(
    actor: Actor,
    project_id: int,
    vote_id: int,
    choice: Mapping[str, Any],
    said: Said,
    root: str,
    now: datetime,
) -> Receipt:
    """Cast the ballot of a person; below ``root`` are the pages of such ballots, by project."""
    person_id = _person(actor)
    vote = _share_vote(vote_id)
    if vote.project_id != project_id:
        raise NotFound("vote")
    seat = _OWN_SEAT.find(vote_id=vote_id, project_id=project_id, person_id=person_id)
    if seat is None:
        raise Refusal(
            "vote.not_elector",
            "You are not among the electors that this vote froze when it was opened.",
        )
    receipt = _cast(person_id, vote, seat, choice, said, now)
    if receipt.fresh:
        # Without a project: its audit list must not show which of its people have voted.
        record_change(
            "ballot:elector:cast",
            f"Ballot cast: {vote.question}",
            actor=actor,
            now=receipt.cast_at,
            details={"vote": vote_id, "receipt": receipt.reference},
        )
        url = f"{root}/{seat.slug}/votes/{vote_id}"
        send_receipt(vote, receipt, seat.email, url=url)
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
        elector = _ELECTOR_BY_ID.find(vote_id=vote_id, elector_id=elector_id)
        open_still = vote.state is VoteState.OPEN and now < vote.closes_at
        if elector is None or elector.voided_at is not None or not open_still:
            continue
        _VOID.run(elector_id=elector_id, at=now)
        terms = _frozen_terms(vote.id, vote.fingerprint)
        current = _CURRENT.find(elector_id=elector_id)
        if current is not None:
            _supersede(current, _dated(terms, now))
        log_voided(vote, elector, current, secret=terms.secret, now=now)
        record_change(
            "ballot:elector:voided",
            f"An elector's ballot was voided: {why}",
            actor=actor,
            now=now,
            project_id=project_id,
            organization_id=organization_id,
            details={"vote": vote_id},
        )
        tell_voided(db.session.get_one(Vote, vote_id), elector_id, why, now=now)
        voided += 1
    return voided


def _share_vote(vote_id: int) -> Found:
    """The vote, its row locked so that it cannot be closed before this transaction ends."""
    vote = _VOTE.find(vote_id=vote_id)
    if vote is None:
        raise NotFound("vote")
    return vote


@lru_cache(maxsize=64)
def _frozen_terms(vote_id: int, _fingerprint: str) -> Terms:
    """The terms of a vote; they never change, and the fingerprint tells its rules from others."""
    vote = _TERMS.find(vote_id=vote_id)
    if vote is None:
        raise NotFound("vote")
    return read_terms(vote.terms)


def _supersede(ballot: Found, at: datetime) -> None:
    _SUPERSEDE.run(ballot_id=ballot.id, at=at)


def _cast(
    person_id: int,
    vote: Found,
    elector: Found,
    choice: Mapping[str, Any],
    said: Said,
    now: datetime,
) -> Receipt:
    """Check and keep a ballot; the vote is shared and the elector locked by now."""
    for obstacle in ballot_obstacles(
        vote.state, vote.opens_at, vote.closes_at, voided_at=elector.voided_at, now=now
    ):
        raise Refusal(obstacle.code, obstacle.message)
    terms = _frozen_terms(vote.id, vote.fingerprint)
    paper = terms.paper
    checked = validate_choice(
        paper.method, dict(choice), paper.ids, paper.allow(elector.weight)
    ).as_json()
    check_reason(
        said.reason,
        required=terms.reason_required and checked.get("position") == Position.AGAINST,
        secret=terms.secret,
    )
    check_conflict(said.conflict, secret=terms.secret)
    at = _dated(terms, now)
    current = _CURRENT.find(elector_id=elector.id)
    if current is not None:
        if (current.choice, current.reason, current.conflict) == (checked, *said):
            return Receipt(current.reference, current.cast_at, replaced=False, fresh=False)
        # First out with the old, then in with the new: the index allows one current ballot.
        _supersede(current, at)
    values = {
        "vote_id": vote.id,
        "elector_id": elector.id,
        "reference": f"b-{secrets.token_hex(6)}",
        "choice": checked,
        "reason": said.reason,
        "conflict": said.conflict,
        "cast_by_id": person_id,
        "cast_at": at,
        "nonce": secrets.token_bytes(NONCE_LENGTH),
    }
    ballot = _INSERT.find(**values)
    if ballot is None:
        raise RuntimeError("the database kept no ballot")
    log_ballot(vote, elector, ballot, current, secret=terms.secret)
    return Receipt(ballot.reference, at, replaced=current is not None, fresh=True)


def _dated(terms: Terms, now: datetime) -> datetime:
    """What is kept of an instant: in secret votes the hour, so that no time gives a voter away."""
    return full_hour(now) if terms.secret else now


def _person(actor: Actor) -> int:
    """The person who casts; the portal itself never does."""
    if actor.person_id is None:
        raise Forbidden("ballot.person", "A ballot is cast by a person.")
    return actor.person_id
