"""What a vote leaves on the public record, from its opening to the decision on it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from portal.database import db, table_of
from portal.domain.canonical import fingerprint
from portal.domain.record.entries import (
    EntryType,
    commit,
    hour_of,
    opened_ballot,
    vote_subject,
    written_instant,
)
from portal.models.decisions import DecisionRecord, DecisionReview
from portal.models.record import WaitingEntry
from portal.models.votes import Ballot, Vote
from portal.services.record.record import append_entry, subject_root
from portal.statements import Found, Prepared

BATCH = 5

_WAIT = Prepared(insert(table_of(WaitingEntry)))


def log_opened(vote: Vote) -> None:
    """Put the opening on record: the fingerprint covers all that froze."""
    body = {
        "fingerprint": vote.fingerprint,
        "proposal": vote.terms["proposal"]["number"],
        "question": vote.question,
        "method": vote.method.value,
        "privacy": vote.terms["privacy"],
        "electors": {house: len(held) for house, held in vote.electorate.items()},
        "record_at": written_instant(vote.record_at),
        "opens_at": written_instant(vote.opens_at),
        "closes_at": written_instant(vote.closes_at),
    }
    _append(vote, EntryType.VOTE_OPENED, body, at=vote.opens_at)


def log_ballot(
    vote: Found, elector: Found, ballot: Found, replaced: Found | None, *, secret: bool
) -> None:
    """Put a new ballot on record, and the end of the one it replaces; both stay sealed."""
    at = hour_of(ballot.cast_at, not_before=vote.opens_at)
    if replaced is not None and replaced.nonce is not None:
        body = {"commitment": _commitment(elector, replaced)}
        _append_ballot(vote, EntryType.BALLOT_SUPERSEDED, body, None, at=at, secret=secret)
    body = {"commitment": _commitment(elector, ballot)}
    _append_ballot(vote, EntryType.BALLOT_CAST, body, ballot.id, at=at, secret=secret)


def log_voided(
    vote: Found, elector: Found, ballot: Found | None, *, secret: bool, now: datetime
) -> None:
    """Put on record that an elector may no longer vote, and that its ballot does not count."""
    if ballot is None or ballot.nonce is None:
        return
    body = {"commitment": _commitment(elector, ballot)}
    at = hour_of(now, not_before=vote.opens_at)
    _append_ballot(vote, EntryType.BALLOT_VOIDED, body, None, at=at, secret=secret)


def log_closed(vote: Vote, *, now: datetime) -> None:
    """Put the close on record; the vote's row is locked, so that no ballot comes after it."""
    append_waiting(vote_subject(vote.id), least=1)
    ballots = db.session.scalar(
        select(func.count(Ballot.id)).where(
            Ballot.vote_id == vote.id, Ballot.superseded_at.is_(None)
        )
    )
    body = {"ballots": ballots or 0, "closes_at": written_instant(vote.closes_at)}
    _append(vote, EntryType.VOTE_CLOSED, body, at=now)


def closed_root(vote_id: int) -> bytes:
    """The root of a vote's closed log, which puts ties in order.

    Over its own entries alone, from the opening to the close; asked before the tally is on record.
    """
    project_id = db.session.scalars(select(Vote.project_id).where(Vote.id == vote_id)).one()
    return subject_root(project_id, vote_subject(vote_id))


def log_tallied(
    vote: Vote,
    figures: Mapping[str, Any],
    roll: Sequence[Mapping[str, Any]] | None,
    *,
    now: datetime,
) -> None:
    """Put the stored outcome on record, by the fingerprint of its figures and its roll call."""
    body = {
        "outcome": fingerprint({"figures": figures, "roll": roll}),
        "verdict": figures["verdict"],
        "closed_root": closed_root(vote.id).hex(),
    }
    _append(vote, EntryType.TALLIED, body, at=now)


def log_extended(vote: Vote, before: datetime, reason: str, *, now: datetime) -> None:
    """Put on record that the close was moved, and why."""
    body = {
        "from": written_instant(before),
        "to": written_instant(vote.closes_at),
        "reason": reason,
    }
    _append(vote, EntryType.WINDOW_EXTENDED, body, at=now)


def log_decided(vote: Vote, record: DecisionRecord) -> None:
    """Put a decision on record, or a veto where it departs from a binding vote."""
    body = {
        "proposal": record.proposal.number,
        "kind": record.kind.value,
        "follows": record.follows,
        "reasons": record.reasons,
        "responsible": record.responsible,
        "review_on": record.review_on.isoformat(),
    }
    type_ = EntryType.VETOED if record.vetoed else EntryType.DECIDED
    _append(vote, type_, body, at=record.decided_at)


def log_reviewed(vote: Vote, record: DecisionRecord, review: DecisionReview) -> None:
    """Put a look back at a decision on record, as a further entry about that decision."""
    again = review.next_review_on
    body = {
        "proposal": record.proposal.number,
        "review": review.finding.value,
        "text": review.text,
        "review_on": None if again is None else again.isoformat(),
    }
    _append(vote, EntryType.DECIDED, body, at=review.reviewed_at)


def find_waiting_subjects() -> list[str]:
    """Secret votes of which enough entries wait that appending them tells nobody's hour."""
    return list(
        db.session.scalars(
            select(WaitingEntry.subject)
            .where(WaitingEntry.type == EntryType.BALLOT_CAST)
            .group_by(WaitingEntry.subject)
            .having(func.count(WaitingEntry.id) >= BATCH)
        )
    )


def append_waiting(subject: str, *, least: int = BATCH) -> int:
    """Append what waits for a secret vote, in random order, if it is enough; say how many.

    Locks the rows, so that a second worker finds none.
    """
    waiting = list(
        db.session.scalars(
            select(WaitingEntry)
            .where(WaitingEntry.subject == subject)
            .order_by(WaitingEntry.id)
            .with_for_update()
        )
    )
    cast = sum(each.type is EntryType.BALLOT_CAST for each in waiting)
    if not waiting or (least > 1 and cast < least):
        return 0
    secrets.SystemRandom().shuffle(waiting)
    for each in waiting:
        append_entry(
            each.project_id, subject, each.type, each.body, at=each.at, ballot_id=each.ballot_id
        )
        db.session.delete(each)
    return len(waiting)


def _append(vote: Vote, type_: EntryType, body: Mapping[str, Any], *, at: datetime) -> None:
    append_entry(vote.project_id, vote_subject(vote.id), type_, body, at=at)


def _append_ballot(
    vote: Found,
    type_: EntryType,
    body: dict[str, Any],
    ballot_id: int | None,
    *,
    at: datetime,
    secret: bool,
) -> None:
    """Append at once, or in secret votes let the entry wait for others."""
    subject = vote_subject(vote.id)
    if not secret:
        append_entry(vote.project_id, subject, type_, body, at=at, ballot_id=ballot_id)
        return
    values = {
        "project_id": vote.project_id,
        "subject": subject,
        "type": type_,
        "at": at,
        "body": body,
        "ballot_id": ballot_id,
    }
    _WAIT.run(**values)


def _commitment(elector: Found, ballot: Found) -> str:
    if ballot.nonce is None:
        raise ValueError("a ballot older than the record has no commitment")
    return commit(opened_ballot(ballot, elector.house, elector.position), ballot.nonce)
