"""Races on real commits: numbers without gaps, one current ballot, nothing behind the count."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Conflict, DomainError, Refusal
from portal.domain.stored_figures import read_figures
from portal.models.proposals import Proposal
from portal.models.votes import Ballot, Outcome, Vote
from portal.queries.weights.electorate import find_standing
from portal.services.votes.ballots import cast_ballot
from portal.services.votes.proposals import draft_proposal
from portal.services.votes.tallies import close_vote
from portal.services.votes.votes import open_vote
from tests.builders import NOW
from tests.vote_builders import (
    DAY,
    SITE,
    ballots_of,
    get_vote,
    make_consultation,
    make_scene,
    make_vote,
    seal_of,
)

END = NOW + 14 * DAY


def race(app: Flask, *runs: Callable[[], object]) -> list[object]:
    """Run all at once, each in a thread and transaction of its own; what they gave or refused."""
    barrier = threading.Barrier(len(runs))

    def one(run: Callable[[], object]) -> object:
        with app.app_context():
            barrier.wait()
            try:
                with transaction():
                    return run()
            except DomainError as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(one, runs))


def test_numbers_have_no_gap_and_no_double(committed_app: Flask) -> None:
    with committed_app.app_context():
        scene = make_scene(weights=(1,))
        actor, project_id = scene.lead_actor, scene.project.id
    draft = partial(draft_proposal, actor, project_id, title="T", summary="", body="", now=NOW)
    assert sorted(map(int, map(str, race(committed_app, *[draft] * 6)))) == [1, 2, 3, 4, 5, 6]


def test_a_proposal_never_has_two_open_votes(committed_app: Flask) -> None:
    with committed_app.app_context():
        scene = make_scene()
        number = make_consultation(scene)
        seal, actor, project_id = seal_of(scene, number), scene.lead_actor, scene.project.id
    run = partial(
        open_vote,
        actor,
        project_id,
        number,
        question="Yes?",
        closes_at=END,
        seal=seal,
        read_standing=partial(find_standing, project_id, now=NOW),
        site=SITE,
        now=NOW,
    )
    given = race(committed_app, run, run, run)
    assert sum(isinstance(each, int) for each in given) == 1
    assert sum(isinstance(each, Refusal | Conflict) for each in given) == 2
    with committed_app.app_context():
        assert len(db.session.scalars(select(Vote)).all()) == 1


def test_one_elector_never_has_two_current_ballots(committed_app: Flask) -> None:
    with committed_app.app_context():
        scene = make_scene()
        vote = make_vote(scene)
        actor, organization_id = scene.representative(0), scene.organizations[0].id
    runs = [
        partial(
            cast_ballot,
            actor,
            vote,
            organization_id,
            {"position": position},
            reason=f"{position} {turn}",
            site=SITE,
            now=NOW + DAY + timedelta(seconds=turn),
        )
        for turn, position in enumerate(("for", "against", "abstain") * 3)
    ]
    given = race(committed_app, *runs)
    assert not [each for each in given if isinstance(each, Exception)]
    with committed_app.app_context():
        ballots = ballots_of(vote)
        assert len(ballots) == 9
        assert [ballot.superseded_at for ballot in ballots].count(None) == 1


def test_ballots_and_the_count_at_the_same_moment(committed_app: Flask) -> None:
    """Whatever is cast is counted, and whatever is not counted was refused."""
    with committed_app.app_context():
        scene = make_scene(weights=(1, 1, 1, 1, 1, 1))
        vote = make_vote(scene)
        casts = [
            partial(
                cast_ballot,
                scene.representative(index),
                vote,
                organization.id,
                {"position": "for"},
                site=SITE,
                now=END - timedelta(microseconds=1),
            )
            for index, organization in enumerate(scene.organizations)
        ]
    closes = [partial(close_vote, vote, site=SITE, now=END)] * 2
    given = race(committed_app, *casts, *closes)
    assert sorted(str(each) for each in given[-2:]) == ["False", "True"]
    cast_now = sum(not isinstance(each, Exception) for each in given[:-2])
    with committed_app.app_context():
        (outcome,) = db.session.scalars(select(Outcome)).all()
        counted = read_figures(outcome.figures).houses[0].quorum.present_electors
        assert counted == cast_now == len(db.session.scalars(select(Ballot)).all())


@pytest.mark.parametrize("committed_app", ["postgresql"], indirect=True)
def test_electors_do_not_wait_for_each_other(committed_app: Flask) -> None:
    """With one cast still uncommitted another elector's goes through, and the count waits."""
    with committed_app.app_context():
        scene = make_scene()
        vote = make_vote(scene)
        actors = [scene.representative(index) for index in range(2)]
        ids = [organization.id for organization in scene.organizations]
    held, release = threading.Event(), threading.Event()

    def slow() -> None:
        with committed_app.app_context():
            with transaction():
                cast_ballot(actors[0], vote, ids[0], {"position": "for"}, site=SITE, now=NOW + DAY)
                held.set()
                assert release.wait(20)
            db.session.remove()

    def count() -> bool:
        with committed_app.app_context(), transaction():
            return close_vote(vote, site=SITE, now=END)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slow)
        assert held.wait(20)
        with committed_app.app_context():
            with transaction():
                cast_ballot(actors[1], vote, ids[1], {"position": "for"}, site=SITE, now=NOW + DAY)
            db.session.remove()
        counting = pool.submit(count)
        with pytest.raises(TimeoutError):
            counting.result(timeout=0.5)
        release.set()
        first.result(timeout=20)
        assert counting.result(timeout=20)
    with committed_app.app_context():
        (outcome,) = db.session.scalars(select(Outcome)).all()
        assert read_figures(outcome.figures).houses[0].quorum.present_electors == 2
        assert get_vote(vote).state == "tallied"
        assert db.session.scalars(select(Proposal.state)).one() == "closed"
