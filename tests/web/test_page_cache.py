"""Kept pages: ready for visitors, fresh at once after a change, and never anything personal."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from flask import Flask, before_render_template, g
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.app import create_app
from portal.database import Base, db, transaction
from portal.domain.decisions import DecisionKind, RoadmapAction
from portal.domain.ledger import Cause, card_payment
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.domain.record.entries import EntryType
from portal.domain.sponsorship import Publication
from portal.models.ledger import LedgerTransaction
from portal.models.needs import Intake
from portal.models.projects import CharterVersion, Project
from portal.models.proposals import Proposal
from portal.models.record import LogEntry
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.models.votes import Vote
from portal.services.books.ledger import Occasion, post_transaction
from portal.services.projects.roadmap import report_progress
from portal.services.record.record import append_entry
from portal.services.votes.decisions import decide
from tests.builders import make_person, make_project, sign_in
from tests.conftest import make_settings
from tests.vote_builders import DAY, Scene, cast, close, make_scene, make_vote


@pytest.fixture
def kept(committed_app: Flask) -> Iterator[Flask]:
    """A portal with real commits, in whose context a test may change rows, early in a minute."""
    early = datetime.now(UTC).replace(second=3)
    with time_machine.travel(early), committed_app.app_context():
        yield committed_app


def renders(app: Flask, act: Callable[[], object]) -> list[str]:
    """The templates that an action renders."""
    names: list[str] = []

    def note(_app: Flask, template: Any, **_context: Any) -> None:
        names.append(template.name)

    with before_render_template.connected_to(note, app):
        act()
    return names


def change(model: type[Base], row_id: int, **values: Any) -> None:
    """Commit new values of one row."""
    with transaction() as session:
        row = session.get_one(model, row_id)
        for name, value in values.items():
            setattr(row, name, value)


def make_decided(scene: Scene) -> int:
    """A project with a decided vote; the id of the vote."""
    at = datetime.now(UTC) - 20 * DAY
    vote_id = make_vote(scene, now=at)
    cast(scene, vote_id, 0, "for", now=at + DAY)
    cast(scene, vote_id, 1, "for", now=at + DAY)
    close(vote_id, now=at + 14 * DAY)
    with transaction():
        decide(
            scene.lead_actor,
            scene.project.id,
            1,
            kind=DecisionKind.ACCEPTED,
            reasons="It was asked for.",
            responsible="Noor",
            review_on=(at + 60 * DAY).date(),
            now=at + 15 * DAY,
        )
    return vote_id


def test_a_page_is_rendered_once_and_then_kept(kept: Flask, client_of: FlaskClient) -> None:
    make_project("kelp")
    assert renders(kept, lambda: client_of.get("/p/kelp")) != []
    assert renders(kept, lambda: client_of.get("/p/kelp")) == []


@pytest.fixture
def client_of(kept: Flask) -> FlaskClient:
    """A visitor's browser."""
    return kept.test_client()


def test_a_known_page_is_answered_with_304_and_no_bytes(client_of: FlaskClient) -> None:
    first = client_of.get("/")
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["Vary"] == "Cookie, Accept-Encoding"
    again = client_of.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = client_of.get("/", headers={"If-None-Match": 'W/"0123"'})
    assert other.status_code == 200


def test_the_packed_and_the_plain_form_are_one_page(client_of: FlaskClient) -> None:
    plain = client_of.get("/")
    packed = client_of.get("/", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] == plain.headers["ETag"]
    refused = client_of.get("/", headers={"Accept-Encoding": "gzip;q=0"})
    assert refused.data == plain.data


def test_head_is_the_page_without_its_bytes(client_of: FlaskClient) -> None:
    page, head = client_of.get("/"), client_of.head("/")
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(page.data))


def test_kept_pages_carry_the_security_headers(client_of: FlaskClient) -> None:
    client_of.get("/")
    assert "default-src 'none'" in client_of.get("/").headers["Content-Security-Policy"]


