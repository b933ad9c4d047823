"""The bundle of a counted vote: all that anybody needs to check it offline, in one archive."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.database import db
from portal.domain.canonical import canonical_json
from portal.domain.charter import PrivacyMode
from portal.domain.errors import NotFound
from portal.domain.record import bundle, tree
from portal.domain.record.entries import EntryType, opened_ballot, vote_subject
from portal.domain.record.notes import NoteWrong, VerifierKey, open_note
from portal.domain.record.totals import write_totals
from portal.models.proposals import Proposal
from portal.models.record import LogEntry
from portal.models.votes import Ballot, Elector, Outcome, Vote, VoteProposal
from portal.ports.record_key import RecordKey
from portal.queries.record.record import find_log, find_note, list_keys, read_hashes


def build_bundle(
    project_id: int,
    slug: str,
    number: int,
    *,
    vote_id: int | None,
    program: bundle.Files,
    base_url: str,
    key: RecordKey,
) -> tuple[str, bytes]:
    """The bundle of the newest counted vote on a proposal, or of the one that is named.

    Returns its name and the archive, which is the same byte for byte whenever it is asked for.
    NotFound before the tally, for votes older than the record, and while there is no key.
    """
    vote, outcome = _counted(project_id, number, vote_id)
    entries = _entries(project_id, vote.id)
    log = find_log(project_id, slug, base_url, size=entries[-1].index + 1)
    note = find_note(log, key)
    if note is None:
        raise NotFound("bundle")
    indices = [entry.index for entry in entries]
    hashes = read_hashes(project_id, tree.cover(indices, log.size))
    files = {
        bundle.RULES: canonical_json(vote.rules),
        bundle.POWER: canonical_json(_power(vote.id)),
        bundle.LOG: _lines([entry.leaf.encode() for entry in entries]),
        bundle.PROOF: canonical_json({"indices": indices, "hashes": [h.hex() for h in hashes]}),
        bundle.CHECKPOINT: note.encode(),
        bundle.KEY: f"{_signer(note, list_keys(log.origin, key))}\n".encode(),
        bundle.OUTCOME: canonical_json({"figures": outcome.figures, "roll": outcome.roll}),
        **program,
    }
    if vote.terms["privacy"] == PrivacyMode.SEALED_ROLL_CALL:
        files[bundle.BALLOTS] = _ballots(vote.id)
    else:
        files[bundle.TOTALS] = canonical_json(write_totals(outcome.figures))
    files[bundle.MANIFEST] = bundle.write_manifest(files)
    return f"{slug}-vote-{vote.id}", bundle.write_archive(files)


def _counted(project_id: int, number: int, vote_id: int | None) -> tuple[Vote, Outcome]:
    asked = (
        select(Vote, Outcome)
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
    return found[0], found[1]


def _entries(project_id: int, vote_id: int) -> list[Any]:
    """The entries of a vote, from its opening to its tally."""
    entries = list(
        db.session.execute(
            select(LogEntry.index, LogEntry.type, LogEntry.leaf)
            .where(LogEntry.project_id == project_id, LogEntry.subject == vote_subject(vote_id))
            .order_by(LogEntry.seq)
        )
    )
    tallied = [at for at, entry in enumerate(entries) if entry.type is EntryType.TALLIED]
    if not tallied or entries[0].type is not EntryType.VOTE_OPENED:
        raise NotFound("bundle")
    return entries[: tallied[0] + 1]


def _power(vote_id: int) -> dict[str, dict[str, list[str] | None]]:
    """The frozen power indices of each house, in the order of its electors."""
    houses: dict[str, dict[str, list[str]]] = {}
    for house, banzhaf, shapley in db.session.execute(
        select(Elector.house, Elector.banzhaf, Elector.shapley)
        .where(Elector.vote_id == vote_id)
        .order_by(Elector.house, Elector.position)
    ):
        held = houses.setdefault(house.value, {"banzhaf": [], "shapley": []})
        held["banzhaf"] += [banzhaf] if banzhaf is not None else []
        held["shapley"] += [shapley] if shapley is not None else []
    return {
        house: {name: indices or None for name, indices in held.items()}
        for house, held in houses.items()
    }


def _ballots(vote_id: int) -> bytes:
    """The ballots that counted, opened, in the order of the electors."""
    lines = []
    for ballot, house, position in db.session.execute(
        select(Ballot, Elector.house, Elector.position)
        .join(Elector, Elector.id == Ballot.elector_id)
        .where(Ballot.vote_id == vote_id, Ballot.superseded_at.is_(None))
        .order_by(Elector.house, Elector.position)
    ):
        if ballot.nonce is None:
            raise NotFound("bundle")
        opened = {"ballot": opened_ballot(ballot, house, position), "nonce": ballot.nonce.hex()}
        lines.append(canonical_json(opened))
    return _lines(lines)


def _lines(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _signer(note: str, keys: tuple[VerifierKey, ...]) -> VerifierKey:
    """The key that signed a note, be it in use or replaced."""
    try:
        return open_note(note, keys)[1]
    except NoteWrong as error:
        raise NotFound("bundle") from error
