"""The pages of a window: extending it, turnout, who has voted, and the calendar file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from flask import Flask
from icalendar import Calendar, Event

from portal.database import transaction
from portal.domain.charter import PrivacyMode
from portal.services.votes.tallies import begin_count, note_ballots_read
from portal.services.votes.turnout import count_turnout
from tests.builders import sign_in
from tests.vote_builders import (
    DAY,
    Scene,
    cast,
    close,
    get_vote,
    make_consultation,
    make_scene,
    make_vote,
    seal_of,
)


def today() -> datetime:
    return datetime.now(UTC)


def yesterdays_vote(scene: Scene, **values: Any) -> int:
    return make_vote(scene, now=today() - DAY, **values)


def event_of(app: Flask, scene: Scene, vote: int) -> Event:
    answer = app.test_client().get(f"/p/{scene.project.slug}/votes/{vote}/deadline.ics")
    assert answer.mimetype == "text/calendar"
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    return event


def test_a_maintainer_previews_and_extends_a_window(app: Flask) -> None:
    scene = make_scene()
    vote = yesterdays_vote(scene)
    lead = sign_in(app, scene.lead)
    desk = f"/desk/{scene.project.slug}/votes/{vote}"
    assert f"{desk}/extend" in lead.get(desk).text
    before = get_vote(vote).closes_at
    later = (before + 7 * DAY).replace(second=0, microsecond=0)
    form = {"closes_at": f"{later:%Y-%m-%dT%H:%M}", "reason": "Holidays.",
            "seal": before.isoformat()}  # fmt: skip
    preview = lead.post(f"{desk}/extend", data=form | {"step": "preview"})
    assert preview.status_code == 200
    assert "Nothing is saved yet." in preview.text
    assert "those who cast for 4 electors" in preview.text
    assert get_vote(vote).closes_at == before
    assert lead.post(f"{desk}/extend", data=form | {"step": "save"}).status_code == 303
    assert get_vote(vote).closes_at == later
    again = lead.post(f"{desk}/extend", data=form | {"step": "save"})
    assert again.status_code == 422
    assert "extended once" in again.text
    assert f"{desk}/extend" not in lead.get(desk).text
    for page in (
        app.test_client().get(f"/p/{scene.project.slug}/proposals/1"),
        lead.get(desk),
        sign_in(app, scene.representatives[0]).get(
            f"/organizations/{scene.organizations[0].slug}/votes/{vote}"
        ),
    ):
        assert "Holidays." in page.text


def test_a_shorter_window_is_refused_at_its_field_in_the_preview_too(app: Flask) -> None:
    scene = make_scene()
    vote = yesterdays_vote(scene)
    answer = sign_in(app, scene.lead).post(
        f"/desk/{scene.project.slug}/votes/{vote}/extend",
        data={"closes_at": f"{today() + DAY:%Y-%m-%dT%H:%M}", "reason": "R", "step": "preview"},
    )
    assert answer.status_code == 422
    assert "a window only grows" in answer.text


def test_the_public_sees_turnout_who_has_voted_and_time_left(app: Flask) -> None:
    scene = make_scene()
    vote = yesterdays_vote(scene)
    cast(scene, vote, 2, "against", reason="MARKER", now=today() - 3 * timedelta(hours=1))
    with transaction():
        count_turnout(vote, now=today())
    visitor = app.test_client()
    page = visitor.get(f"/p/{scene.project.slug}/proposals/1").text
    assert "12 days left" in page
    assert "1 of 4" in page
    assert f"/votes/{vote}/deadline.ics" in page
    listed = visitor.get(f"/p/{scene.project.slug}/proposals/1/present").text
    names = [each.name in listed for each in scene.organizations]
    assert names == [False, False, True, False]
    assert "MARKER" not in listed + page
    assert "Against" not in listed


def test_a_secret_vote_names_nobody(app: Flask) -> None:
    scene = make_scene(weights=(1,) * 6, privacy=PrivacyMode.SECRET_AGGREGATE)
    vote = yesterdays_vote(scene)
    cast(scene, vote, 2, "against", now=today() - 3 * timedelta(hours=1))
    with transaction():
        count_turnout(vote, now=today())
    listed = app.test_client().get(f"/p/{scene.project.slug}/proposals/1/present").text
    assert not [each.name for each in scene.organizations if each.name in listed]
    assert "1 of 6" in listed
    assert "by weight" not in listed


def test_the_calendar_file_says_when_the_vote_closes(app: Flask) -> None:
    scene = make_scene()
    vote = yesterdays_vote(scene)
    event = event_of(app, scene, vote)
    assert event["UID"] == f"vote-{vote}@localhost"
    assert abs(event["DTSTART"].dt - get_vote(vote).closes_at) < timedelta(seconds=1)
    assert event["SEQUENCE"] == 0
    assert event["URL"] == f"http://localhost/p/{scene.project.slug}/proposals/1"
    unknown = app.test_client().get(f"/p/{scene.project.slug}/votes/4711/deadline.ics")
    assert unknown.status_code == 404


def test_how_far_the_count_has_come_stands_on_the_vote_pages(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene, now=today() - 20 * DAY)
    cast(scene, vote, 0, "for", now=today() - 19 * DAY)
    with transaction():
        begin_count(vote, now=today())
        note_ballots_read(vote, 1)
    for page in (
        app.test_client().get(f"/p/{scene.project.slug}/proposals/1"),
        sign_in(app, scene.lead).get(f"/desk/{scene.project.slug}/votes/{vote}"),
    ):
        assert "1 of 1 ballots are counted" in page.text


def test_a_maintainer_may_open_a_secret_vote_with_equal_weights(app: Flask) -> None:
    scene = make_scene(
        weights=(8, 4, 2, 1, 1), privacy=PrivacyMode.SECRET_AGGREGATE, cap=Fraction(1)
    )
    number = make_consultation(scene)
    lead = sign_in(app, scene.lead)
    address = f"/desk/{scene.project.slug}/proposals/{number}/open-vote"
    page = lead.get(address).text
    assert "cannot vote in secret" in page
    assert "merged=y" in page
    assert "cannot vote in secret" not in lead.get(f"{address}?merged=y").text
    form = {"question": "Shall it?", "closes_at": f"{today() + 7 * DAY:%Y-%m-%dT%H:%M}"}
    plain = form | {"seal": seal_of(scene, number, now=today())}
    assert lead.post(address, data=plain).status_code == 422
    merged = form | {"merged": "y", "seal": seal_of(scene, number, now=today(), merged=True)}
    answer = lead.post(address, data=merged)
    assert answer.status_code == 303
    vote = get_vote(int(answer.location.rsplit("/", 1)[1]))
    assert {each["weight"] for each in vote.rules["electorate"]["sponsors"]} == {1000}


def test_a_conflict_of_interest_is_stated_on_the_ballot_and_read_after_the_close(
    app: Flask,
) -> None:
    scene = make_scene()
    vote = yesterdays_vote(scene)
    own = f"/organizations/{scene.organizations[0].slug}/votes/{vote}"
    caster = sign_in(app, scene.representatives[0])
    form = {"position": "for", "reason": "", "conflict": "We sell queues."}
    assert caster.post(own, data=form).status_code == 303
    assert "We sell queues." in caster.get(own).text
    outcome = f"/p/{scene.project.slug}/proposals/1/outcome"
    close(vote, now=get_vote(vote).closes_at)
    assert "Conflict of interest: We sell queues." in app.test_client().get(outcome).text
