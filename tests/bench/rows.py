"""Rows to measure on: a project with as many sponsors and proposals as a measurement wants."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from flask import Flask
from sqlalchemy import func, insert, select, text

from portal.app import create_app
from portal.database import db, transaction
from portal.domain.organizations import OrganizationKind
from portal.domain.proposals import ProposalState
from portal.domain.sponsorship import Commercial, Publication, Term
from portal.domain.tiers import Audience, Interval
from portal.models.figures import count_sponsors
from portal.models.organizations import Organization, Picture
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion
from tests.builders import make_project
from tests.conftest import make_settings

_numbers = count(1)
_WEIGHTS = (1, 1, 1, 1, 2, 2, 4, 12)


def fill(url: str, *, sponsors: int, proposals: int = 0) -> Flask:
    """A portal on an empty database with one project, ``kelp``, and so many rows."""
    app = create_app(make_settings(url))
    with app.app_context():
        db.create_all()
        project = make_project("kelp", changed_at=datetime.now(UTC))
        with transaction() as session:
            add_rows(project.id, sponsors=sponsors, proposals=proposals)
            if db.engine.dialect.name == "postgresql":
                session.execute(text("ANALYZE"))
    return app


def add_rows(project_id: int, *, sponsors: int, proposals: int) -> None:
    """Add so many sponsors in four tiers of their own, and so many proposals in consultation."""
    session, now = db.session, datetime.now(UTC)
    tiers = {weight: _add_tier(project_id, weight, now) for weight in sorted(set(_WEIGHTS))}
    first = 1 + max(
        session.scalar(select(func.coalesce(func.max(column), 0))) or 0
        for column in (Picture.id, Organization.id)
    )
    for each in _batched(first, sponsors):
        session.execute(insert(Picture), [_picture(number) for number in each])
        session.execute(insert(Organization), [organization_row(number, now) for number in each])
        session.execute(
            insert(Sponsorship),
            [_sponsorship(number, project_id, tiers, now) for number in each],
        )
    last = session.scalar(
        select(func.max(Proposal.number)).where(Proposal.project_id == project_id)
    )
    for each in _batched((last or 0) + 1, proposals):
        session.execute(insert(Proposal), [_proposal(number, project_id, now) for number in each])
    count_sponsors(session.connection(), project_id)


def _batched(first: int, rows: int) -> Iterator[range]:
    end = first + rows
    return (range(start, min(start + 5000, end)) for start in range(first, end, 5000))


def _add_tier(project_id: int, weight: int, now: datetime) -> int:
    number = next(_numbers)
    tier = Tier(project_id=project_id, slug=f"bench-{number}", position=number)
    version = TierVersion(
        tier=tier, number=1, name=f"Tier {number}", price_minor=10000 * weight, currency="EUR",
        interval=Interval.YEAR, voting_weight=weight, audience=Audience.ORGANIZATION,
        benefits=[{"kind": "logo", "size": "small"}], created_at=now,
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    return version.id


def _picture(number: int) -> dict[str, object]:
    data = b"picture %d" % number
    return {
        "id": number, "sha256": hashlib.sha256(data).hexdigest(), "media_type": "image/webp",
        "width": 1, "height": 1, "data": data,
    }  # fmt: skip


def organization_row(number: int, now: datetime) -> dict[str, object]:
    """A company as an inserted row."""
    return {
        "id": number, "slug": f"sponsor-{number}", "kind": OrganizationKind.COMPANY,
        "name": f"Sponsor {number}", "created_at": now,
    }  # fmt: skip


def _sponsorship(
    number: int, project_id: int, tiers: dict[int, int], now: datetime
) -> dict[str, object]:
    since = now - timedelta(days=400, seconds=number)
    return {
        "reference": f"bench_{number}", "organization_id": number, "project_id": project_id,
        "tier_snapshot_id": tiers[_WEIGHTS[number % len(_WEIGHTS)]], "commercial": Commercial.PAID,
        "term": Term.ACTIVE, "publication": Publication.PUBLISHED,
        "approved_name": f"Sponsor {number}", "approved_website": f"https://{number}.example",
        "approved_picture_id": number, "active_since": since, "term_starts_at": since,
        "term_ends_at": now + timedelta(days=200), "created_at": since,
    }  # fmt: skip


def _proposal(number: int, project_id: int, now: datetime) -> dict[str, object]:
    return {
        "project_id": project_id, "number": number, "title": f"Proposal {number}", "summary": "A summary.",
        "body": "A text.", "state": ProposalState.CONSULTATION, "created_at": now,
        "published_at": now, "updated_at": now,
    }  # fmt: skip
