"""PERFORMANCE, computed pages: at most six statements, no more for a thousand rows than for ten."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient

from portal.database import transaction
from tests.bench.rows import add_rows
from tests.sent_statements import sent_statements
from tests.vote_builders import DAY, cast, close, make_scene, make_vote

MOST = 6
PAGES = (
    "/",
    "/p/{}",
    "/p/{}/sponsors",
    "/p/{}/tiers",
    "/p/{}/roadmap",
    "/p/{}/proposals",
    "/p/{}/proposals/1",
    "/p/{}/proposals/1/outcome",
    "/p/{}/accounts",
    "/p/{}/accounts.json",
    "/p/{}/charter",
    "/p/{}/how-we-work",
    "/o/organization-1",
)


def count(client: FlaskClient, path: str) -> int:
    """How many statements a page takes once its program is warm."""
    with sent_statements() as sent:
        assert client.get(path).status_code in {200, 404}
    return len(sent)


def test_pages_take_at_most_six_statements_whatever_the_number_of_rows(
    app: Flask, client: FlaskClient
) -> None:
    scene = make_scene(weights=(4, 2, 1))
    at = datetime.now(UTC) - 20 * DAY
    vote_id = make_vote(scene, now=at)
    cast(scene, vote_id, 0, "for", now=at + DAY)
    close(vote_id, now=at + 14 * DAY)
    slug, project_id = scene.project.slug, scene.project.id
    paths = [page.format(slug) for page in PAGES]
    with transaction():
        add_rows(project_id, sponsors=10, proposals=10)
    few = [count(client, path) for path in paths]
    with transaction():
        add_rows(project_id, sponsors=1000, proposals=1000)
    many = [count(client, path) for path in paths]
    assert all(after <= before for before, after in zip(few, many, strict=True)), (few, many)
    over = {path: number for path, number in zip(paths, few, strict=True) if number > MOST}
    assert not over