CHANGES: dict[str, tuple[str, Callable[[Scene, int], None]]] = {
    "home": ("/", lambda scene, _vote: change(Project, scene.project.id, tagline="Seen")),
    "project": (
        "/p/{slug}",
        lambda scene, _vote: change(Project, scene.project.id, tagline="Seen"),
    ),
    "project, a maintainer's name": (
        "/p/{slug}",
        lambda scene, _vote: change(type(scene.lead), scene.lead.id, name="Seen"),
    ),
    "sponsors": (
        "/p/{slug}/sponsors",
        lambda _scene, _vote: change(Sponsorship, _first(Sponsorship), approved_name="Seen"),
    ),
    "tiers": (
        "/p/{slug}/tiers",
        lambda _scene, _vote: change(TierVersion, _first(TierVersion), name="Seen"),
    ),
    "roadmap": ("/p/{slug}/roadmap", lambda scene, _vote: _report(scene)),
    "proposals": (
        "/p/{slug}/proposals",
        lambda _scene, _vote: change(Proposal, _first(Proposal), title="Seen"),
    ),
    "proposal": (
        "/p/{slug}/proposals/1",
        lambda _scene, _vote: change(Proposal, _first(Proposal), summary="Seen"),
    ),
    "who has voted": (
        "/p/{slug}/proposals/1/present",
        lambda _scene, vote: change(Vote, vote, question="Seen"),
    ),
    "outcome": (
        "/p/{slug}/proposals/1/outcome",
        lambda _scene, vote: change(Vote, vote, question="Seen"),
    ),
    "decision": (
        "/p/{slug}/proposals/1/decision",
        lambda _scene, vote: change(Vote, vote, question="Seen"),
    ),
    "charter": (
        "/p/{slug}/charter",
        lambda _scene, _vote: change(CharterVersion, _first(CharterVersion), note="Seen"),
    ),
    "what if": (
        "/p/{slug}/charter/what-if",
        lambda _scene, _vote: change(Sponsorship, _first(Sponsorship), approved_name="Seen"),
    ),
    "accounts": ("/p/{slug}/accounts", lambda scene, _vote: _earn(scene)),
    "accounts as JSON": ("/p/{slug}/accounts.json", lambda scene, _vote: _earn(scene)),
    "accounts as CSV": ("/p/{slug}/accounts.csv", lambda scene, _vote: _earn(scene)),
    "contribute": ("/p/{slug}/contribute", lambda scene, _vote: _rest(scene, "Seen")),
    "record": ("/p/{slug}/record", lambda scene, _vote: _append(scene, "Seen")),
    "entry of the record": (
        "/p/{slug}/record/0",
        lambda scene, _vote: change(Project, scene.project.id, name="Seen"),
    ),
    "feed": ("/p/{slug}/feed.atom", lambda _scene, vote: change(Vote, vote, question="Seen")),
    "how we work": (
        "/p/{slug}/how-we-work",
        lambda scene, _vote: change(Project, scene.project.id, how_we_work="Seen"),
    ),
    "conduct": (
        "/p/{slug}/conduct",
        lambda scene, _vote: change(Project, scene.project.id, name="Seen"),
    ),
    "organization": (
        "/o/{organization}",
        lambda _scene, _vote: change(Sponsorship, _first(Sponsorship), approved_name="Seen"),
    ),
}

# What the next entry of the record changes, or brings; the log's size before it is `next`.
GROWING = (
    "/p/{slug}/record/{next}",
    "/p/{slug}/record/{next}/proof",
    "/p/{slug}/record/0/proof",
    "/p/{slug}/record/checkpoint",
    "/p/{slug}/record/checkpoint/{size}",
    "/p/{slug}/record/consistency/1/{size}",
)
# Keys change with the portal's settings alone, which are read at its start.
FIXED = ("/p/{slug}/record/key",)


def _first(model: Any) -> int:
    found: int = db.session.scalars(select(model.id).order_by(model.id)).first()
    return found


def _earn(scene: Scene) -> None:
    """A tier earns something; page, JSON and CSV name it "Seen"."""
    version = db.session.get_one(TierVersion, _first(TierVersion))
    change(TierVersion, version.id, name="Seen")
    change(Tier, version.tier_id, slug="Seen")
    with transaction():
        post_transaction(
            scene.project.id,
            card_payment(Money(100, "EUR"), tier_id=version.tier_id),
            key=f"payment:{db.session.query(LedgerTransaction).count()}",
            cause=Cause.PAYMENT,
            actor=SYSTEM,
            now=datetime.now(UTC),
            occasion=Occasion(sponsorship_id=_first(Sponsorship)),
        )


def _rest(scene: Scene, note: str) -> None:
    with transaction() as session:
        session.merge(Intake(project_id=scene.project.id, paused=bool(note), pause_note=note))


def _append(scene: Scene, subject: str) -> None:
    with transaction():
        append_entry(
            scene.project.id, subject, EntryType.CORRECTED, {"why": ""}, at=datetime.now(UTC)
        )


def _report(scene: Scene) -> None:
    with transaction():
        report_progress(
            scene.lead_actor,
            scene.project.id,
            1,
            action=RoadmapAction.NOTE,
            text="Seen",
            now=datetime.now(UTC),
        )


