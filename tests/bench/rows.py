"""Rows to measure on: a project with as many sponsors and proposals as a measurement wants."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import insert

from portal.app import create_app
from portal.database import db, transaction
from portal.domain.organizations import OrganizationKind
from portal.domain.proposals import ProposalState
from portal.domain.sponsorship import Commercial, Publication, Term
from portal.models.figures import count_sponsors
from portal.models.organizations import Organization, Picture
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from tests.builders import make_project, make_tier
from tests.conftest import make_settings

_WEIGHTS = (1, 1, 1, 1, 2, 2, 4, 12)


def _batched(last: int) -> Iterator[range]:
    return (range(first, min(first + 5000, last + 1)) for first in range(1, last + 1, 5000))


def fill(url: str, *, sponsors: int, proposals: int = 0) -> Flask:
    """A portal on an empty database with one project, ``kelp``, and so many rows."""
    app = create_app(make_settings(url))
    now = datetime.now(UTC)
    with app.app_context():
        db.create_all()
        project = make_project("kelp", changed_at=now)
        logo = [{"kind": "logo", "size": "small"}]
        tiers = {
            weight: make_tier(project, voting_weight=weight, benefits=logo).id
            for weight in sorted(set(_WEIGHTS))
        }
        for chunk in _batched(sponsors):
            with transaction() as session:
                session.execute(insert(Picture), [_picture(each) for each in chunk])
                session.execute(insert(Organization), [_organization(each, now) for each in chunk])
                session.execute(
                    insert(Sponsorship), [_sponsorship(each, tiers, now) for each in chunk]
                )
        for numbers in _batched(proposals):
            with transaction() as session:
                session.execute(insert(Proposal), [_proposal(each, now) for each in numbers])
        with transaction() as session:
            count_sponsors(session.connection(), project.id)
            if session.bind and session.bind.dialect.name == "postgresql":
                session.execute(db.text("ANALYZE"))
    return app


def _picture(number: int) -> dict[str, object]:
    data = b"picture %d" % number
    return {
        "id": number, "sha256": hashlib.sha256(data).hexdigest(), "media_type": "image/webp",
        "width": 1, "height": 1, "data": data,
    }  # fmt: skip


def _organization(number: int, now: datetime) -> dict[str, object]:
    return {
        "id": number, "slug": f"sponsor-{number}", "kind": OrganizationKind.COMPANY,
        "name": f"Sponsor {number}", "created_at": now,
    }  # fmt: skip


def _sponsorship(number: int, tiers: dict[int, int], now: datetime) -> dict[str, object]:
    since = now - timedelta(days=400, seconds=number)
    return {
        "reference": f"sp_{number}", "organization_id": number, "project_id": 1,
        "tier_snapshot_id": tiers[_WEIGHTS[number % len(_WEIGHTS)]], "commercial": Commercial.PAID,
        "term": Term.ACTIVE, "publication": Publication.PUBLISHED,
        "approved_name": f"Sponsor {number}", "approved_website": f"https://{number}.example",
        "approved_picture_id": number, "active_since": since, "term_starts_at": since,
        "term_ends_at": now + timedelta(days=200), "created_at": since,
    }  # fmt: skip


def _proposal(number: int, now: datetime) -> dict[str, object]:
    return {
        "project_id": 1, "number": number, "title": f"Proposal {number}", "summary": "A summary.",
        "body": "A text.", "state": ProposalState.CONSULTATION, "created_at": now,
        "published_at": now, "updated_at": now,
    }  # fmt: skip
