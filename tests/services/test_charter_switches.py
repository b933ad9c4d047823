"""Every charter switch does something: turned, the same sponsors and ballots end otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Select, select

from portal.database import db, transaction
from portal.domain.charter import (
    Charter,
    ContributorsVoice,
    DecisionMode,
    House,
    PrivacyMode,
    StatementsShown,
)
from portal.domain.decisions import DecisionKind, decision_obstacles
from portal.domain.errors import Refusal
from portal.domain.outcomes import Verdict
from portal.domain.rules import read_terms
from portal.domain.weights import Damping
from portal.models.sponsorship import Sponsorship
from portal.models.votes import Elector
from portal.queries.votes.openings import get_opening
from portal.queries.votes.outcomes import get_outcome_page
from portal.queries.weights.electorate import find_standing
from portal.queries.workshop.statements import find_public_statements
from portal.web.votes.votes import _default_close
from tests.builders import NOW, make_person
from tests.contributor_builders import make_contributor
from tests.statement_builders import make_statements
from tests.vote_builders import (
    DAY,
    Scene,
    cast,
    close,
    get_vote,
    make_consultation,
    make_scene,
    make_vote,
)

OFF: dict[str, Any] = {
    "cap": Fraction(1),
    "quorum_weight": Fraction(0),
    "quorum_electors": Fraction(0),
}


def verdict(weights: tuple[int, ...], ballots: str, **charter: Any) -> Verdict:
    """How a vote ends: f, a and - say who is for, against and absent, in order."""
    scene = make_scene(weights=weights, **OFF | charter)
    vote = make_vote(scene)
    for index, each in enumerate(ballots):
        if each != "-":
            cast(scene, vote, index, {"f": "for", "a": "against"}[each], reason="R")
    close(vote)
    return get_outcome_page(scene.project.id, 1).figures.verdict


def stakes_of(scene: Scene) -> Select[tuple[Sponsorship]]:
    return select(Sponsorship).where(Sponsorship.project_id == scene.project.id)


def young_sponsor(days: int) -> int:
    """How many electors there are when all but one have sponsored for twenty days."""
    scene = make_scene(weights=(1, 1, 1), seasoning_days=days)
    with transaction() as session:
        for sponsorship in session.scalars(stakes_of(scene)).all()[1:]:
            sponsorship.active_since = NOW - 20 * DAY
    return len(find_standing(scene.project.id, now=NOW).sponsors.electors)


def overdue_sponsor(days: int) -> int:
    """How many electors there are ten days after a renewal was due."""
    scene = make_scene(weights=(1, 1), grace_days=days)
    with transaction() as session:
        session.scalars(stakes_of(scene)).all()[0].term_ends_at = NOW - 10 * DAY
    return len(find_standing(scene.project.id, now=NOW).sponsors.electors)


def usual_window(days: int) -> int:
    scene = make_scene(window_days=days)
    number = make_consultation(scene)
    return (_default_close(get_opening(scene.project.id, number, now=NOW)) - NOW).days


def against_without_reason(*, required: bool) -> str:
    scene = make_scene(reason_required=required)
    vote = make_vote(scene)
    try:
        cast(scene, vote, 0, "against")
    except Refusal as refusal:
        return refusal.code
    return "taken"


def roll_call(privacy: PrivacyMode) -> bool:
    scene = make_scene(weights=(1,) * 6, privacy=privacy)
    vote = make_vote(scene)
    for index in range(6):
        cast(scene, vote, index, "for")
    close(vote)
    return get_outcome_page(scene.project.id, 1).roll is not None


def veto(*, allowed: bool) -> list[str]:
    scene = make_scene(mode=DecisionMode.BINDING, veto_allowed=allowed)
    terms = read_terms(get_vote(make_vote(scene)).rules)
    found = decision_obstacles(
        DecisionKind.DECLINED, carried=True, quorum=True, mode=terms.mode,
        veto_allowed=terms.veto_allowed, closed_at=NOW, now=NOW,
    )  # fmt: skip
    return [each.code for each in found]


def contributors_house(voice: ContributorsVoice) -> House | None:
    """The house in which a contributor finds a seat."""
    scene = make_scene(mode=DecisionMode.TWO_HOUSES, contributors=voice)
    person = make_person()
    make_contributor(scene.project, person)
    seats = select(Elector.house).where(
        Elector.vote_id == make_vote(scene), Elector.person_id == person.id
    )
    return db.session.scalar(seats)


def shown_statements(setting: StatementsShown) -> tuple[int, bool]:
    """How many statements everybody may read, and whether their words are among it."""
    made = make_statements(statements_shown=setting)
    made.release()
    page = find_public_statements(made.project_id, made.number)
    statements = page.statements if page else ()
    return len(statements), any(each.said for each in statements)


CARRIED, LOST, NONE = Verdict.CARRIED, Verdict.NOT_CARRIED, Verdict.NO_QUORUM
# Per switch: what is done under a setting, and what comes of two settings of it.
SWITCHES: dict[str, tuple[Callable[[Any], object], dict[Any, object]]] = {
    "damping": (
        lambda damping: verdict((9, 4, 4), "faa", damping=damping),
        {Damping.LINEAR: CARRIED, Damping.SQRT: LOST, Damping.EQUAL: LOST},
    ),
    "cap": (
        lambda cap: verdict((9, 2, 2, 1, 1), "faaaa", cap=cap),
        {Fraction(1): CARRIED, Fraction(1, 3): LOST},
    ),
    "quorum_weight": (
        lambda quorum: verdict((4, 1, 1), "-ff", quorum_weight=quorum),
        {Fraction(1, 3): CARRIED, Fraction(1, 2): NONE},
    ),
    "quorum_electors": (
        lambda quorum: verdict((4, 1, 1), "f--", quorum_electors=quorum),
        {Fraction(1, 3): CARRIED, Fraction(1, 2): NONE},
    ),
    "threshold": (
        lambda threshold: verdict((3, 2), "fa", threshold=threshold),
        {None: CARRIED, Fraction(3, 5): CARRIED, Fraction(2, 3): LOST},
    ),
    "mode": (
        lambda mode: verdict((1, 1), "ff", mode=mode, quorum_electors=Fraction(1)),
        {
            DecisionMode.ADVISORY: CARRIED,
            DecisionMode.BINDING: CARRIED,
            DecisionMode.TWO_HOUSES: NONE,
        },
    ),
    "privacy": (
        roll_call,
        {PrivacyMode.SEALED_ROLL_CALL: True, PrivacyMode.SECRET_AGGREGATE: False},
    ),
    "seasoning_days": (young_sponsor, {0: 3, 20: 3, 21: 1}),
    "window_days": (usual_window, {1: 1, 30: 30}),
    "grace_days": (overdue_sponsor, {21: 2, 9: 1}),
    "reason_required": (
        lambda required: against_without_reason(required=required),
        {False: "taken", True: "ballot.reason_required"},
    ),
    "veto_allowed": (
        lambda allowed: veto(allowed=allowed),
        {True: [], False: ["decision.no_veto"]},
    ),
    "contributors": (
        contributors_house,
        {
            ContributorsVoice.NONE: None,
            ContributorsVoice.MAINTAINERS: House.MAINTAINERS,
            ContributorsVoice.HOUSE: House.CONTRIBUTORS,
        },
    ),
    "statements_shown": (
        shown_statements,
        {
            StatementsShown.NOTHING: (0, False),
            StatementsShown.POSITIONS: (1, False),
            StatementsShown.EVERYTHING: (1, True),
        },
    ),
}


def test_no_switch_is_forgotten() -> None:
    assert SWITCHES.keys() == {each.name for each in fields(Charter)}


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_of_the_charter_does_what_it_says(app: Flask, name: str) -> None:
    act, expected = SWITCHES[name]
    assert {setting: act(setting) for setting in expected} == expected