def test_every_public_page_shows_a_change_at_once_in_every_process(kept: Flask) -> None:
    """PERFORMANCE, public pages: two programs stand for two processes on one database."""
    scene = make_scene()
    vote_id = make_decided(scene)
    names = {"slug": scene.project.slug, "organization": scene.organizations[0].slug}
    elsewhere = create_app(make_settings(kept.config["SQLALCHEMY_DATABASE_URI"]))
    here, there = kept.test_client(), elsewhere.test_client()
    for page, (address, act) in CHANGES.items():
        path = address.format(**names)
        for client in (here, there):
            answer = client.get(path)
            assert answer.status_code == 200, page
            assert "Seen" not in answer.text, page
            assert "Set-Cookie" not in answer.headers, page
            assert renders(kept, partial(here.get, path)) == [], f"{page} is kept"
        act(scene, vote_id)
        for client in (here, there):
            assert "Seen" in client.get(path).text, page
        _unsee(scene, vote_id)
    with elsewhere.app_context():
        db.engine.dispose()


def _unsee(scene: Scene, vote_id: int) -> None:
    change(Project, scene.project.id, name="Project", tagline="", how_we_work="")
    _rest(scene, "")
    change(type(scene.lead), scene.lead.id, name="Noor")
    change(Sponsorship, _first(Sponsorship), approved_name="Named")
    change(TierVersion, _first(TierVersion), name="Tier")
    version = db.session.get_one(TierVersion, _first(TierVersion))
    change(Tier, version.tier_id, slug="tier")
    change(Proposal, _first(Proposal), title="Title", summary="Summary")
    change(Vote, vote_id, question="Question?")
    change(CharterVersion, _first(CharterVersion), note="")


def test_every_page_that_the_next_entry_of_the_record_changes(kept: Flask) -> None:
    scene = make_scene()
    elsewhere = create_app(make_settings(kept.config["SQLALCHEMY_DATABASE_URI"]))
    here, there = kept.test_client(), elsewhere.test_client()
    for address in GROWING:
        size = db.session.query(LogEntry).count()
        path = address.format(slug=scene.project.slug, next=size, size=size + 1)
        before = [client.get(path).data for client in (here, there)]
        _append(scene, "another")
        for client, old in zip((here, there), before, strict=True):
            answer = client.get(path)
            assert (answer.status_code, answer.data == old) == (200, False), address
    with elsewhere.app_context():
        db.engine.dispose()


def test_every_page_that_may_be_kept_is_in_the_lists_above(kept: Flask) -> None:
    shared = {
        endpoint
        for endpoint, view in kept.view_functions.items()
        if getattr(view, "portal_shared", False)
    }
    names = {"slug": "kelp", "organization": "o", "next": 4, "size": 5}
    addresses = {*(address for address, _change in CHANGES.values()), *GROWING, *FIXED}
    listed = {kept.url_map.bind("").match(each.format(**names))[0] for each in addresses}
    assert listed == shared


def test_a_change_that_is_rolled_back_changes_nothing(kept: Flask, client_of: FlaskClient) -> None:
    project = make_project("kelp")
    before = client_of.get("/p/kelp").headers["ETag"]
    with suppress(RuntimeError), transaction() as session:
        session.get_one(Project, project.id).tagline = "Never"
        session.flush()
        raise RuntimeError
    assert renders(kept, lambda: client_of.get("/p/kelp")) == []
    assert client_of.get("/p/kelp").headers["ETag"] == before


def test_other_projects_pages_stay_kept(kept: Flask, client_of: FlaskClient) -> None:
    one, _two = make_project("one"), make_project("two")
    client_of.get("/p/two")
    change(Project, one.id, tagline="New")
    assert renders(kept, lambda: client_of.get("/p/two")) == []


def test_the_passing_of_a_close_shows_at_once(kept: Flask, client_of: FlaskClient) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC), tick=False) as clock:
        scene = make_scene()
        make_vote(
            scene, now=datetime.now(UTC) - DAY, closes_at=datetime.now(UTC) + timedelta(seconds=20)
        )
        path = f"/p/{scene.project.slug}/proposals/1"
        assert "Vote open" in client_of.get(path).text
        clock.shift(19)
        assert renders(kept, lambda: client_of.get(path)) == []
        clock.shift(1)
        g.pop("now")  # requests of a test share its context, and so the first one's clock
        assert "Being counted" in client_of.get(path).text


def test_text_that_depends_on_the_clock_is_at_most_a_minute_old(
    kept: Flask, client_of: FlaskClient
) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC), tick=False) as clock:
        make_project("kelp")
        client_of.get("/p/kelp")
        clock.shift(49)
        assert renders(kept, lambda: client_of.get("/p/kelp")) == []
        clock.shift(1)
        assert renders(kept, lambda: client_of.get("/p/kelp")) != []


