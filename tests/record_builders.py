"""Receipts for tests, as the portal writes them."""

from __future__ import annotations

import json

from sqlalchemy import select

from portal.database import db
from portal.domain.record.receipts import write_receipt
from portal.models.record import LogEntry
from portal.models.votes import Ballot, Elector
from portal.queries.record.receipts import _find
from portal.queries.record.record import find_log, find_note, find_proof
from tests.standins import FixedKey
from tests.vote_builders import SITE


def receipt_of(elector_id: int, vote_id: int) -> str:
    """The receipt file of an elector."""
    page = _find(vote_id, Elector.id == elector_id)
    assert page
    assert page.index is not None
    assert page.opening
    log = find_log(page.project_id, page.project_slug, SITE)
    proof = find_proof(log, page.index).as_json()
    return json.dumps(write_receipt("b-1", page.opening, proof, find_note(log, FixedKey())))


def some_receipt(project_id: int) -> str:
    """The receipt file of some ballot of a project."""
    found = db.session.execute(
        select(Ballot.elector_id, Ballot.vote_id)
        .join(LogEntry, LogEntry.ballot_id == Ballot.id)
        .where(LogEntry.project_id == project_id, Ballot.superseded_at.is_(None))
        .limit(1)
    ).one()
    return receipt_of(found[0], found[1])
