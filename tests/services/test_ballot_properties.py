"""Whatever is done in whatever order: no ballot outside the window, one current, none lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.database import db, transaction
from portal.domain.count import count_vote
from portal.domain.errors import Refusal
from portal.domain.stored_figures import write_figures
from portal.models.votes import Outcome
from portal.services.votes.ballots import void_ballots
from portal.services.votes.tallies import close_vote, current_ballots
from tests.builders import NOW
from tests.vote_builders import DAY, SITE, ballots_of, cast, get_vote, make_scene, make_vote

END = NOW + 14 * DAY
MOMENTS = st.integers(-2, 16 * 24).map(lambda hours: NOW + timedelta(hours=hours))
CASTS = st.tuples(
    st.just("cast"),
    st.integers(0, 3),
    MOMENTS,
    st.sampled_from(["for", "against", "abstain", "recused"]),
)
VOIDS = st.tuples(st.just("void"), st.integers(0, 3), MOMENTS, st.just(""))
CLOSES = st.tuples(st.just("close"), st.just(0), MOMENTS, st.just(""))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.one_of(CASTS, CASTS, CASTS, VOIDS, CLOSES), max_size=14))
def test_ballots_keep_their_rules(app: Flask, deeds: list[tuple[str, int, object, str]]) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    kept: list[str] = []
    for deed, index, moment, said in deeds:
        try:
            if deed == "cast":
                kept.append(cast(scene, vote, index, said, now=moment))
            elif deed == "void":
                with transaction():
                    void_ballots(
                        scene.lead_actor,
                        scene.project.id,
                        scene.organizations[index].id,
                        why="refund",
                        now=moment,
                    )
            else:
                with transaction():
                    close_vote(vote, site=SITE, now=moment)
        except Refusal:
            continue
    with transaction():
        close_vote(vote, site=SITE, now=END + 3 * DAY)

    ballots = ballots_of(vote)
    assert all(NOW <= ballot.cast_at < END for ballot in ballots)
    current = Counter(each.elector_id for each in ballots if each.superseded_at is None)
    assert all(number == 1 for number in current.values())
    assert {ballot.reference for ballot in ballots} == set(kept)
    stored = db.session.query(Outcome).filter_by(vote_id=vote).one()
    again = count_vote(get_vote(vote).rules, current_ballots(vote))
    assert write_figures(again) == stored.figures
