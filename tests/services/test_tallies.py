"""Closing votes: counted once, from ballots and frozen rules, and read from the store ever after."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain.charter import DecisionMode, House, PrivacyMode
from portal.domain.count import count_vote
from portal.domain.errors import Refusal
from portal.domain.organizations import OrganizationKind
from portal.domain.outcomes import Verdict
from portal.domain.permissions import OrganizationRole
from portal.domain.positions import Position
from portal.domain.proposals import ProposalState
from portal.domain.stored_figures import read_figures, write_figures
from portal.domain.tiers import Audience
from portal.jobs import run_due
from portal.models.audit import AuditEntry
from portal.models.outbox import OutboxMessage
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.votes import Outcome
from portal.queries.votes import roll_calls
from portal.queries.votes.windows import Progress, find_window
from portal.services.votes.ballots import cast_maintainer_ballot
from portal.services.votes.tallies import (
    begin_count,
    count_ballots,
    current_ballots,
    find_due_votes,
    find_untold_votes,
    store_outcome,
    tell_some,
)
from tests.builders import NOW, make_organization, make_person, make_sponsorship, make_tier
from tests.vote_builders import (
    DAY,
    SITE,
    ballots_of,
    cast,
    close,
    get_vote,
    make_scene,
    make_vote,
)

END = NOW + 14 * DAY


def outcome_of(vote_id: int) -> Outcome:
    return db.session.scalars(select(Outcome).where(Outcome.vote_id == vote_id)).one()


def test_a_vote_is_due_from_its_close_on(app: Flask) -> None:
    vote = make_vote(make_scene())
    assert find_due_votes(now=END - DAY) == []
    assert find_due_votes(now=END) == [vote]
    with pytest.raises(Refusal, match=r"vote\.open"):
        close(vote, now=END - DAY)


def test_the_outcome_is_stored_once_with_every_figure(app: Flask) -> None:
    # Weights 4, 2, 2, 1 capped at a quarter: with 4 electors all are equal, 1 each.
    scene = make_scene(weights=(4, 2, 2, 1), cap=Fraction(1))
    vote = make_vote(scene)
    cast(scene, vote, 0, "against", reason="First thought.")
    cast(scene, vote, 0, "for", reason="Second thought.")
    cast(scene, vote, 1, "against", reason="Too soon.")
    cast(scene, vote, 2, "recused")
    assert close(vote, now=END + 3 * DAY)
    stored = outcome_of(vote)
    figures = read_figures(stored.figures, stored.roll)
    (house,) = figures.houses
    assert house.parts is not None
    assert {position: part.weight for position, part in house.parts.items()} == {
        Position.FOR: 4000,
        Position.AGAINST: 2000,
        Position.ABSTAIN: 0,
        Position.RECUSED: 2000,
        Position.ABSENT: 1000,
    }
    assert (house.weight, house.electors) == (9000, 4)
    assert (house.quorum.needed_weight, house.quorum.present_weight) == (4500, 8000)
    assert (house.quorum.needed_electors, house.quorum.present_electors) == (2, 3)
    assert (figures.verdict, stored.carried, house.why) == (Verdict.CARRIED, True, ())
    assert figures.roll is not None
    assert [(entry.choice, entry.reason) for entry in figures.roll] == [
        (Position.FOR, "Second thought."),
        (Position.AGAINST, "Too soon."),
        (Position.RECUSED, ""),
        (Position.ABSENT, ""),
    ]
    assert write_figures(figures) == stored.figures


def test_a_second_run_changes_nothing(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    assert close(vote)
    before = dict(outcome_of(vote).figures), outcome_of(vote).tallied_at
    counts = [
        select(func.count()).select_from(table) for table in (AuditEntry, OutboxMessage, Outcome)
    ]
    rows = [db.session.scalar(count) for count in counts]
    assert not close(vote, now=END + DAY)
    assert [db.session.scalar(count) for count in counts] == rows
    assert (outcome_of(vote).figures, outcome_of(vote).tallied_at) == before
    assert find_due_votes(now=END + DAY) == []


def test_the_count_moves_the_proposal_and_tells_those_concerned(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    close(vote)
    proposal = db.session.scalars(select(Proposal)).one()
    assert proposal.state is ProposalState.CLOSED
    keys = set(db.session.scalars(select(OutboxMessage.dedupe_key)))
    told = {key for key in keys if ":closed:" in key}
    assert len(told) == len(scene.representatives)
    assert f"vote:{vote}:decision:{scene.lead.id}" in keys


def test_without_quorum_there_is_no_answer(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 3, "for")
    close(vote)
    assert outcome_of(vote).carried is None


def test_a_tie_fails(app: Flask) -> None:
    scene = make_scene(weights=(2, 2), cap=Fraction(1))
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    cast(scene, vote, 1, "against")
    close(vote)
    assert outcome_of(vote).carried is False
    assert read_figures(outcome_of(vote).figures, outcome_of(vote).roll).houses[0].why == ("tie",)


def test_payments_after_the_opening_change_no_weight(app: Flask) -> None:
    scene = make_scene(cap=Fraction(1))
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    with transaction() as session:
        for sponsorship in session.scalars(select(Sponsorship)):
            session.delete(sponsorship)
    close(vote)
    assert read_figures(outcome_of(vote).figures, outcome_of(vote).roll).houses[0].weight == 9000


def test_two_houses_must_each_carry(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.TWO_HOUSES)
    vote = make_vote(scene)
    for index in range(4):
        cast(scene, vote, index, "for")
    with transaction():
        cast_maintainer_ballot(
            scene.lead_actor,
            scene.project.id,
            vote,
            {"position": "against"},
            site=SITE,
            now=NOW + DAY,
        )
    close(vote)
    figures = read_figures(outcome_of(vote).figures, outcome_of(vote).roll)
    assert {house.house: house.verdict for house in figures.houses} == {
        House.SPONSORS: Verdict.CARRIED,
        House.MAINTAINERS: Verdict.NOT_CARRIED,
    }
    assert outcome_of(vote).carried is False


def test_a_recount_of_the_stored_ballots_equals_the_stored_outcome(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    for index, position in enumerate(("for", "abstain", "against")):
        cast(scene, vote, index, position)
    close(vote)
    again = count_vote(get_vote(vote).rules, current_ballots(vote))
    assert write_figures(again) == outcome_of(vote).figures


def test_the_roll_call_is_shown_page_by_page_as_it_was_stored(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roll_calls, "ROLL_PAGE", 2)
    scene = make_scene(weights=(5, 4, 3, 2, 1), mode=DecisionMode.TWO_HOUSES)
    vote = make_vote(scene)
    cast(scene, vote, 0, "for", reason="First.")
    cast(scene, vote, 0, "against", reason="Second thought.")
    cast(scene, vote, 3, "abstain")
    close(vote)
    pages = [roll_calls.find_roll_call(vote, after=after) for after in (0, 2, 4)]
    assert [page.after for page in pages] == [2, 4, None]
    shown = {(each.house, each.position): each for page in pages for each in page.entries}
    stored = read_figures(outcome_of(vote).figures, outcome_of(vote).roll).roll or ()
    assert shown == {(each.house, each.position): each for each in stored}


def test_a_secret_vote_stores_no_roll_call_and_no_reasons(app: Flask) -> None:
    scene = make_scene(weights=(1,) * 6, privacy=PrivacyMode.SECRET_AGGREGATE)
    vote = make_vote(scene)
    with pytest.raises(Refusal, match=r"ballot\.reason_secret"):
        cast(scene, vote, 0, "for", reason="MARKER")
    for index in range(6):
        cast(scene, vote, index, "for" if index else "against")
    close(vote)
    figures = read_figures(outcome_of(vote).figures, outcome_of(vote).roll)
    assert figures.roll is None
    assert figures.houses[0].parts is not None
    assert len(ballots_of(vote)) == 6


def test_a_secret_vote_with_few_ballots_keeps_its_totals_to_itself(app: Flask) -> None:
    scene = make_scene(
        weights=(1,) * 6,
        privacy=PrivacyMode.SECRET_AGGREGATE,
        quorum_weight=Fraction(0),
        quorum_electors=Fraction(0),
    )
    vote = make_vote(scene)
    for index in range(4):
        cast(scene, vote, index, "for")
    close(vote)
    figures = read_figures(outcome_of(vote).figures, outcome_of(vote).roll)
    assert figures.houses[0].parts is None
    assert figures.verdict is Verdict.NOT_CARRIED


def test_a_secret_vote_that_could_not_stay_secret_is_refused_at_opening(app: Flask) -> None:
    for weights in ((1,) * 4, (1, 1, 1, 1, 2, 2)):
        scene = make_scene(weights=weights, privacy=PrivacyMode.SECRET_AGGREGATE, cap=Fraction(1))
        with pytest.raises(Refusal, match=r"vote\.secrecy"):
            make_vote(scene)


def test_the_periodic_work_counts_what_is_due(committed_app: Flask) -> None:
    with committed_app.app_context():
        scene = make_scene()
        vote = make_vote(scene)
        run_due(committed_app, END - DAY)
        assert get_vote(vote).state == "open"
        db.session.rollback()
        run_due(committed_app, END)
        assert get_vote(vote).state == "tallied"


def test_a_conflict_of_interest_is_sealed_and_then_public(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 0, "for", conflict="We sell queues.")
    cast(scene, vote, 1, "recused", reason="Our competitor asks.", conflict="We own them.")
    close(vote)
    roll = read_figures(outcome_of(vote).figures, outcome_of(vote).roll).roll
    assert roll is not None
    assert [(entry.choice, entry.reason, entry.conflict) for entry in roll[:2]] == [
        (Position.FOR, "", "We sell queues."),
        (Position.RECUSED, "Our competitor asks.", "We own them."),
    ]


def test_a_changed_statement_of_conflict_is_a_new_ballot(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    first = cast(scene, vote, 0, "for")
    assert cast(scene, vote, 0, "for", conflict="We sell queues.") != first
    assert len(ballots_of(vote)) == 2


def test_a_secret_vote_keeps_neither_statement_nor_time(app: Flask) -> None:
    scene = make_scene(weights=(1,) * 6, privacy=PrivacyMode.SECRET_AGGREGATE)
    vote = make_vote(scene)
    at = NOW + DAY + timedelta(minutes=41, seconds=3)
    with pytest.raises(Refusal, match=r"ballot\.conflict_secret"):
        cast(scene, vote, 0, "for", conflict="MARKER")
    cast(scene, vote, 0, "for", now=at)
    cast(scene, vote, 0, "against", now=at + timedelta(minutes=5))
    hour = NOW + DAY
    assert {(each.cast_at, each.superseded_at) for each in ballots_of(vote)} == {
        (hour, hour),
        (hour, None),
    }
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.tag == "ballot:elector:cast"))
    assert {entry.at for entry in entries} == {hour}
    mails = select(OutboxMessage).where(OutboxMessage.dedupe_key.like("ballot:%"))
    assert {mail.created_at for mail in db.session.scalars(mails)} == {hour}


def test_a_secret_vote_may_merge_its_classes_to_equal_weights(app: Flask) -> None:
    scene = make_scene(
        weights=(8, 4, 2, 1, 1), privacy=PrivacyMode.SECRET_AGGREGATE, cap=Fraction(1)
    )
    with pytest.raises(Refusal, match=r"vote\.secrecy"):
        make_vote(scene)
    vote = make_vote(scene, 1, merged=True)
    electors = get_vote(vote).rules["electorate"]["sponsors"]
    assert {each["weight"] for each in electors} == {1000}
    assert get_vote(vote).rules["charter"]["damping"] == "equal"
    for index in range(5):
        cast(scene, vote, index, "for" if index else "against")
    close(vote)
    (house,) = read_figures(outcome_of(vote).figures).houses
    assert house.parts is not None
    assert (house.parts[Position.FOR].weight, house.parts[Position.AGAINST].weight) == (4000, 1000)


def test_too_few_electors_cannot_vote_in_secret_even_with_equal_weights(app: Flask) -> None:
    scene = make_scene(weights=(2, 1, 1, 1), privacy=PrivacyMode.SECRET_AGGREGATE)
    with pytest.raises(Refusal, match=r"vote\.secrecy"):
        make_vote(scene, merged=True)


def test_weights_are_not_merged_where_the_roll_call_is_public(app: Flask) -> None:
    with pytest.raises(Refusal, match=r"vote\.merge_not_secret"):
        make_vote(make_scene(), merged=True)


def test_a_vote_is_counted_in_steps_that_a_second_worker_may_repeat(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    for index in range(3):
        cast(scene, vote, index, "for")
    read: list[int] = []
    with transaction():
        assert begin_count(vote, now=END)
    assert find_window(vote).progress == Progress(3, 0)
    with pytest.raises(Refusal, match=r"vote\.closed"):
        cast(scene, vote, 3, "against", now=END - DAY)
    figures = count_ballots(vote, read.append)
    assert read == [3]
    with transaction():
        assert store_outcome(vote, figures, site=SITE, now=END)
    with transaction():
        assert not begin_count(vote, now=END)
        assert not store_outcome(vote, figures, site=SITE, now=END)
    assert find_untold_votes() == [vote]
    with transaction():
        assert tell_some(vote, site=SITE, now=END)
    with transaction():
        assert not tell_some(vote, site=SITE, now=END)
    assert find_untold_votes() == []


def test_the_outcome_mail_names_the_receipt(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    receipt = cast(scene, vote, 0, "for")
    close(vote)
    mails = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.dedupe_key.like(f"vote:{vote}:closed:%"))
    )
    texts = {mail.recipient: mail.paragraphs for mail in mails}
    assert receipt in texts[scene.representatives[0].email]
    assert "No ballot of yours was counted." in texts[scene.representatives[1].email]


@pytest.mark.parametrize("mode", DecisionMode)
def test_supporters_are_counted_and_shown_in_every_mode_but_decide_in_none(
    app: Flask, mode: DecisionMode
) -> None:
    scene = make_scene(weights=(1, 1), mode=mode)
    person = make_person("Ada")
    ada = make_organization(
        "ada", roles={person: [OrganizationRole.REPRESENTATIVE]}, kind=OrganizationKind.PERSON
    )
    make_sponsorship(ada, make_tier(scene.project, audience=Audience.PERSON))
    scene.organizations.append(ada)
    scene.representatives.append(person)
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    cast(scene, vote, 1, "for")
    cast(scene, vote, 2, "against", reason="Not for me.")
    if mode is DecisionMode.TWO_HOUSES:
        with transaction():
            cast_maintainer_ballot(scene.lead_actor, scene.project.id, vote, {"position": "for"},
                                   site=SITE, now=NOW + DAY)  # fmt: skip
    close(vote)
    figures = read_figures(outcome_of(vote).figures, outcome_of(vote).roll)
    verdicts = {house.house: (house.deciding, house.verdict) for house in figures.houses}
    assert verdicts.pop(House.SUPPORTERS) == (False, Verdict.NOT_CARRIED)
    deciding = (
        {House.SPONSORS, House.MAINTAINERS} if mode is DecisionMode.TWO_HOUSES else {House.SPONSORS}
    )
    assert verdicts == dict.fromkeys(deciding, (True, Verdict.CARRIED))
    assert figures.verdict is Verdict.CARRIED
    page = app.test_client().get(f"/p/{scene.project.slug}/proposals/1/outcome").text
    assert "Supporters" in page
    assert "Not for me." in page
