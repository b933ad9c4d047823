"""Casting ballots: within the window, one current ballot per elector, superseded ones kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import DecisionMode
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.models.audit import AuditEntry
from portal.models.organizations import Membership
from portal.models.outbox import OutboxMessage
from portal.services.votes.ballots import cast_ballot, cast_maintainer_ballot, void_ballots
from tests.builders import NOW, actor_of, make_organization, make_person, make_project
from tests.vote_builders import (
    DAY,
    SITE,
    Scene,
    ballots_of,
    cast,
    close,
    get_vote,
    make_scene,
    make_vote,
)

SECOND = timedelta(seconds=1)


def test_a_cast_ballot_is_current_and_has_a_receipt(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    reference = cast(scene, vote, 0, "for", reason="We need it.")
    (ballot,) = ballots_of(vote)
    assert (ballot.reference, ballot.choice, ballot.reason, ballot.superseded_at) == (
        reference,
        {"position": "for"},
        "We need it.",
        None,
    )


def test_a_replaced_ballot_is_kept_as_superseded(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    first = cast(scene, vote, 0, "for")
    second = cast(scene, vote, 0, "recused", now=NOW + 2 * DAY)
    old, new = ballots_of(vote)
    assert (old.reference, old.superseded_at) == (first, NOW + 2 * DAY)
    assert (new.reference, new.choice, new.superseded_at) == (second, {"recused": True}, None)


def test_the_same_ballot_again_changes_nothing(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    assert cast(scene, vote, 0, "for") == cast(scene, vote, 0, "for", now=NOW + 2 * DAY)
    assert len(ballots_of(vote)) == 1


def test_the_window_is_half_open(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    end = get_vote(vote).closes_at
    for moment, code in (
        (NOW - SECOND, "vote.not_open"),
        (end, "vote.closed"),
        (end + DAY, "vote.closed"),
    ):
        with pytest.raises(Refusal) as refusal:
            cast(scene, vote, 0, "for", now=moment)
        assert refusal.value.code == code
    assert ballots_of(vote) == []
    cast(scene, vote, 0, "for", now=end - SECOND)


def test_after_the_count_the_clock_no_longer_matters(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    close(vote)
    with pytest.raises(Refusal, match=r"vote\.closed"):
        cast(scene, vote, 0, "for", now=NOW + DAY)


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({}, "ballot.missing_field"),
        ({"position": "maybe"}, "ballot.unknown_option"),
        ({"position": ["for", "for"]}, "ballot.malformed"),
        ({"position": "for", "weight": "999"}, "ballot.extra_field"),
        ({"recused": True, "position": "for"}, "ballot.extra_field"),
        ({"recused": "yes"}, "ballot.malformed"),
    ],
)
def test_a_crafted_ballot_is_refused_with_a_code(
    app: Flask, choice: dict[str, object], code: str
) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    with pytest.raises(Refusal) as refusal, transaction():
        cast_ballot(
            scene.representative(0),
            vote,
            scene.organizations[0].id,
            choice,
            site=SITE,
            now=NOW + DAY,
        )
    assert refusal.value.code == code
    assert ballots_of(vote) == []


def test_only_representative_and_deputy_cast(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    owner = make_person()
    bystander = make_organization(roles={owner: [OrganizationRole.REPRESENTATIVE]})
    for organization_id in (scene.organizations[0].id, bystander.id):
        # Somebody else's organization; and one's own, which is no elector of this vote.
        with pytest.raises(NotFound), transaction():
            cast_ballot(
                actor_of(owner),
                vote,
                organization_id,
                {"position": "for"},
                site=SITE,
                now=NOW + DAY,
            )


def test_an_owner_without_the_seat_is_told_why(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
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
    with pytest.raises(Forbidden), transaction():
        cast_ballot(
            actor_of(owner),
            vote,
            scene.organizations[0].id,
            {"position": "for"},
            site=SITE,
            now=NOW + DAY,
        )


def test_the_charter_may_ask_for_a_reason_against(app: Flask) -> None:
    scene = make_scene(reason_required=True)
    vote = make_vote(scene)
    with pytest.raises(Refusal) as refusal:
        cast(scene, vote, 0, "against")
    assert (refusal.value.code, refusal.value.field) == ("ballot.reason_required", "reason")
    cast(scene, vote, 0, "against", reason="Too costly.")
    cast(scene, vote, 1, "for")


def test_related_companies_share_one_ballot(app: Flask) -> None:
    scene = make_scene()
    with transaction() as session:
        session.merge(scene.organizations[1]).parent_id = scene.organizations[0].id
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    cast(scene, vote, 1, "against")
    assert [ballot.superseded_at is None for ballot in ballots_of(vote)] == [False, True]


def _cast_as_lead(scene: Scene, vote: int) -> None:
    with transaction():
        cast_maintainer_ballot(
            scene.lead_actor, scene.project.id, vote, {"position": "for"}, site=SITE, now=NOW + DAY
        )


def test_maintainers_cast_in_a_vote_of_two_houses(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.TWO_HOUSES)
    vote = make_vote(scene)
    _cast_as_lead(scene, vote)
    assert len(ballots_of(vote)) == 1


def test_maintainers_are_no_electors_of_an_advisory_vote(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    with pytest.raises(Refusal, match=r"vote\.not_elector"):
        _cast_as_lead(scene, vote)
    assert ballots_of(vote) == []


def test_a_vote_of_another_project_is_not_found(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.TWO_HOUSES)
    vote = make_vote(scene)
    other = make_project(roles={scene.lead: [ProjectRole.LEAD]})
    with pytest.raises(NotFound), transaction():
        cast_maintainer_ballot(
            scene.lead_actor, other.id, vote, {"position": "for"}, site=SITE, now=NOW + DAY
        )


def test_a_refund_voids_the_ballot_and_bars_a_new_one(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    with transaction():
        voided = void_ballots(
            scene.lead_actor,
            scene.project.id,
            scene.organizations[0].id,
            why="refunded",
            now=NOW + 2 * DAY,
        )
    assert voided == 1
    assert ballots_of(vote)[0].superseded_at == NOW + 2 * DAY
    with pytest.raises(Refusal, match=r"vote\.voided"):
        cast(scene, vote, 0, "for", now=NOW + 3 * DAY)


def test_a_refund_after_the_close_changes_nothing(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    with transaction():
        assert (
            void_ballots(
                scene.lead_actor,
                scene.project.id,
                scene.organizations[0].id,
                why="refunded",
                now=NOW + 14 * DAY,
            )
            == 0
        )
    assert ballots_of(vote)[0].superseded_at is None


def test_receipt_and_audit_entry_keep_the_choice_to_themselves(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    reference = cast(scene, vote, 0, "against", reason="MARKER")
    mail = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.dedupe_key == f"ballot:{reference}:receipt")
    ).one()
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag == "ballot:elector:cast")
    ).one()
    assert reference in mail.paragraphs
    assert mail.recipient == scene.representatives[0].email
    for text in (mail.subject, mail.paragraphs, entry.sentence, str(entry.details)):
        assert "against" not in text.lower()
        assert "MARKER" not in text
    assert (entry.organization_id, entry.project_id) == (scene.organizations[0].id, None)
