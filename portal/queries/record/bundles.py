"""The bundle of a counted vote: all that anybody needs to check it offline, in one archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from sqlalchemy import Row, Select, Text, cast, select

from portal.database import db
from portal.domain.canonical import canonical_json, canonical_parts
from portal.domain.charter import PrivacyMode
from portal.domain.errors import NotFound
from portal.domain.record import archive, bundle, tree
from portal.domain.record.entries import EntryType, opened_ballot, vote_subject
from portal.domain.record.notes import NoteWrong, VerifierKey, open_note
from portal.domain.record.totals import write_totals
from portal.domain.stored_arrays import read_arrays, read_items
from portal.models.proposals import Proposal
from portal.models.record import LogEntry
from portal.models.votes import Ballot, Elector, Outcome, Vote, VoteProposal
from portal.ports.record_key import RecordKey
from portal.queries.record.record import find_log, find_note, list_keys, read_hashes

_ROWS = 1000
_HELD_BYTES = 1 << 20

_Found = Row[*tuple[Any, ...]]


def write_bundle(
    project_id: int,
    slug: str,
    number: int,
    *,
    vote_id: int | None,
    program: archive.Files,
    base_url: str,
    key: RecordKey,
    into: IO[bytes],
) -> str:
    """Write the bundle of the newest counted vote on a proposal, or of the one that is named.

    Returns its name. The archive is the same byte for byte whenever it is asked for, and takes
    little memory however many voted. NotFound before the tally, for votes older than the record,
    and while there is no key.
    """
    vote = _counted(project_id, number, vote_id)
    indices = _places(project_id, vote.id)
    log = find_log(project_id, slug, base_url, size=indices[-1] + 1)
    note = find_note(log, key)
    if note is None:
        raise NotFound("bundle")
    hashes = read_hashes(project_id, tree.cover(indices, log.size))
    proof = {"indices": iter(indices), "hashes": (each.hex() for each in hashes)}
    files: dict[str, bytes | archive.Kept] = {
        bundle.POWER: canonical_json(_power(vote.id)),
        bundle.CHECKPOINT: note.encode(),
        bundle.KEY: f"{_signer(note, list_keys(log.origin, key))}\n".encode(),
        **program,
    }
    large = {
        bundle.RULES: _rules(vote),
        bundle.LOG: _leaves(project_id, vote.id, len(indices)),
        bundle.PROOF: canonical_parts(proof),
        bundle.OUTCOME: _outcome(vote),
    }
    if vote.terms["privacy"] == PrivacyMode.SEALED_ROLL_CALL:
        large[bundle.BALLOTS] = _ballots(vote.id)
    else:
        files[bundle.TOTALS] = canonical_json(write_totals(vote.figures))
    with ExitStack() as aside:
        for name, parts in large.items():
            file = aside.enter_context(SpooledTemporaryFile(_HELD_BYTES))
            files[name] = archive.keep(parts, file)
        files[bundle.MANIFEST] = archive.write_manifest(files)
        archive.write_archive(files, into)
    return f"{slug}-vote-{vote.id}"


def _counted(project_id: int, number: int, vote_id: int | None) -> _Found:
    asked = (
        select(Vote.id, Vote.terms, Outcome.figures)
        .join(Outcome, Outcome.vote_id == Vote.id)
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .join(Proposal, Proposal.id == VoteProposal.proposal_id)
        .where(Proposal.project_id == project_id, Proposal.number == number)
        .order_by(Vote.id.desc())
        .limit(1)
    )
    if vote_id is not None:
        asked = asked.where(Vote.id == vote_id)
    found = db.session.execute(asked).one_or_none()
    if found is None:
        raise NotFound("bundle")
    return found


def _read(asked: Select[*tuple[Any, ...]]) -> Iterator[_Found]:
    """The rows of a statement, a thousand at a time."""
    with db.session.execute(asked.execution_options(yield_per=_ROWS)) as rows:
        yield from rows


def _places(project_id: int, vote_id: int) -> list[int]:
    """Where the entries of a vote stand in the log, from its opening to its tally."""
    asked = (
        select(LogEntry.index, LogEntry.type)
        .where(LogEntry.project_id == project_id, LogEntry.subject == vote_subject(vote_id))
        .order_by(LogEntry.seq)
    )
    places: list[int] = []
    for index, type_ in _read(asked):
        if not places and type_ is not EntryType.VOTE_OPENED:
            break
        places.append(index)
        if type_ is EntryType.TALLIED:
            return places
    raise NotFound("bundle")


def _leaves(project_id: int, vote_id: int, entries: int) -> Iterator[bytes]:
    """The lines of the vote's own log."""
    asked = (
        select(LogEntry.leaf)
        .where(
            LogEntry.project_id == project_id,
            LogEntry.subject == vote_subject(vote_id),
            LogEntry.seq <= entries,
        )
        .order_by(LogEntry.seq)
    )
    return (f"{row.leaf}\n".encode() for row in _read(asked))


def _rules(vote: _Found) -> Iterator[bytes]:
    """All that froze at the opening, the electors of each house as they were written then."""
    asked = select(cast(Vote.electorate, Text)).where(Vote.id == vote.id)
    electorate = read_arrays(db.session.scalars(asked).one())
    yield from canonical_parts(vote.terms | {"electorate": electorate})


def _outcome(vote: _Found) -> Iterator[bytes]:
    """The figures and the roll call as they were stored at the close; none in secret votes."""
    asked = select(cast(Outcome.roll, Text)).where(Outcome.vote_id == vote.id)
    text = db.session.scalars(asked).one()
    roll = None if text is None else read_items(text)
    yield from canonical_parts({"figures": vote.figures, "roll": roll})


def _power(vote_id: int) -> dict[str, dict[str, list[str] | None]]:
    """The frozen power indices of each house, in the order of its electors."""
    houses: dict[str, dict[str, list[str]]] = {}
    asked = (
        select(Elector.house, Elector.banzhaf, Elector.shapley)
        .where(Elector.vote_id == vote_id)
        .order_by(Elector.house, Elector.position)
    )
    for house, banzhaf, shapley in _read(asked):
        held = houses.setdefault(house.value, {"banzhaf": [], "shapley": []})
        held["banzhaf"] += [banzhaf] if banzhaf is not None else []
        held["shapley"] += [shapley] if shapley is not None else []
    return {
        house: {name: indices or None for name, indices in held.items()}
        for house, held in houses.items()
    }


def _ballots(vote_id: int) -> Iterator[bytes]:
    """The ballots that counted, opened, in the order of the electors, as lines."""
    asked = (
        select(
            Ballot.vote_id, Ballot.choice, Ballot.reason, Ballot.conflict, Ballot.nonce,
            Elector.house, Elector.position,
        )
        .join(Elector, Elector.id == Ballot.elector_id)
        .where(Ballot.vote_id == vote_id, Ballot.superseded_at.is_(None))
        .order_by(Elector.house, Elector.position)
    )  # fmt: skip
    for row in _read(asked):
        if row.nonce is None:
            raise NotFound("bundle")
        opened = opened_ballot(row, row.house, row.position)
        yield canonical_json({"ballot": opened, "nonce": row.nonce.hex()}) + b"\n"


def _signer(note: str, keys: tuple[VerifierKey, ...]) -> VerifierKey:
    """The key that signed a note, be it in use or replaced."""
    try:
        return open_note(note, keys)[1]
    except NoteWrong as error:
        raise NotFound("bundle") from error
