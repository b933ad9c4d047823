"""Decisions and roadmap updates reach those who took part in a proposal, once, in bounded steps."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import ContributorsVoice, DecisionMode
from portal.domain.decisions import DecisionKind, RoadmapAction
from portal.domain.needs import NeedState
from portal.domain.notifications import MailKind, Way, next_digest_at
from portal.domain.permissions import OrganizationRole
from portal.domain.sponsorship import Term
from portal.jobs import run_due
from portal.models.notifications import ProposalNews
from portal.models.outbox import OutboxMessage
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.votes import Elector
from portal.services.projects.roadmap import report_progress
from portal.services.votes import news, vote_mail
from portal.services.votes.decisions import decide
from portal.services.votes.tallies import find_untold_votes, tell_some
from tests.builders import make_organization, make_person
from tests.contributor_builders import make_contributor
from tests.need_builders import make_need
from tests.statement_builders import make_statements
from tests.vote_builders import (
    DAY,
    NOW,
    Scene,
    cast,
    close,
    make_consultation,
    make_scene,
    make_vote,
)

LATER = NOW + 15 * DAY


def play(scene: Scene) -> None:
    """A vote in which the first two sponsors voted; the third's need is what it answers."""
    number = make_consultation(scene)
    proposal_id = db.session.scalars(select(Proposal.id)).one()
    author = scene.representatives[2]
    make_need(
        scene.project, scene.organizations[2], author, NeedState.TAKEN_UP, proposal_id=proposal_id
    )
    vote = make_vote(scene, number)
    cast(scene, vote, 0, "for")
    cast(scene, vote, 0, "for")
    cast(scene, vote, 1, "for")
    close(vote)
    with transaction():
        decide(
            scene.lead_actor, scene.project.id, number, kind=DecisionKind.ACCEPTED,
            reasons="It is time.", responsible="Noor", review_on=date(2027, 5, 1), now=LATER,
        )  # fmt: skip


def ship(scene: Scene) -> None:
    for action, text, url in (
        (RoadmapAction.START, "", ""),
        (RoadmapAction.SHIP, "Thank you for waiting.", "https://kelp.example/releases/4"),
    ):
        with transaction():
            report_progress(
                scene.lead_actor, scene.project.id, 1,
                action=action, text=text, shipped_url=url, now=LATER,
            )  # fmt: skip


def news_of(kind: MailKind) -> list[OutboxMessage]:
    return list(
        db.session.scalars(
            select(OutboxMessage)
            .filter_by(kind=kind.value)
            .where(OutboxMessage.dedupe_key.like("news:%"))
            .order_by(OutboxMessage.id)
        )
    )


def test_whoever_voted_or_needed_it_learns_what_was_decided_and_nobody_else(app: Flask) -> None:
    scene = make_scene(weights=(1, 1, 1, 1))
    play(scene)
    run_due(app, LATER)
    run_due(app, LATER)
    told = news_of(MailKind.OUTCOME)
    assert {each.recipient for each in told} == {p.email for p in scene.representatives[:3]}
    assert len(told) == 3
    assert told[0].subject == "Decided: Persistent queues"
    assert "accepted" in told[0].paragraphs
    assert told[0].action_url.endswith("/proposals/1/decision")
    assert {(each.in_digest, each.due_at) for each in told} == {
        (True, next_digest_at(Way.DAILY, LATER))
    }
    client = app.test_client()
    assert client.get(told[0].action_url).status_code == 200


def test_those_who_took_part_follow_it_until_it_is_shipped(app: Flask) -> None:
    scene = make_scene(weights=(1, 1, 1))
    play(scene)
    ship(scene)
    run_due(app, LATER)
    subjects = [each.subject for each in news_of(MailKind.ROADMAP)]
    assert subjects.count("Shipped: Persistent queues") == 3
    assert subjects.count("On the roadmap: Persistent queues") == 3
    shipped = news_of(MailKind.ROADMAP)[-1]
    assert "Thank you for waiting." in shipped.paragraphs
    assert app.test_client().get(shipped.action_url).status_code == 200


