"""Contributors: invited for their work, with the voice the charter gives, never for money."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.database import Base, db, transaction
from portal.domain.charter import Charter, ContributorsVoice, DecisionMode, House
from portal.domain.contributors import CONTRIBUTOR_NEEDS, ContributorState
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.needs import Credit, NeedAction, NeedState
from portal.domain.permissions import (
    CONTRIBUTOR_POLICY,
    Actor,
    OrganizationRole,
    ProjectRole,
    may,
)
from portal.domain.sponsorship import Term
from portal.domain.tasks import TaskKind
from portal.domain.tiers import Audience
from portal.models.audit import AuditEntry
from portal.models.contributors import Contributor
from portal.models.freshness import PageVersion, project_scope
from portal.models.identity import Person
from portal.models.invitations import Invitation
from portal.models.needs import Need
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership
from portal.models.record import LogEntry as _LogEntry
from portal.models.sponsorship import Sponsorship
from portal.models.votes import Elector, Vote
from portal.queries.desks.desks import find_my_desks, get_overview
from portal.queries.projects.project_desk import find_people
from portal.queries.projects.public_people import find_public_people
from portal.queries.votes.outcomes import get_outcome_page
from portal.queries.votes.vote_lists import list_own_votes
from portal.queries.votes.votes import get_contributor_ballot_page
from portal.queries.votes.windows import get_present_page
from portal.queries.weights.electorate import find_standing
from portal.queries.workshop.contributors import (
    get_contributor,
    get_contributors_desk,
    get_own_part,
)
from portal.queries.workshop.needs import (
    find_need_credits,
    get_contributor_need,
    get_own_need,
    get_project_need,
    list_contributor_needs,
    list_project_needs,
)
from portal.queries.workshop.screening import get_screening_desk
from portal.services.identity.invitations import accept_invitation
from portal.services.projects.charters import change_charter
from portal.services.projects.maintainers import withdraw_invitation
from portal.services.votes.ballots import cast_contributor_ballot, cast_maintainer_ballot
from portal.services.votes.reminders import remind
from portal.services.votes.turnout import count_turnout
from portal.services.workshop.contributors import (
    change_work,
    invite_contributor,
    leave_project,
    show_name,
    withdraw_contributor,
    withdraw_contributor_invitation,
)
from portal.services.workshop.joining import join_needs
from portal.services.workshop.need_answers import answer_need
from portal.services.workshop.needs import (
    draft_need,
    edit_need,
    submit_need,
    withdraw_need,
    write_to_maintainers,
)
from portal.services.workshop.screening import screen_need
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)
from tests.contributor_builders import cast_own, make_contributor
from tests.services.test_needs import TEXT
from tests.vote_builders import (
    DAY,
    SITE,
    Scene,
    cast,
    close,
    make_consultation,
    make_scene,
    make_vote,
)

OWN_TEXT = replace(TEXT, credit=Credit.NONE)
WORK = "The protocol tests"


def invite(scene: Scene, email: str = "lin@example.org", work: str = WORK) -> str:
    """The token of an invitation."""
    tokens: list[str] = []

    def link(token: str) -> str:
        tokens.append(token)
        return f"{SITE}/invitations/{token}"

    with transaction():
        invite_contributor(
            scene.lead_actor, scene.project.id, email=email, work=work, link_url=link, now=NOW
        )
    return tokens[0]


def accept(person: Person, token: str) -> None:
    with transaction():
        accept_invitation(actor_of(person), token, now=NOW + DAY)


def parts() -> list[Contributor]:
    return list(
        db.session.scalars(
            select(Contributor).order_by(Contributor.id).execution_options(populate_existing=True)
        )
    )


def mails(recipient: str) -> list[str]:
    rows = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.recipient == recipient).order_by(OutboxMessage.id)
    )
    return [row.subject for row in rows]


def house_scene(**charter: object) -> Scene:
    settings = {"mode": DecisionMode.TWO_HOUSES, "contributors": ContributorsVoice.HOUSE}
    return make_scene(**{"slug": "kelp", **settings, **charter})  # type: ignore[arg-type]


# Invited for their work, by maintainers


def test_a_maintainer_invites_for_work_and_the_person_accepts(app: Flask) -> None:
    scene, person = make_scene(), make_person("Lin", email="lin@example.org")
    token = invite(scene)
    assert mails("lin@example.org") == ["Noor Lead invites you to " + scene.project.name]
    assert not parts()
    accept(person, token)
    (part,) = parts()
    assert (part.person_id, part.work, part.invited_by, part.state) == (
        person.id, WORK, "Noor Lead", ContributorState.ACTIVE,
    )  # fmt: skip
    assert not part.is_named
    assert actor_of(person).contributions == {scene.project.id}
    tags = db.session.scalars(select(AuditEntry.tag).order_by(AuditEntry.id)).all()
    assert tags[-2:] == ["contributor:invitation:sent", "contributor:invitation:accepted"]


@pytest.mark.parametrize(
    ("role", "invites"),
    [
        (ProjectRole.LEAD, True), (ProjectRole.MAINTAINER, True), (ProjectRole.STEWARD, False),
        (ProjectRole.TREASURER, False),
    ],
)  # fmt: skip
def test_maintainers_invite_and_nobody_else(
    app: Flask, role: ProjectRole, *, invites: bool
) -> None:
    person = make_person()
    project = make_project(roles={person: [role]})

    def act() -> None:
        invite_contributor(
            actor_of(person), project.id, email="a@example.org", work=WORK,
            link_url=lambda token: token, now=NOW,
        )  # fmt: skip

    if invites:
        act()
    else:
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(NotFound):
        invite_contributor(
            Actor(person_id=99), project.id, email="a@example.org", work=WORK,
            link_url=lambda token: token, now=NOW,
        )  # fmt: skip


def test_an_invitation_needs_its_reason_and_is_not_sent_twice_over(app: Flask) -> None:
    scene, person = make_scene(), make_person("Lin", email="lin@example.org")
    with pytest.raises(Refusal, match="what you invite them for") as refusal:
        invite(scene, work="")
    assert refusal.value.field == "work"
    first, second = invite(scene), invite(scene, email="LIN@example.org")
    with pytest.raises(Refusal, match="withdrawn"):
        accept(person, first)
    accept(person, second)
    with pytest.raises(Refusal) as refusal:
        invite(scene)
    assert refusal.value.code == "contributor.held"


def test_an_invitation_is_withdrawn_and_belongs_to_its_own_page(app: Flask) -> None:
    scene, person = make_scene(), make_person("Lin", email="lin@example.org")
    token = invite(scene)
    invitation_id = db.session.scalars(select(Invitation.id)).one()
    assert find_people(scene.project.id, now=NOW).invitations == ()
    with pytest.raises(NotFound):
        withdraw_invitation(scene.lead_actor, scene.project.id, invitation_id, now=NOW)
    with transaction():
        withdraw_contributor_invitation(scene.lead_actor, scene.project.id, invitation_id, now=NOW)
    with pytest.raises(Refusal, match="withdrawn"):
        accept(person, token)
    assert not parts()


def test_one_person_has_one_part_in_a_project(app: Flask) -> None:
    project, person = make_project(), make_person()
    make_contributor(project, person)
    with pytest.raises(IntegrityError):
        make_contributor(project, person)


def test_a_contributor_leaves_and_may_be_invited_again(app: Flask) -> None:
    scene, person = make_scene(), make_person("Lin", email="lin@example.org")
    accept(person, invite(scene))
    with transaction():
        leave_project(actor_of(person), scene.project.id, now=NOW + 2 * DAY)
    assert parts()[0].state is ContributorState.LEFT
    assert actor_of(person).contributions == frozenset()
    accept(person, invite(scene, work="The manual"))
    assert [each.work for each in parts()] == [WORK, "The manual"]
    assert get_own_part(scene.project.id, person.id).work == "The manual"


def test_maintainers_withdraw_a_part_with_a_reason_that_the_person_reads(app: Flask) -> None:
    scene, person = make_scene(), make_person("Lin", email="lin@example.org")
    part = make_contributor(scene.project, person)
    with pytest.raises(Refusal) as refusal:
        withdraw_contributor(scene.lead_actor, scene.project.id, part.id, reason="", now=NOW)
    assert refusal.value.field == "reason"
    with transaction():
        withdraw_contributor(
            scene.lead_actor, scene.project.id, part.id, reason="The work has ended.", now=NOW
        )
    assert parts()[0].state is ContributorState.WITHDRAWN
    assert mails("lin@example.org") == [f"Your part in {scene.project.name} has ended"]
    with pytest.raises(NotFound):
        withdraw_contributor(scene.lead_actor, make_project().id, part.id, reason="R", now=NOW)
    with pytest.raises(Refusal, match="no contributor any more"):
        withdraw_contributor(scene.lead_actor, scene.project.id, part.id, reason="R", now=NOW)


# Never for money


def test_never_for_money_no_tier_or_sponsorship_gives_or_changes_a_contributors_voice(
    app: Flask,
) -> None:
    scene = house_scene()
    lin, buyer = make_person("Lin"), make_person("Buyer")
    make_contributor(scene.project, lin)

    def seats() -> list[tuple[int | None, int]]:
        found = find_standing(scene.project.id, now=NOW).contributors.electors
        return [(each.person_id, each.weight) for each in found]

    alone = seats()
    assert alone == [(lin.id, 1000)]
    for person in (buyer, lin):
        for audience in Audience:
            organization = make_organization(roles={person: [OrganizationRole.REPRESENTATIVE]})
            tier = make_tier(scene.project, voting_weight=50, audience=audience)
            make_sponsorship(organization, tier)
    assert seats() == alone
    assert actor_of(buyer).contributions == frozenset()
    with transaction() as session:
        for stake in session.scalars(select(Sponsorship)):
            stake.term, stake.ended_at = Term.LAPSED, NOW
    assert seats() == alone


def test_never_for_money_no_row_leads_from_money_to_contributors() -> None:
    """Nothing that is bought can name a contributor, and no role that is bought holds their rights."""
    table = Base.metadata.tables["contributors"]
    assert {key.column.table.name for key in table.foreign_keys} == {"projects", "people"}
    pointing = {
        other.name
        for other in Base.metadata.tables.values()
        for key in other.foreign_keys
        if key.column.table is table
    }
    assert pointing == set()
    member = Actor(person_id=1, organizations={1: frozenset(OrganizationRole)})
    assert not any(
        may(member, each, organization_id=1, project_id=1) for each in CONTRIBUTOR_POLICY
    )


# The voice the charter gives


@pytest.mark.parametrize("mode", DecisionMode)
def test_a_contributors_house_is_counted_and_shown_and_decides_nothing(
    app: Flask, mode: DecisionMode
) -> None:
    scene = house_scene(mode=mode)
    lin, kai = make_person("Lin"), make_person("Kai")
    make_contributor(scene.project, lin)
    make_contributor(scene.project, kai, is_named=True)
    vote = make_vote(scene)
    for index in range(4):
        cast(scene, vote, index, "for")
    if mode is DecisionMode.TWO_HOUSES:
        with transaction():
            cast_maintainer_ballot(
                scene.lead_actor,
                scene.project.id,
                vote,
                {"position": "for"},
                site=SITE,
                now=NOW + DAY,
            )
    cast_own(scene.project, lin, vote, "against", reason="It breaks my tests.")
    cast_own(scene.project, kai, vote, "recused", conflict="I wrote it.")
    with transaction():
        count_turnout(vote, now=NOW + 2 * DAY)
    present = get_present_page(scene.project.id, 1, now=NOW + 2 * DAY).present
    assert [each.name for each in present if each.house is House.CONTRIBUTORS] == ["Kai", None]
    close(vote)
    page = get_outcome_page(scene.project.id, 1)
    house = next(each for each in page.figures.houses if each.house is House.CONTRIBUTORS)
    assert (house.deciding, house.electors, house.verdict.value) == (False, 2, "not_carried")
    assert page.figures.verdict.value == "carried"
    assert page.roll is not None
    said = [each for each in page.roll.entries if each.house is House.CONTRIBUTORS]
    assert [(each.name, str(each.choice), each.reason, each.conflict) for each in said] == [
        ("Kai", "recused", "", "I wrote it."), (None, "against", "It breaks my tests.", ""),
    ]  # fmt: skip


def test_among_the_maintainers_contributors_help_to_decide(app: Flask) -> None:
    scene = house_scene(contributors=ContributorsVoice.MAINTAINERS)
    people = [make_person(), make_person()]
    for person in people:
        make_contributor(scene.project, person)
    vote = make_vote(scene)
    for index in range(4):
        cast(scene, vote, index, "for")
    for person in people:
        cast_own(scene.project, person, vote, "against")
    close(vote)
    houses = get_outcome_page(scene.project.id, 1).figures.houses
    maintainers = next(each for each in houses if each.house is House.MAINTAINERS)
    assert (maintainers.electors, maintainers.verdict.value) == (3, "not_carried")
    assert House.CONTRIBUTORS not in {each.house for each in houses}


@pytest.mark.parametrize("voice", ContributorsVoice)
def test_a_maintainer_who_contributes_has_one_ballot(app: Flask, voice: ContributorsVoice) -> None:
    scene = house_scene(contributors=voice)
    make_contributor(scene.project, scene.lead)
    vote = make_vote(scene)
    seats = select(Elector.house).where(Elector.vote_id == vote, Elector.person_id == scene.lead.id)
    assert db.session.scalars(seats).all() == [House.MAINTAINERS]


def test_an_electorate_is_frozen_whoever_joins_or_changes_their_name_later(app: Flask) -> None:
    scene = house_scene()
    lin, late = make_person("Lin"), make_person("Late")
    make_contributor(scene.project, lin)
    vote = make_vote(scene)
    make_contributor(scene.project, late)
    with transaction():
        show_name(actor_of(lin), scene.project.id, is_named=True, now=NOW)
    with pytest.raises(Refusal) as refusal:
        cast_own(scene.project, late, vote, "for")
    assert refusal.value.code == "vote.not_elector"
    with pytest.raises(NotFound):
        get_contributor_ballot_page(scene.project.id, vote, late.id, now=NOW)
    page = get_contributor_ballot_page(scene.project.id, vote, lin.id, now=NOW)
    assert page.seat is not None
    assert page.seat.public_name is None
    assert [each.id for each in list_own_votes(scene.project.id, lin.id, now=NOW).entries] == [vote]


def test_whoever_left_casts_no_ballot_and_what_was_cast_stands(app: Flask) -> None:
    scene, lin, kai = house_scene(), make_person(), make_person()
    for person in (lin, kai):
        make_contributor(scene.project, person)
    vote = make_vote(scene)
    cast_own(scene.project, lin, vote, "for")
    for person in (lin, kai):
        with transaction():
            leave_project(actor_of(person), scene.project.id, now=NOW + DAY)
        with pytest.raises(NotFound):
            cast_own(scene.project, person, vote, "against")
    close(vote)
    houses = get_outcome_page(scene.project.id, 1).figures.houses
    house = next(each for each in houses if each.house is House.CONTRIBUTORS)
    assert house.quorum.present_electors == 1


def test_contributors_get_the_mails_of_a_vote_and_the_unheard_a_reminder(app: Flask) -> None:
    scene = house_scene()
    lin = make_person("Lin", email="lin@example.org")
    kai = make_person("Kai", email="kai@example.org")
    gone = make_person("Gone", email="gone@example.org")
    for person in (lin, kai, gone):
        make_contributor(scene.project, person)
    vote = make_vote(scene)
    opened = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.recipient == "lin@example.org")
    ).one()
    assert opened.action_url == f"{SITE}/contributor/kelp/votes/{vote}"
    assert opened.why == "You are a contributor to Kelp."
    cast_own(scene.project, lin, vote, "for")
    with transaction():
        leave_project(actor_of(gone), scene.project.id, now=NOW + DAY)
    with transaction():
        assert remind(vote, site=SITE, now=NOW + 13 * DAY)
    question = "Shall queues survive restarts?"
    assert mails("kai@example.org")[1:] == [f"Not cast yet: {question}"]
    assert mails("gone@example.org")[1:] == []
    assert [each.split(" ")[0] for each in mails("lin@example.org")[1:]] == ["Receipt"]
    close(vote)
    assert mails("lin@example.org")[-1] == f"Outcome: {question}"


def test_a_ballot_of_a_steward_who_contributes_waits_with_the_contributions(app: Flask) -> None:
    scene = house_scene()
    steward = make_person("Sten")
    with transaction() as session:
        session.add(
            Maintainership(
                project_id=scene.project.id, person_id=steward.id, role=ProjectRole.STEWARD,
                since=NOW,
            )
        )  # fmt: skip
    make_contributor(scene.project, steward)
    make_vote(scene)
    actor = actor_of(steward)
    desks = find_my_desks(actor, now=NOW + 10 * DAY)
    assert [each.waiting for each in desks.contributions] == [1]
    assert [task.kind for task in desks.tasks] == [TaskKind.CONTRIBUTOR_BALLOT]
    assert get_overview(scene.project.id, actor, now=NOW).tasks == ()


# The charter


def test_a_change_of_the_voice_is_logged_and_holds_from_the_next_vote(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.TWO_HOUSES)
    make_contributor(scene.project, make_person())
    before = make_vote(scene)
    charter = Charter(
        mode=DecisionMode.TWO_HOUSES, seasoning_days=0, contributors=ContributorsVoice.HOUSE
    )
    with transaction():
        change_charter(
            scene.lead_actor, scene.project.id, charter, seen_number=1, note="Heard.", now=NOW
        )
    after = make_vote(scene)
    assert House.CONTRIBUTORS not in db.session.get_one(Vote, before).electorate
    assert House.CONTRIBUTORS in db.session.get_one(Vote, after).electorate
    assert db.session.get_one(Vote, after).terms["charter"]["contributors"] == "house"
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag == "charter:version:changed")
    ).one()
    assert "contributors" in entry.sentence


def test_a_bundle_with_a_contributors_house_verifies_with_python_alone(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    scene = house_scene(weights=(4, 2, 2, 1))
    for index in range(3):
        person = make_person(f"Secretname {index}")
        make_contributor(scene.project, person, is_named=not index)
    vote = make_vote(scene)
    for index in range(4):
        cast(scene, vote, index, "for")
    for index, part in enumerate(parts()):
        person = db.session.get_one(Person, part.person_id)
        cast_own(scene.project, person, vote, ("for", "against", "recused")[index])
    close(vote)
    data = client.get("/p/kelp/proposals/1/bundle").data
    with zipfile.ZipFile(BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(tmp_path / "verify.py")],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rules = json.loads((tmp_path / "rules.json").read_text())
    names = [each["name"] for each in rules["electorate"]["contributors"]]
    assert names == ["Secretname 0", None, None]
    texts = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert set(re.findall(rb"Secretname \d", texts)) == {b"Secretname 0"}
    assert not re.search(rb"person\d+@", texts)


# Unnamed in public


def test_the_unnamed_are_a_number_and_no_public_path_names_them(
    app: Flask, client: FlaskClient
) -> None:
    scene = house_scene()
    lin = make_person("Linnea Hidden", email="linnea@hidden.example")
    kai = make_person("Kai Shown")
    make_contributor(scene.project, lin, work="Hidden work")
    make_contributor(scene.project, kai, is_named=True, work="Shown work")
    found = find_public_people(scene.project.id).contributors
    assert ([each.name for each in found.named], found.unnamed) == (["Kai Shown"], 1)
    vote = make_vote(scene)
    cast_own(scene.project, lin, vote, "for", reason="Because.")
    with transaction():
        count_turnout(vote, now=NOW + 2 * DAY)
    open_paths = ["", "/how-we-work", "/charter", "/proposals/1", "/proposals/1/present", "/record"]
    close(vote)
    closed = [
        "/proposals/1/outcome",
        "/proposals/1/bundle",
        "/record.atom",
        "/roadmap",
        "/sponsors",
    ]
    shown = ""
    for path in [*open_paths, *closed]:
        answer = client.get(f"/p/kelp{path}")
        text = answer.data.decode(errors="replace")
        assert "Linnea" not in text, path
        assert "hidden.example" not in text, path
        assert "Hidden work" not in text, path
        shown += text
    assert "Kai Shown" in shown
    assert "A contributor" in shown
    log = [entry.leaf for entry in db.session.scalars(select(_LogEntry))]
    assert not any("Linnea" in leaf for leaf in log)


def test_being_named_is_a_choice_that_public_pages_show_at_once(
    app: Flask, client: FlaskClient
) -> None:
    scene, lin = make_scene(slug="kelp"), make_person("Linnea Hidden")
    assert "invited for their work:" not in client.get("/p/kelp").text
    make_contributor(scene.project, lin)

    def page(path: str = "") -> str:
        return client.get(f"/p/kelp{path}").text

    assert "1 contributor, invited for their work." in page()
    assert "Linnea" not in page("/how-we-work")
    for named in (True, False):
        with transaction():
            show_name(actor_of(lin), scene.project.id, is_named=named, now=NOW)
        assert ("Linnea Hidden" in page()) == named
        assert ("Linnea Hidden" in page("/how-we-work")) == named
    with transaction():
        leave_project(actor_of(lin), scene.project.id, now=NOW)
    assert "invited for their work." not in page()


def test_each_change_that_public_pages_show_raises_their_version(app: Flask) -> None:
    scene, lin = make_scene(), make_person("Lin", email="lin@example.org")

    def version() -> int:
        scope = project_scope(scene.project.id)
        found = db.session.get(PageVersion, scope, populate_existing=True)
        return found.version if found else 0

    def raised(act: Callable[[], object]) -> bool:
        before = version()
        with transaction():
            act()
        return version() > before

    token = invite(scene)
    assert raised(lambda: accept_invitation(actor_of(lin), token, now=NOW))
    lin_actor = actor_of(lin)
    assert raised(lambda: show_name(lin_actor, scene.project.id, is_named=True, now=NOW))
    assert raised(lambda: leave_project(lin_actor, scene.project.id, now=NOW))


def test_unnamed_people_stand_in_a_random_order_in_each_vote(app: Flask) -> None:
    scene = house_scene()
    for index in range(7):
        make_contributor(scene.project, make_person(f"Person {index}"))
    orders = set()
    for _vote in range(4):
        seats = select(Elector.person_id).where(
            Elector.vote_id == make_vote(scene), Elector.house == House.CONTRIBUTORS
        )
        orders.add(tuple(db.session.scalars(seats.order_by(Elector.position))))
    assert len(orders) > 1  # all alike once in 128 billion runs


# Needs of their own


def state_need(scene: Scene, person: Person, *, submit: bool = True) -> int:
    actor = actor_of(person)
    with transaction():
        need_id = draft_need(actor, None, scene.project.id, OWN_TEXT, now=NOW)
    if submit:
        with transaction():
            submit_need(actor, None, need_id, now=NOW)
    return need_id


def need_of(need_id: int) -> Need:
    return db.session.get_one(Need, need_id, populate_existing=True)


def test_w2_a_contributor_states_edits_and_follows_a_need_as_a_person(app: Flask) -> None:
    scene, lin = make_scene(), make_person("Lin", email="lin@example.org")
    make_contributor(scene.project, lin)
    need_id = state_need(scene, lin, submit=False)
    with transaction():
        edit_need(
            actor_of(lin),
            None,
            need_id,
            replace(OWN_TEXT, need="Faster tests"),
            revision=1,
            now=NOW,
        )
    with transaction():
        submit_need(actor_of(lin), None, need_id, now=NOW)
    number = need_of(need_id).number
    (waiting,) = get_screening_desk(scene.project.id, now=NOW).needs
    assert (waiting.author, waiting.organization) == ("Lin", None)
    assert list_project_needs(scene.project.id)[0] == ()
    with transaction():
        screen_need(
            scene.lead_actor, scene.project.id, number, NeedAction.RELEASE,
            reason="", site=SITE, now=NOW,
        )  # fmt: skip
    assert get_project_need(scene.project.id, number, screening=False).organization is None
    with transaction():
        write_to_maintainers(actor_of(lin), None, need_id, "One more thing.", now=NOW)
    with transaction():
        answer_need(
            scene.lead_actor, scene.project.id, number, NeedAction.ANSWER,
            text="Done.", as_project=True, site=SITE, now=NOW,
        )  # fmt: skip
    assert need_of(need_id).state is NeedState.ANSWERED
    sent = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.recipient == "lin@example.org")
    ).all()
    address = f"{SITE}/contributor/{scene.project.slug}/needs/{need_id}"
    assert {each.action_url for each in sent} == {address}
    assert {each.why for each in sent} == {
        f"You stated a need as a contributor to {scene.project.name}."
    }
    own = list_contributor_needs(scene.project.id, lin.id)[0]
    assert [each.need for each in own] == ["Faster tests"]


def test_w2_contributors_have_a_quota_of_their_own_whatever_a_tier_gives(app: Flask) -> None:
    scene, lin = make_scene(), make_person("Lin")
    make_contributor(scene.project, lin)
    company = make_organization(roles={lin: [OrganizationRole.REPRESENTATIVE]})
    make_sponsorship(company, make_tier(scene.project, voting_weight=50))
    for _need in range(CONTRIBUTOR_NEEDS):
        state_need(scene, lin)
    with pytest.raises(Refusal) as refusal:
        state_need(scene, lin)
    assert refusal.value.code == "need.quota"
    with transaction():  # those of the organization are counted apart
        need_id = draft_need(actor_of(lin), company.id, scene.project.id, TEXT, now=NOW)
        submit_need(actor_of(lin), company.id, need_id, now=NOW)


def test_w2_a_contributors_need_is_nobody_elses(app: Flask) -> None:
    scene = make_scene()
    lin, kai = make_person("Lin"), make_person("Kai")
    for person in (lin, kai):
        make_contributor(scene.project, person)
    need_id = state_need(scene, lin)
    other = scene.representative(0)
    with pytest.raises(NotFound):
        get_contributor_need(scene.project.id, kai.id, need_id)
    with pytest.raises(NotFound):
        get_own_need(scene.organizations[0].id, need_id)
    for actor, side in ((actor_of(kai), None), (other, None), (other, scene.organizations[0].id)):
        with pytest.raises(NotFound):
            withdraw_need(actor, side, need_id, now=NOW)
    with pytest.raises(NotFound):
        draft_need(other, None, scene.project.id, OWN_TEXT, now=NOW)
    with pytest.raises(NotFound):
        draft_need(actor_of(lin), None, make_project().id, OWN_TEXT, now=NOW)


def test_w4_a_contributor_is_credited_as_they_choose_and_never_as_an_organization(
    app: Flask,
) -> None:
    scene, lin = make_scene(), make_person("Lin")
    make_contributor(scene.project, lin)
    with pytest.raises(Refusal) as refusal:
        draft_need(actor_of(lin), None, scene.project.id, TEXT, now=NOW)
    assert refusal.value.field == "credit"
    proposal = make_consultation(scene)
    need_id = state_need(scene, lin)
    number = need_of(need_id).number
    with transaction():
        screen_need(
            scene.lead_actor, scene.project.id, number, NeedAction.RELEASE,
            reason="", site=SITE, now=NOW,
        )  # fmt: skip
        join_needs(scene.lead_actor, scene.project.id, [number], proposal, site=SITE, now=NOW)
    assert find_need_credits(scene.project.id, proposal).names == ()
    assert find_need_credits(scene.project.id, proposal).unnamed == 1


def test_needs_that_nobody_decided_on_are_withdrawn_with_the_part(app: Flask) -> None:
    scene, lin = make_scene(), make_person("Lin")
    make_contributor(scene.project, lin)
    draft, waiting = state_need(scene, lin, submit=False), state_need(scene, lin)
    with transaction():
        leave_project(actor_of(lin), scene.project.id, now=NOW)
    assert {need_of(each).state for each in (draft, waiting)} == {NeedState.WITHDRAWN}
    with pytest.raises(NotFound):
        withdraw_need(actor_of(lin), None, draft, now=NOW)


def test_the_desk_lists_who_contributes_who_is_invited_and_who_was(app: Flask) -> None:
    scene = make_scene()
    lin, kai = make_person("Lin"), make_person("Kai")
    make_contributor(scene.project, lin)
    make_contributor(scene.project, kai)
    invite(scene, email="new@example.org")
    with transaction():
        leave_project(actor_of(kai), scene.project.id, now=NOW)
    desk = get_contributors_desk(scene.project.id, now=NOW)
    assert [each.name for each in desk.active] == ["Lin"]
    assert [each.name for each in desk.past] == ["Kai"]
    assert [each.email for each in desk.invitations] == ["new@example.org"]


def test_what_somebody_was_invited_for_is_said_anew_logged_and_told(app: Flask) -> None:
    scene, lin = make_scene(), make_person("Lin")
    part = make_contributor(scene.project, lin, is_named=True)

    def change(work: str, actor: Actor = scene.lead_actor) -> bool:
        with transaction():
            return change_work(actor, scene.project.id, part.id, work=work, now=NOW)

    assert change("The manual")
    assert not change("The manual")
    assert get_contributor(scene.project.id, part.id).work == "The manual"
    named = find_public_people(scene.project.id).contributors.named
    assert [each.work for each in named] == ["The manual"]
    sentences = db.session.scalars(select(AuditEntry.sentence)).all()
    assert "Lin is a contributor for: The manual (before: The protocol tests)" in sentences
    mail = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.recipient == lin.email)
    ).one()
    assert "The manual" in mail.paragraphs
    with pytest.raises(Refusal, match=r"contributor\.work"):
        change("")
    with pytest.raises(NotFound):
        change("Anything", actor_of(lin))


def test_a_visitor_and_a_stranger_cast_no_contributors_ballot(app: Flask) -> None:
    scene = house_scene()
    make_contributor(scene.project, make_person())
    vote = make_vote(scene)
    for actor in (Actor(), Actor(person_id=99), scene.lead_actor):
        with pytest.raises(NotFound):
            cast_contributor_ballot(
                actor, scene.project.id, vote, {"position": "for"}, site=SITE, now=NOW
            )
