"""An elector's receipt: the ballot's entry in the public record, with the proof of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from portal.database import db
from portal.domain.charter import PrivacyMode
from portal.domain.errors import NotFound
from portal.domain.record.entries import opened_ballot
from portal.models.projects import Project
from portal.models.record import LogEntry
from portal.models.votes import Ballot, Elector, ElectorOrganization, Vote


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """An elector's current ballot and where it stands in the log.

    Without a ballot, ``reference`` is empty. ``index`` is None while the entry of a secret ballot
    waits for its batch, and for good where the ballot is older than the record. ``opening`` is
    ballot and nonce: for the elector alone, and in a ``secret`` vote so for good.
    """

    vote_id: int
    question: str
    project_id: int
    project_slug: str
    project_name: str
    reference: str
    cast_at: datetime | None
    index: int | None
    opening: Mapping[str, Any] | None
    secret: bool


def get_organization_receipt(organization_id: int, vote_id: int) -> ReceiptPage:
    """The receipt of an organization's ballot; NotFound for a vote in which it is no elector."""
    found = _find(
        vote_id, Elector.organizations.any(ElectorOrganization.organization_id == organization_id)
    )
    if found is None:
        raise NotFound("receipt")
    return found


def get_personal_receipt(project_id: int, vote_id: int, person_id: int | None) -> ReceiptPage:
    """The receipt of a person's own ballot; NotFound for a vote of another project."""
    found = _find(vote_id, Elector.person_id == person_id)
    vote = db.session.get(Vote, vote_id)
    if vote is None or vote.project_id != project_id:
        raise NotFound("receipt")
    return found or _page(vote, vote.project, None, None, None)


def _find(vote_id: int, which: ColumnElement[bool]) -> ReceiptPage | None:
    current = and_(Ballot.elector_id == Elector.id, Ballot.superseded_at.is_(None))
    found: Any = db.session.execute(
        select(Vote, Project, Elector, Ballot, LogEntry.index)
        .join(Vote, Vote.id == Elector.vote_id)
        .join(Project, Project.id == Vote.project_id)
        .outerjoin(Ballot, current)
        .outerjoin(LogEntry, LogEntry.ballot_id == Ballot.id)
        .where(Elector.vote_id == vote_id, which)
    ).one_or_none()
    return None if found is None else _page(*found)


def _page(
    vote: Vote, project: Project, elector: Elector | None, ballot: Ballot | None, index: int | None
) -> ReceiptPage:
    opening = None
    if elector is not None and ballot is not None and ballot.nonce is not None:
        opening = {
            "ballot": opened_ballot(ballot, elector.house, elector.position),
            "nonce": ballot.nonce.hex(),
        }
    return ReceiptPage(
        vote_id=vote.id,
        question=vote.question,
        project_id=project.id,
        project_slug=project.slug,
        project_name=project.name,
        reference="" if ballot is None else ballot.reference,
        cast_at=None if ballot is None else ballot.cast_at,
        index=index,
        opening=opening,
        secret=vote.terms["privacy"] == PrivacyMode.SECRET_AGGREGATE,
    )