def test_what_a_signed_in_person_sees_never_gets_into_the_cache(kept: Flask) -> None:
    scene = make_scene()
    make_decided(scene)
    person = make_person("Ottoline Personal")
    mine, visitor = sign_in(kept, person), kept.test_client()
    names = {"slug": scene.project.slug, "organization": scene.organizations[0].slug}
    for address, _change in CHANGES.values():
        path = address.format(**names)
        own = mine.get(path)
        assert ("Ottoline Personal" in own.text) is (own.mimetype == "text/html")
        assert own.headers["Cache-Control"] == "no-store"
        assert "ETag" not in own.headers
        shared = visitor.get(path)
        assert "Ottoline Personal" not in shared.text
        assert "csrf_token" not in shared.text
        assert mine.get(path).text == own.text, "a kept page never answers a person"


def test_a_session_that_signs_nobody_in_gets_the_kept_page(kept: Flask) -> None:
    make_project("kelp")
    browser = kept.test_client()
    with browser.session_transaction() as session:
        session["csrf_token"] = "abc"
    browser.get("/p/kelp")
    assert renders(kept, lambda: browser.get("/p/kelp")) == []


def test_a_message_that_is_owed_is_shown_and_not_kept(kept: Flask) -> None:
    make_project("kelp")
    browser, visitor = kept.test_client(), kept.test_client()
    with browser.session_transaction() as session:
        session["_flashes"] = [("info", "You are signed out.")]
    assert "You are signed out." in browser.get("/p/kelp").text
    assert "You are signed out." not in visitor.get("/p/kelp").text


def test_a_forged_session_is_a_visitors(kept: Flask) -> None:
    make_project("kelp")
    browser = kept.test_client()
    browser.set_cookie("stakehold", "eyJfdXNlcl9pZCI6IjEifQ.aaaa.bbbb")
    browser.get("/p/kelp")
    assert renders(kept, lambda: browser.get("/p/kelp")) == []


def test_each_appearance_has_its_own_page(kept: Flask) -> None:
    make_project("kelp")
    dark, plain = kept.test_client(), kept.test_client()
    dark.set_cookie("theme", "dark")
    assert 'data-theme="dark"' in dark.get("/p/kelp").text
    assert "data-theme" not in plain.get("/p/kelp").text
    plain.set_cookie("theme", '"><script>')
    assert "data-theme" not in plain.get("/p/kelp").text


def test_what_is_not_found_is_not_kept(kept: Flask, client_of: FlaskClient) -> None:
    assert client_of.get("/p/kelp").status_code == 404
    make_project("kelp")
    assert client_of.get("/p/kelp").status_code == 200
    assert client_of.get("/p/kelp/proposals/1").status_code == 404
    assert client_of.get("/p/kelp/").status_code == 404


def test_an_odd_query_is_answered_but_not_kept(kept: Flask, client_of: FlaskClient) -> None:
    make_project("kelp")
    for query in ("a=1&b=2", "before=%3Cscript%3E", "x" * 80):
        assert client_of.get(f"/p/kelp?{query}").status_code == 200
        assert renders(kept, partial(client_of.get, f"/p/kelp?{query}")) != []


def test_memory_is_bounded_and_the_least_used_page_goes_first(
    kept: Flask, client_of: FlaskClient
) -> None:
    make_project("one")
    make_project("two")
    size = len(client_of.get("/p/one").data)
    kept.config["PAGE_CACHE_BYTES"] = 2 * size
    client_of.get("/p/two")
    assert renders(kept, lambda: client_of.get("/p/two")) == []
    assert renders(kept, lambda: client_of.get("/p/one")) != []


def test_a_lost_connection_is_replaced(kept: Flask, client_of: FlaskClient) -> None:
    make_project("kelp")
    client_of.get("/p/kelp")
    reader = kept.wsgi_app._reader  # type: ignore[attr-defined]
    reader._idle[0].connection.close()
    assert renders(kept, lambda: client_of.get("/p/kelp")) == []


def test_sponsors_are_counted_in_the_transaction_that_changes_them(
    kept: Flask, client_of: FlaskClient
) -> None:
    scene = make_scene(weights=(1, 1))
    path = f"/p/{scene.project.slug}/sponsors"
    assert "2 sponsors in good standing" in client_of.get(path).text
    change(Sponsorship, _first(Sponsorship), publication=Publication.HIDDEN, approved_name=None)
    page = client_of.get(path).text
    assert "2 sponsors in good standing, 1 of them not named" in page
    assert scene.organizations[0].name not in page
