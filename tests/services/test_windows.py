"""Extending a vote's window: once, before the close, logged, and told to everybody entitled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.database import db, transaction
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.votes import VoteState, check_extension, extension_obstacles
from portal.models.audit import AuditEntry
from portal.models.outbox import OutboxMessage
from portal.models.votes import WindowExtension
from portal.queries.votes.windows import find_window
from portal.services.votes.windows import extend_window
from tests.builders import NOW, make_project
from tests.vote_builders import DAY, SITE, Scene, cast, close, get_vote, make_scene, make_vote

END = NOW + 14 * DAY


def extend(scene: Scene, vote: int, *, to: datetime = END + 7 * DAY, **values: Any) -> None:
    settings: dict[str, Any] = {
        "closes_at": to,
        "seen_close": get_vote(vote).closes_at,
        "reason": "Holidays.",
        "site": SITE,
        "now": NOW + DAY,
    }
    with transaction():
        extend_window(scene.lead_actor, scene.project.id, vote, **settings | values)


def test_an_extended_window_takes_ballots_until_its_new_close(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    frozen = get_vote(vote).fingerprint
    extend(scene, vote)
    cast(scene, vote, 0, "for", now=END + DAY)
    with pytest.raises(Refusal, match=r"vote\.closed"):
        cast(scene, vote, 1, "for", now=END + 7 * DAY)
    with pytest.raises(Refusal, match=r"vote\.open"):
        close(vote, now=END + DAY)
    assert close(vote, now=END + 7 * DAY)
    assert get_vote(vote).fingerprint == frozen


def test_an_extension_is_logged_shown_and_told(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    extend(scene, vote)
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag == "vote:window:extended")
    ).one()
    assert entry.project_id == scene.project.id
    assert entry.details["from"] == END.isoformat()
    shown = find_window(vote).extension
    assert shown is not None
    assert (shown.closed_before, shown.closes_at) == (END, END + 7 * DAY)
    assert (shown.reason, shown.extended_by) == ("Holidays.", scene.lead.name)
    mails = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.dedupe_key.like(f"vote:{vote}:extended:%"))
    ).all()
    assert {mail.recipient for mail in mails} == {each.email for each in scene.representatives}
    assert all("Holidays." in mail.paragraphs for mail in mails)


def test_a_window_is_extended_once(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    extend(scene, vote)
    with pytest.raises(Refusal, match=r"vote\.extended_before"):
        extend(scene, vote, to=END + 14 * DAY)
    assert get_vote(vote).closes_at == END + 7 * DAY
    row = {"vote_id": vote, "closed_before": END, "closes_at": END + DAY, "reason": "R",
           "extended_by": "x", "extended_at": NOW}  # fmt: skip
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(WindowExtension(**row))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"now": END}, r"vote\.closed"),
        ({"to": END}, r"vote\.window_shorter"),
        ({"to": END - DAY}, r"vote\.window_shorter"),
        ({"to": NOW + 90 * DAY + timedelta(seconds=1)}, r"vote\.window_long"),
        ({"reason": ""}, r"vote\.extension_reason"),
    ],
)
def test_an_extension_out_of_time_or_bounds_is_refused(
    app: Flask, values: dict[str, Any], code: str
) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    with pytest.raises(Refusal, match=code):
        extend(scene, vote, **values)
    assert get_vote(vote).closes_at == END
    assert find_window(vote).extension is None


def test_a_preview_of_another_close_is_a_conflict(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    with pytest.raises(Conflict):
        extend(scene, vote, seen_close=END - DAY)


def test_strangers_and_sponsors_extend_nothing(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    other = make_project()
    for actor, project in (
        (scene.representative(0), scene.project.id),
        (scene.lead_actor, other.id),
    ):
        with pytest.raises(NotFound), transaction():
            extend_window(
                actor, project, vote, closes_at=END + DAY, seen_close=END, reason="R",
                site=SITE, now=NOW,
            )  # fmt: skip


def test_the_rules_of_an_extension() -> None:
    def codes(
        state: VoteState, *, extended: datetime | None = None, now: datetime = NOW
    ) -> list[str]:
        found = extension_obstacles(state, END, extended_at=extended, now=now)
        return [each.code for each in found]

    assert codes(VoteState.OPEN) == []
    assert codes(VoteState.OPEN, now=END) == ["vote.closed"]
    assert codes(VoteState.COUNTING) == codes(VoteState.TALLIED) == ["vote.closed"]
    assert codes(VoteState.OPEN, extended=NOW) == ["vote.extended_before"]
    check_extension(NOW, END, NOW + 90 * DAY)
