"""From draft to shipped in the browser: every page of proposals, votes, decisions and roadmap."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from portal.database import db, transaction
from portal.domain.charter import PrivacyMode
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.models.decisions import DecisionRecord
from portal.models.organizations import Membership
from portal.models.outbox import OutboxMessage
from portal.queries.votes.outcomes import get_outcome_page
from portal.queries.votes.proposals import get_desk_proposal, get_proposal_page
from tests.builders import NOW, make_person, make_project, sign_in
from tests.vote_builders import (
    DAY,
    Scene,
    ballots_of,
    cast,
    close,
    get_vote,
    make_consultation,
    make_draft,
    make_scene,
    make_vote,
    seal_of,
)

TEXT = {"title": "Persistent queues", "summary": "They survive.", "body": "# Why\n\n*Because.*"}


def today() -> datetime:
    return datetime.now(UTC)


def live_vote(scene: Scene) -> int:
    """A vote that is open at this moment of the real clock."""
    return make_vote(scene, now=today() - timedelta(minutes=1))


def test_from_draft_to_shipped(app: Flask) -> None:
    scene = make_scene()
    root = f"/desk/{scene.project.slug}"
    lead = sign_in(app, scene.lead)
    answer = lead.post(f"{root}/proposals/new", data=TEXT)
    assert (answer.status_code, answer.location) == (303, f"{root}/proposals/1")
    assert "<h3>Why</h3>" in lead.get(answer.location).text
    assert lead.post(f"{root}/proposals/1/publish", data={"revision": "1"}).status_code == 303

    page = lead.get(f"{root}/proposals/1/open-vote")
    assert page.status_code == 200
    for organization in scene.organizations:
        assert organization.name in page.text
    answer = lead.post(
        f"{root}/proposals/1/open-vote",
        data={
            "question": "Shall they survive?",
            "closes_at": (today() + 7 * DAY).strftime("%Y-%m-%dT%H:%M"),
            "seal": seal_of(scene, 1, now=today()),
        },
    )
    assert answer.status_code == 303
    vote = int(answer.location.rsplit("/", 1)[1])
    assert get_vote(vote).fingerprint in lead.get(answer.location).text

    for index, position in enumerate(("for", "for", "against", "recused")):
        client = sign_in(app, scene.representatives[index])
        own = f"/organizations/{scene.organizations[index].slug}/votes"
        assert "Shall they survive?" in client.get(own).text
        answer = client.post(f"{own}/{vote}", data={"position": position, "reason": ""})
        assert answer.status_code == 303
        assert ballots_of(vote)[-1].reference in client.get(f"{own}/{vote}").text
    close(vote, now=get_vote(vote).closes_at)

    answer = lead.get(f"{root}/proposals/1/decision")
    assert "Follows the outcome." in answer.text
    answer = lead.post(
        f"{root}/proposals/1/decision",
        data={
            "kind": "accepted",
            "reasons": "Carried, and we **can**.",
            "responsible": "Noor",
            "review_on": (today() + 90 * DAY).date().isoformat(),
        },
    )
    assert answer.status_code == 303
    assert "<strong>can</strong>" in lead.get(answer.location).text

    item = f"{root}/roadmap/1"
    assert "Persistent queues" in lead.get(f"{root}/roadmap").text
    for data in (
        {"action": "start", "text": "Begun.", "owner": "maintainers"},
        {"action": "ship", "owner": "lead", "shipped_url": "https://example.org/1.0"},
    ):
        assert lead.post(item, data=data).status_code == 303
    assert "https://example.org/1.0" in lead.get(item).text
    assert get_proposal_page(scene.project.id, 1, now=today()).roadmap == "shipped"


def test_the_preview_of_a_text_saves_nothing(app: Flask) -> None:
    scene = make_scene()
    lead = sign_in(app, scene.lead)
    answer = lead.post(f"/desk/{scene.project.slug}/proposals/new", data=TEXT | {"step": "preview"})
    assert answer.status_code == 200
    assert "<em>Because.</em>" in answer.text
    assert "No proposal yet" in lead.get(f"/desk/{scene.project.slug}/proposals").text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Title"),
        ({"title": "x" * 141}, "at most 140"),
        ({"title": "a\u202eb"}, "cannot be seen"),
        ({"title": "ok", "body": "y" * 40_001}, "at most 40,000"),
        ({"title": "ok", "summary": "zero\u200bwidth"}, "cannot be seen"),
    ],
)
def test_a_bad_text_is_refused_at_its_field_and_kept(
    app: Flask, data: dict[str, str], sentence: str
) -> None:
    scene = make_scene(weights=(1,))
    lead = sign_in(app, scene.lead)
    answer = lead.post(f"/desk/{scene.project.slug}/proposals/new", data=data)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'aria-invalid="true"' in answer.text
    for typed in data.values():
        assert typed in answer.text


def test_scripts_in_a_text_are_text(app: Flask) -> None:
    scene = make_scene(weights=(1,))
    number = make_draft(
        scene,
        title="<script>alert(1)</script>",
        body="<script>alert(2)</script> [x](javascript:alert(3))",
    )
    page = sign_in(app, scene.lead).get(f"/desk/{scene.project.slug}/proposals/{number}").text
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_a_second_tab_is_told_and_keeps_what_was_typed(app: Flask) -> None:
    scene = make_scene(weights=(1,))
    number = make_draft(scene)
    lead = sign_in(app, scene.lead)
    url = f"/desk/{scene.project.slug}/proposals/{number}/edit"
    assert lead.post(url, data=TEXT | {"title": "First tab", "revision": "1"}).status_code == 303
    answer = lead.post(url, data=TEXT | {"title": "Second tab", "revision": "1"})
    assert answer.status_code == 409
    assert "Second tab" in answer.text
    assert "First tab" in answer.text
    assert get_desk_proposal(scene.project.id, number, now=today()).title == "First tab"
    assert 'name="revision" type="hidden" value="2"' in answer.text
    assert lead.post(url, data=TEXT | {"title": "Both", "revision": "2"}).status_code == 303


def test_a_tampered_revision_is_a_conflict(app: Flask) -> None:
    scene = make_scene(weights=(1,))
    number = make_draft(scene)
    lead = sign_in(app, scene.lead)
    for revision in ("", "x", "99999999999999999999", "²"):
        answer = lead.post(
            f"/desk/{scene.project.slug}/proposals/{number}/edit",
            data=TEXT | {"revision": revision},
        )
        assert answer.status_code == 409


def test_publishing_an_empty_draft_is_refused_with_the_reason(app: Flask) -> None:
    scene = make_scene(weights=(1,))
    number = make_draft(scene, summary="", body="")
    answer = sign_in(app, scene.lead).post(
        f"/desk/{scene.project.slug}/proposals/{number}/publish", data={"revision": "1"}
    )
    assert answer.status_code == 422
    assert "needs a summary and a text" in answer.text


def test_a_text_that_changed_since_it_was_read_is_not_published_unread(app: Flask) -> None:
    scene = make_scene(weights=(1,))
    number = make_draft(scene)
    root = f"/desk/{scene.project.slug}/proposals/{number}"
    lead = sign_in(app, scene.lead)
    edited = TEXT | {"revision": "1", "body": "Written meanwhile."}
    assert lead.post(f"{root}/edit", data=edited).status_code == 303

    answer = lead.post(f"{root}/publish", data={"revision": "1"})
    assert answer.status_code == 409
    assert "Read the text as it stands now" in answer.text
    assert "Written meanwhile." in answer.text
    assert re.search(r'name="revision"[^>]*value="2"', answer.text)
    assert lead.get(f"/p/{scene.project.slug}/proposals/{number}").status_code == 404
    assert lead.post(f"{root}/publish", data={"revision": "2"}).status_code == 303


def test_withdrawing_needs_a_reason(app: Flask) -> None:
    scene = make_scene(weights=(1,))
    number = make_consultation(scene)
    lead = sign_in(app, scene.lead)
    url = f"/desk/{scene.project.slug}/proposals/{number}/withdraw"
    assert lead.post(url, data={"reason": " "}).status_code == 422
    assert lead.post(url, data={"reason": "Out of date."}).status_code == 303
    assert get_proposal_page(scene.project.id, number, now=today()).withdrawal_reason == (
        "Out of date."
    )
    assert lead.post(url, data={"reason": "Again."}).status_code == 422


def test_opening_twice_with_the_back_button_is_refused(app: Flask) -> None:
    scene = make_scene()
    number = make_consultation(scene)
    lead = sign_in(app, scene.lead)
    url = f"/desk/{scene.project.slug}/proposals/{number}/open-vote"
    data = {
        "question": "Yes?",
        "closes_at": (today() + DAY).strftime("%Y-%m-%dT%H:%M"),
        "seal": seal_of(scene, number, now=today()),
    }
    assert lead.post(url, data=data).status_code == 303
    again = lead.post(url, data=data)
    assert again.status_code == 422
    assert "A vote on this proposal is running" in again.text


def test_a_changed_standing_shows_the_new_preview_instead_of_opening(app: Flask) -> None:
    scene = make_scene()
    number = make_consultation(scene)
    lead = sign_in(app, scene.lead)
    url = f"/desk/{scene.project.slug}/proposals/{number}/open-vote"
    data = {
        "question": "Typed question?",
        "seal": seal_of(scene, number, now=today()),
        "closes_at": (today() + DAY).strftime("%Y-%m-%dT%H:%M"),
    }
    from tests.builders import make_organization, make_sponsorship, make_tier

    newcomer = make_organization("newcomer")
    make_sponsorship(newcomer, make_tier(scene.project, voting_weight=3))
    answer = lead.post(url, data=data)
    assert answer.status_code == 409
    assert "Nothing was opened" in answer.text
    assert "Newcomer" in answer.text
    assert "Typed question?" in answer.text
    seal = seal_of(scene, number, now=today())
    assert seal in answer.text
    assert lead.post(url, data=data | {"seal": seal}).status_code == 303


@pytest.mark.parametrize("typed", ["", "tomorrow", "2020-01-01T10:00", "9999-12-31T23:59"])
def test_a_bad_close_is_refused_at_its_field(app: Flask, typed: str) -> None:
    scene = make_scene()
    number = make_consultation(scene)
    answer = sign_in(app, scene.lead).post(
        f"/desk/{scene.project.slug}/proposals/{number}/open-vote",
        data={"question": "Yes?", "closes_at": typed, "seal": seal_of(scene, number, now=today())},
    )
    assert answer.status_code == 422
    assert 'id="closes_at-error"' in answer.text
    assert f'value="{typed}"' in answer.text


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"position": ""},
        {"position": "maybe"},
        {"position": ["for", "against"]},
        {"position": "for", "weight": "1000000"},
        {"position": "for", "elector_id": "1"},
        {"position": "for", "reason": ["a", "b"]},
        {"position": "for", "reason": "x" * 1001},
        {"position": "for", "reason": "a\u202eb"},
    ],
)
def test_a_crafted_ballot_is_refused_and_leaves_nothing(
    app: Flask, data: dict[str, object]
) -> None:
    scene = make_scene()
    vote = live_vote(scene)
    client = sign_in(app, scene.representatives[0])
    url = f"/organizations/{scene.organizations[0].slug}/votes/{vote}"
    answer = client.post(url, data=data)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert ballots_of(vote) == []


def test_whoever_casts_again_is_told_what_became_of_the_earlier_ballot(app: Flask) -> None:
    scene = make_scene()
    vote = live_vote(scene)
    client = sign_in(app, scene.representatives[0])
    url = f"/organizations/{scene.organizations[0].slug}/votes/{vote}"
    for position, said in (
        ("for", "The ballot is cast. Its receipt"),
        ("for", "This very ballot stood already."),
        ("against", "The ballot is cast, and replaces the earlier one."),
    ):
        assert said in client.post(url, data={"position": position}, follow_redirects=True).text


def test_a_ballot_after_the_close_is_refused_before_any_job_ran(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene, now=today() - 20 * DAY)
    client = sign_in(app, scene.representatives[0])
    url = f"/organizations/{scene.organizations[0].slug}/votes/{vote}"
    assert "being counted" in client.get(url).text
    answer = client.post(url, data={"position": "for"})
    assert answer.status_code == 422
    assert "This vote is closed" in answer.text
    assert ballots_of(vote) == []


def test_who_may_not_cast_is_led_to_the_proposal_not_to_the_ballot(app: Flask) -> None:
    scene = make_scene()
    vote = live_vote(scene)
    organization = scene.organizations[0]
    viewer = make_person("Vera Viewer")
    with transaction() as session:
        session.add(
            Membership(
                organization_id=organization.id,
                person_id=viewer.id,
                role=OrganizationRole.VIEWER,
                since=NOW,
            )
        )
    desk = f"/organizations/{organization.slug}"
    ballot, proposal = f"{desk}/votes/{vote}", f"/p/{scene.project.slug}/proposals/1"
    assert ballot in sign_in(app, scene.representatives[0]).get(desk).text
    seen = sign_in(app, viewer).get(desk).text
    assert ballot not in seen
    assert seen.count(f'href="{proposal}"') == 2


def test_ids_of_other_organizations_and_projects_are_not_found(app: Flask) -> None:
    scene, other = make_scene(), make_scene()
    vote = live_vote(scene)
    client = sign_in(app, other.representatives[0])
    own = other.organizations[0].slug
    for url in (
        f"/organizations/{own}/votes/{vote}",
        f"/organizations/{scene.organizations[0].slug}/votes/{vote}",
        f"/organizations/{scene.organizations[0].slug}/votes",
        f"/organizations/{own}/votes/{2**31}",
        f"/organizations/{own}/votes/{2**31 - 1}",
    ):
        assert client.get(url).status_code == 404, url
    assert (
        client.post(f"/organizations/{own}/votes/{vote}", data={"position": "for"}).status_code
        == 404
    )
    lead = sign_in(app, other.lead)
    desk = f"/desk/{other.project.slug}"
    for path in (
        "proposals/1",
        "proposals/1/edit",
        "proposals/1/open-vote",
        "proposals/1/decision",
        f"votes/{vote}",
        "roadmap/1",
    ):
        assert lead.get(f"{desk}/{path}").status_code == 404, path
        assert lead.get(f"/desk/{scene.project.slug}/{path}").status_code == 404, path
    assert ballots_of(vote) == []


def test_roles_without_the_right_are_told_why(app: Flask) -> None:
    steward = make_person()
    project = make_project(roles={steward: [ProjectRole.STEWARD]})
    client = sign_in(app, steward)
    assert client.get(f"/desk/{project.slug}/proposals").status_code == 200
    for path in ("proposals/new", "roadmap"):
        assert client.get(f"/desk/{project.slug}/{path}").status_code == 403


def test_a_departure_without_reasons_is_refused(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    for index in range(4):
        cast(scene, vote, index, "for")
    close(vote)
    lead = sign_in(app, scene.lead)
    url = f"/desk/{scene.project.slug}/proposals/1/decision"
    data = {
        "kind": "declined",
        "reasons": "  ",
        "responsible": "Noor",
        "review_on": (today() + DAY).date().isoformat(),
    }
    answer = lead.post(url, data=data)
    assert answer.status_code == 422
    assert "Reasons" in answer.text
    assert get_outcome_page(scene.project.id, 1).decision is None
    assert lead.post(url, data=data | {"reasons": "We lost the maintainer."}).status_code == 303
    decision = get_outcome_page(scene.project.id, 1).decision
    assert decision is not None
    assert decision.follows is False
    assert lead.post(url, data=data | {"reasons": "Again."}).status_code == 422
    public = f"/p/{scene.project.slug}/proposals/1"
    for page in (public, f"{public}/decision"):
        assert "The decision is looked at again on" in lead.get(page).text
    db.session.execute(update(DecisionRecord).values(review_on=(today() - DAY).date()))
    db.session.commit()
    for page in (public, f"{public}/decision"):
        assert "was to be looked at again on" in lead.get(page).text


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "maybe", "review_on": "soon"},
        {"kind": "accepted", "reasons": "x", "responsible": "y", "review_on": "2020-01-01"},
    ],
)
def test_a_bad_decision_is_refused(app: Flask, data: dict[str, str]) -> None:
    scene = make_scene()
    close(make_vote(scene))
    answer = sign_in(app, scene.lead).post(
        f"/desk/{scene.project.slug}/proposals/1/decision", data=data
    )
    assert answer.status_code == 422
    assert get_outcome_page(scene.project.id, 1).decision is None


def _texts(client: FlaskClient, *urls: str) -> str:
    return "".join(client.get(url).text for url in urls)


def test_members_without_the_seat_see_that_a_ballot_is_cast_and_no_more(app: Flask) -> None:
    from portal.database import transaction
    from portal.domain.permissions import OrganizationRole
    from portal.models.organizations import Membership
    from tests.builders import NOW

    scene = make_scene()
    vote = live_vote(scene)
    cast(scene, vote, 0, "against", reason="MARKER", now=today())
    owner = make_person()
    with transaction() as session:
        session.add(
            Membership(
                organization_id=scene.organizations[0].id,
                person_id=owner.id,
                role=OrganizationRole.OWNER,
                since=NOW,
            )
        )
    client = sign_in(app, owner)
    own = f"/organizations/{scene.organizations[0].slug}/votes"
    assert "Ballot cast" in client.get(own).text
    assert "MARKER" not in client.get(own).text
    assert client.get(f"{own}/{vote}").status_code == 403


def test_shares_are_exact_in_the_preview(app: Flask) -> None:
    scene = make_scene(weights=(20, 4, 4, 2, 2, 2, 1, 1, 1, 1), cap=Fraction(1, 4))
    number = make_consultation(scene)
    page = (
        sign_in(app, scene.lead)
        .get(f"/desk/{scene.project.slug}/proposals/{number}/open-vote")
        .text
    )
    # VOTING 2: capped to a quarter, the largest of these weighs 6 and holds a quarter.
    assert "25%" in page
    assert "capped" in page


def test_no_page_or_mail_of_a_secret_vote_says_that_it_will_be_opened(app: Flask) -> None:
    """What is true of a sealed roll call, that all is opened at the close, is not true of it."""
    scene = make_scene(weights=(2,) * 5, privacy=PrivacyMode.SECRET_AGGREGATE)
    vote = live_vote(scene)
    cast(scene, vote, 0, "for", now=today())
    own = f"/organizations/{scene.organizations[0].slug}/votes/{vote}"
    elector = sign_in(app, scene.representatives[0])
    proposal = app.test_client().get(f"/p/{scene.project.slug}/proposals/1").text
    ballot, receipt = elector.get(own).text, elector.get(f"{own}/receipt").text
    desk = sign_in(app, scene.lead).get(f"/desk/{scene.project.slug}/votes/{vote}").text
    mails = db.session.scalars(select(OutboxMessage.paragraphs)).all()
    assert len(mails) == 6
    for untrue in (
        "every choice, weight and reason is opened",
        "sees your choice before the close",
        "see this before the close",
        "sees it before the close",
        "to nobody before the close",
        "ealed until the close",
        "ntil then nobody sees",
        "See who has voted",
    ):
        for said in (ballot, receipt, proposal, desk, *map(str, mails)):
            assert untrue not in said
    assert "nobody ever sees a choice" in proposal
    assert "nobody ever sees a choice" in desk
    assert "Nobody ever sees your choice" in ballot
    assert "Show the file to nobody, not even after the close." in receipt