def test_news_is_told_in_steps_and_goes_on_where_it_was_left(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "_SPAN", 2)
    scene = make_scene(weights=(1, 1, 1))
    play(scene)
    with transaction():
        for each in news.find_untold_news()[:-1]:
            news.tell_some(each, now=LATER)  # the consultation is over
    (news_id,) = news.find_untold_news()
    steps = []
    more = True
    while more:
        with transaction():
            more = news.tell_some(news_id, now=LATER)
        steps.append(len(news_of(MailKind.OUTCOME)))
    assert steps == [2, 3, 3]
    assert news.find_untold_news() == []
    row = db.session.get_one(ProposalNews, news_id)
    assert row.finished_at == LATER
    with transaction():
        assert not news.tell_some(news_id, now=LATER)


def test_the_outcome_of_a_big_vote_is_collected_in_bounded_steps(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vote_mail, "_SPAN", 2)
    scene = make_scene(weights=(1, 1, 1, 1))
    vote = make_vote(scene)
    from portal.services.votes.tallies import begin_count, count_ballots, store_outcome

    with transaction():
        begin_count(vote, now=LATER)
        store_outcome(vote, count_ballots(vote), site="http://localhost", now=LATER)
    electors = len(db.session.scalars(select(Elector.id)).all())
    told: list[int] = []
    while vote in find_untold_votes():
        with transaction():
            tell_some(vote, site="http://localhost", now=LATER)
        rows = select(OutboxMessage.id).where(OutboxMessage.dedupe_key.like("%:closed:%"))
        told.append(len(db.session.scalars(rows).all()))
    assert electors >= 4
    assert told[0] <= 2
    assert told[-1] == 4


def test_news_of_a_proposal_goes_to_no_bystander(app: Flask) -> None:
    scene = make_scene(weights=(1, 1, 1))
    bystander = make_person()
    play(scene)
    run_due(app, LATER)
    assert bystander.email not in {each.recipient for each in news_of(MailKind.OUTCOME)}


@pytest.mark.parametrize(
    ("voice", "heard"),
    [
        (ContributorsVoice.NONE, False),
        (ContributorsVoice.HOUSE, True),
        (ContributorsVoice.MAINTAINERS, True),
    ],
)
def test_whoever_may_speak_hears_of_a_consultation_and_of_its_summary_once(
    app: Flask, voice: ContributorsVoice, *, heard: bool
) -> None:
    consultation = make_statements(mode=DecisionMode.TWO_HOUSES, contributors=voice)
    scene, lin, bystander = consultation.scene, make_person(), make_person()
    make_contributor(scene.project, lin)
    owner = make_person()
    make_organization(roles={owner: [OrganizationRole.OWNER]})
    run_due(app, NOW)
    run_due(app, NOW)
    speakers = {p.email for p in (*scene.representatives, scene.lead, consultation.maintainer)}
    speakers |= {lin.email} if heard else set()
    told = news_of(MailKind.CONSULTATION)
    assert {each.recipient for each in told} == speakers
    assert len(told) == len(speakers)
    assert bystander.email not in speakers
    assert all(each.in_digest for each in told)
    consultation.summarize("Most want it; none said when.")
    consultation.summarize("Most want it; two said when.", seen=1)
    run_due(app, NOW)
    summed = [each for each in news_of(MailKind.CONSULTATION) if "Summed up" in each.subject]
    assert {each.recipient for each in summed} == speakers
    assert len(summed) == len(speakers)
    assert "Most want it" not in "".join(each.paragraphs for each in summed)


def test_a_sponsor_without_weight_or_standing_hears_of_no_consultation(app: Flask) -> None:
    consultation = make_statements(weights=(4, 2, 0))
    scene = consultation.scene
    with transaction() as session:
        stakes = select(Sponsorship).where(Sponsorship.organization_id == scene.organizations[1].id)
        for stake in session.scalars(stakes):
            stake.term = Term.LAPSED
    run_due(app, NOW)
    told = {each.recipient for each in news_of(MailKind.CONSULTATION)}
    assert scene.representatives[0].email in told
    assert not told & {each.email for each in scene.representatives[1:]}


def test_of_a_consultation_that_is_over_nobody_is_told(app: Flask) -> None:
    scene = make_scene(weights=(1, 1))
    make_vote(scene, make_consultation(scene))
    run_due(app, NOW)
    assert news_of(MailKind.CONSULTATION) == []
    assert news.find_untold_news() == []
