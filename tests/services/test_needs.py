"""PRODUCT W2 to W5: needs are structured, screened, answered, credited as their author chose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Conflict, Forbidden, NotFound, Refusal
from portal.domain.needs import Credit, NeedAction, NeedState, NeedText
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.models.audit import AuditEntry
from portal.models.needs import Need, NeedMessage
from portal.models.organizations import Organization
from portal.models.outbox import OutboxMessage
from portal.models.projects import Project
from portal.queries.workshop.needs import (
    find_need_credits,
    get_own_need,
    get_project_need,
    list_project_needs,
)
from portal.queries.workshop.screening import get_screening_desk
from portal.services.votes.proposals import draft_proposal
from portal.services.workshop.joining import join_needs
from portal.services.workshop.need_answers import answer_need, write_to_author
from portal.services.workshop.needs import (
    draft_need,
    edit_need,
    submit_need,
    withdraw_need,
    write_to_maintainers,
)
from portal.services.workshop.screening import (
    grant_trust,
    screen_message,
    screen_need,
    set_intake,
    withdraw_trust,
)
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)

SITE = "http://portal.example"
HOUR = timedelta(hours=1)
TEXT = NeedText(
    need="Sealed sync over satellite links",
    for_whom="Forty ships, each with a link that drops twice a day",
    evidence="Log of the last quarter: 212 broken transfers",
    cost_of_not="Two working days a month",
    offers=(),
    offer="",
    conflicts="None",
    credit=Credit.ORGANIZATION,
    pseudonym="",
)


@dataclass
class Workshop:
    """A project with a steward and a maintainer, and a sponsor with a representative."""

    project: Project
    company: Organization
    author: Actor
    steward: Actor
    maintainer: Actor

    def submit(self, text: NeedText = TEXT) -> int:
        """A need that waits for a steward; its id."""
        with transaction():
            need_id = draft_need(self.author, self.company.id, self.project.id, text, now=NOW)
        with transaction():
            submit_need(self.author, self.company.id, need_id, now=NOW)
        return need_id

    def screen(self, need_id: int, action: NeedAction, reason: str = "") -> None:
        """A steward's decision."""
        with transaction():
            screen_need(
                self.steward, self.project.id, number_of(need_id), action,
                reason=reason, site=SITE, now=NOW + HOUR,
            )  # fmt: skip

    def answer(self, need_id: int, action: NeedAction, text: str = "Words") -> None:
        """A maintainer's decision."""
        with transaction():
            answer_need(
                self.maintainer, self.project.id, number_of(need_id), action,
                text=text, as_project=True, site=SITE, now=NOW + HOUR,
            )  # fmt: skip


def number_of(need_id: int) -> int:
    return db.session.get_one(Need, need_id).number


def state_of(need_id: int) -> NeedState:
    return db.session.get_one(Need, need_id, populate_existing=True).state


@pytest.fixture
def workshop(app: Flask) -> Workshop:
    steward, maintainer, author = make_person(), make_person(), make_person("Rita Rep")
    project = make_project(
        roles={steward: [ProjectRole.STEWARD], maintainer: [ProjectRole.MAINTAINER]}
    )
    company = make_organization("acme", roles={author: [OrganizationRole.REPRESENTATIVE]})
    make_sponsorship(company, make_tier(project), approved_name="Acme AG")
    return Workshop(project, company, actor_of(author), actor_of(steward), actor_of(maintainer))


def test_nobody_in_the_project_sees_a_draft(workshop: Workshop) -> None:
    with transaction():
        need_id = draft_need(
            workshop.author, workshop.company.id, workshop.project.id, TEXT, now=NOW
        )
    assert get_own_need(workshop.company.id, need_id).state is NeedState.DRAFT
    with pytest.raises(NotFound):
        get_project_need(workshop.project.id, number_of(need_id), screening=True)


def test_only_stewards_see_what_waits_and_maintainers_what_was_released(
    workshop: Workshop,
) -> None:
    need_id = workshop.submit()
    number = number_of(need_id)
    assert get_project_need(workshop.project.id, number, screening=True).text == TEXT
    with pytest.raises(NotFound):
        get_project_need(workshop.project.id, number, screening=False)
    assert list_project_needs(workshop.project.id) == ((), None)
    workshop.screen(need_id, NeedAction.RELEASE)
    assert get_project_need(workshop.project.id, number, screening=False).text == TEXT
    assert [line.id for line in list_project_needs(workshop.project.id)[0]] == [need_id]


def test_a_need_taken_back_before_it_was_read_is_never_shown(workshop: Workshop) -> None:
    need_id = workshop.submit()
    with transaction():
        withdraw_need(workshop.author, workshop.company.id, need_id, now=NOW)
    with pytest.raises(NotFound):
        get_project_need(workshop.project.id, number_of(need_id), screening=False)
    assert list_project_needs(workshop.project.id) == ((), None)


def test_w3_a_need_taken_back_while_it_is_reworded_is_never_shown(workshop: Workshop) -> None:
    need_id = workshop.submit()
    workshop.screen(need_id, NeedAction.ASK_TO_REWORD, "In other words, please.")
    with transaction():
        withdraw_need(workshop.author, workshop.company.id, need_id, now=NOW)
    for screening in (True, False):
        with pytest.raises(NotFound):
            get_project_need(workshop.project.id, number_of(need_id), screening=screening)
    assert list_project_needs(workshop.project.id) == ((), None)


def test_another_organization_never_reaches_it(workshop: Workshop) -> None:
    other = make_organization("other")
    stranger = actor_of(make_person())
    need_id = workshop.submit()
    with pytest.raises(NotFound):
        get_own_need(other.id, need_id)
    with pytest.raises(NotFound), transaction():
        withdraw_need(stranger, workshop.company.id, need_id, now=NOW)


@pytest.mark.parametrize("field", ["for_whom", "evidence", "cost_of_not", "conflicts"])
def test_an_incomplete_need_stays_a_draft(workshop: Workshop, field: str) -> None:
    with transaction():
        need_id = draft_need(
            workshop.author,
            workshop.company.id,
            workshop.project.id,
            replace(TEXT, **{field: ""}),
            now=NOW,
        )
    with pytest.raises(Refusal) as refused, transaction():
        submit_need(workshop.author, workshop.company.id, need_id, now=NOW)
    assert refused.value.field == field
    assert state_of(need_id) is NeedState.DRAFT


def test_without_a_stake_nothing_is_handed_in(workshop: Workshop) -> None:
    author = make_person()
    company = make_organization(roles={author: [OrganizationRole.REPRESENTATIVE]})
    actor = actor_of(author)
    with transaction():
        need_id = draft_need(actor, company.id, workshop.project.id, TEXT, now=NOW)
    with pytest.raises(Refusal) as refused, transaction():
        submit_need(actor, company.id, need_id, now=NOW)
    assert refused.value.code == "need.stake"


@pytest.mark.parametrize(
    ("benefits", "quota"), [([], 3), ([{"kind": "needs", "at_once": 1}], 1)], ids=["none", "one"]
)
def test_a_tier_has_room_for_so_many_needs_at_a_time(
    app: Flask, benefits: list[dict[str, object]], quota: int
) -> None:
    author, steward = make_person(), make_person()
    project = make_project(roles={steward: [ProjectRole.STEWARD]})
    company = make_organization(roles={author: [OrganizationRole.REPRESENTATIVE]})
    make_sponsorship(company, make_tier(project, benefits=benefits))
    workshop = Workshop(project, company, actor_of(author), actor_of(steward), actor_of(steward))
    submitted = [workshop.submit() for _ in range(quota)]
    with pytest.raises(Refusal) as refused:
        workshop.submit()
    assert refused.value.code == "need.quota"
    with transaction():
        withdraw_need(workshop.author, company.id, submitted[0], now=NOW)
    workshop.submit()


def test_a_pause_and_a_quiet_time_let_drafts_be_and_nothing_in(workshop: Workshop) -> None:
    def set_to(*, paused: bool, quiet: bool) -> None:
        with transaction():
            set_intake(
                workshop.steward, workshop.project.id, paused=paused, pause_note="Back in May.",
                quiet_until=NOW + HOUR if quiet else None, now=NOW,
            )  # fmt: skip

    set_to(paused=True, quiet=False)
    with pytest.raises(Refusal, match=r"Back in May\.") as paused:
        workshop.submit()
    assert paused.value.code == "need.paused"
    set_to(paused=False, quiet=True)
    with pytest.raises(Refusal) as quiet:
        workshop.submit()
    assert quiet.value.code == "need.quiet"
    set_to(paused=False, quiet=False)
    workshop.submit()


@pytest.mark.parametrize("action", [NeedAction.ASK_TO_REWORD, NeedAction.REFUSE])
def test_a_decision_against_somebodys_words_needs_a_reason(
    workshop: Workshop, action: NeedAction
) -> None:
    need_id = workshop.submit()
    with pytest.raises(Refusal) as refused:
        workshop.screen(need_id, action)
    assert refused.value.code == "need.reason"
    assert state_of(need_id) is NeedState.WAITING
    workshop.screen(need_id, action, "Please leave the person out of it.")
    assert get_own_need(workshop.company.id, need_id).reason == "Please leave the person out of it."


def test_reworded_it_goes_back_to_the_steward(workshop: Workshop) -> None:
    need_id = workshop.submit()
    workshop.screen(need_id, NeedAction.ASK_TO_REWORD, "In other words, please.")
    with transaction():
        edit_need(
            workshop.author, workshop.company.id, need_id, replace(TEXT, need="Kinder"),
            revision=1, now=NOW,
        )  # fmt: skip
        submit_need(workshop.author, workshop.company.id, need_id, now=NOW)
    assert state_of(need_id) is NeedState.WAITING
    with pytest.raises(NotFound):
        get_project_need(workshop.project.id, number_of(need_id), screening=False)


def test_what_waits_cannot_be_changed_behind_the_stewards_back(workshop: Workshop) -> None:
    need_id = workshop.submit()
    with pytest.raises(Refusal) as refused, transaction():
        edit_need(workshop.author, workshop.company.id, need_id, TEXT, revision=1, now=NOW)
    assert refused.value.code == "need.waiting"


def test_nobody_saves_over_a_newer_text(workshop: Workshop) -> None:
    with transaction():
        need_id = draft_need(
            workshop.author, workshop.company.id, workshop.project.id, TEXT, now=NOW
        )
    newer = replace(TEXT, need="Newer")
    with transaction():
        edit_need(workshop.author, workshop.company.id, need_id, newer, revision=1, now=NOW)
    with pytest.raises(Conflict), transaction():
        edit_need(workshop.author, workshop.company.id, need_id, TEXT, revision=1, now=NOW)


def test_trust_skips_the_desk_until_it_is_withdrawn(workshop: Workshop) -> None:
    first = workshop.submit()
    person_id = workshop.author.person_id or 0
    with transaction():
        grant_trust(workshop.steward, workshop.project.id, person_id, now=NOW)
        grant_trust(workshop.steward, workshop.project.id, person_id, now=NOW)
    assert state_of(first) is NeedState.WAITING
    assert state_of(workshop.submit()) is NeedState.OPEN
    with transaction():
        withdraw_trust(workshop.steward, workshop.project.id, person_id, now=NOW)
    assert state_of(workshop.submit()) is NeedState.WAITING


def test_trust_is_only_for_those_who_wrote_to_the_project(workshop: Workshop) -> None:
    stranger = make_person()
    with pytest.raises(NotFound), transaction():
        grant_trust(workshop.steward, workshop.project.id, stranger.id, now=NOW)


def test_an_authors_message_is_read_by_a_steward_first(workshop: Workshop) -> None:
    need_id = workshop.submit()
    workshop.screen(need_id, NeedAction.RELEASE)
    number = number_of(need_id)
    with transaction():
        write_to_maintainers(
            workshop.author, workshop.company.id, need_id, "One more thing", now=NOW
        )
    assert get_project_need(workshop.project.id, number, screening=False).messages == ()
    (waiting,) = get_screening_desk(workshop.project.id, now=NOW).messages
    assert waiting.text == "One more thing"
    with transaction():
        screen_message(
            workshop.steward, workshop.project.id, waiting.id, released=True, reason="", now=NOW
        )
    (message,) = get_project_need(workshop.project.id, number, screening=False).messages
    assert message.text == "One more thing"
    with pytest.raises(Refusal), transaction():
        screen_message(
            workshop.steward, workshop.project.id, waiting.id, released=False, reason="x", now=NOW
        )


def test_maintainers_may_answer_as_the_project(workshop: Workshop) -> None:
    need_id = workshop.submit()
    workshop.screen(need_id, NeedAction.RELEASE)
    workshop.answer(need_id, NeedAction.ANSWER, "It is there: --resume.")
    page = get_own_need(workshop.company.id, need_id)
    assert page.state is NeedState.ANSWERED
    assert [(each.signed, each.text) for each in page.messages] == [
        (None, "It is there: --resume.")
    ]
    with transaction():
        write_to_author(
            workshop.maintainer, workshop.project.id, number_of(need_id),
            text="Ask again any time.", as_project=False, site=SITE, now=NOW,
        )  # fmt: skip
    assert get_own_need(workshop.company.id, need_id).messages[-1].signed


def test_declining_needs_a_reason(workshop: Workshop) -> None:
    need_id = workshop.submit()
    workshop.screen(need_id, NeedAction.RELEASE)
    with pytest.raises(Refusal) as refused:
        workshop.answer(need_id, NeedAction.DECLINE, "")
    assert refused.value.code == "need.reason"


@pytest.mark.parametrize(
    ("credit", "names", "unnamed"),
    [
        (Credit.ORGANIZATION, ("Acme AG",), 0),
        (Credit.PERSON, ("Rita Rep",), 0),
        (Credit.PSEUDONYM, ("A sailor",), 0),
        (Credit.NONE, (), 1),
    ],
)
def test_several_needs_join_in_one_proposal_and_are_credited_as_chosen(
    workshop: Workshop, credit: Credit, names: tuple[str, ...], unnamed: int
) -> None:
    with transaction():
        number = draft_proposal(
            workshop.maintainer, workshop.project.id, title="Sync", summary="", body="", now=NOW
        )
    text = replace(TEXT, credit=credit, pseudonym="A sailor")
    ids = [workshop.submit(text), workshop.submit(replace(TEXT, credit=Credit.NONE))]
    hidden = workshop.submit(text)
    for need_id in ids:
        workshop.screen(need_id, NeedAction.RELEASE)
    workshop.screen(hidden, NeedAction.KEEP_PRIVATE)
    for need_id in (*ids, hidden):
        with transaction():
            join_needs(
                workshop.maintainer, workshop.project.id, [number_of(need_id)], number,
                site=SITE, now=NOW,
            )  # fmt: skip
    found = find_need_credits(workshop.project.id, number)
    assert (found.names, found.unnamed) == (names, unnamed + 1)


def test_the_desk_shows_the_oldest_first_and_how_long_it_takes(workshop: Workshop) -> None:
    first, second = workshop.submit(), workshop.submit()
    desk = get_screening_desk(workshop.project.id, now=NOW)
    assert [each.number for each in desk.needs] == [number_of(first), number_of(second)]
    assert (desk.size, desk.median) == (2, None)
    workshop.screen(first, NeedAction.RELEASE)
    desk = get_screening_desk(workshop.project.id, now=NOW + HOUR)
    assert (desk.size, desk.median) == (1, HOUR)


def test_what_skips_the_desk_does_not_make_it_look_quick(workshop: Workshop) -> None:
    workshop.screen(workshop.submit(), NeedAction.RELEASE)
    person_id = workshop.author.person_id or 0
    with transaction():
        grant_trust(workshop.steward, workshop.project.id, person_id, now=NOW)
    for _ in range(2):
        workshop.submit()
    assert get_screening_desk(workshop.project.id, now=NOW + HOUR).median == HOUR


def test_each_step_is_for_its_role_alone(workshop: Workshop) -> None:
    need_id = workshop.submit()
    number = number_of(need_id)

    def screen(actor: Actor) -> None:
        screen_need(
            actor, workshop.project.id, number, NeedAction.RELEASE, reason="", site=SITE, now=NOW
        )

    def take_up(actor: Actor) -> None:
        join_needs(actor, workshop.project.id, [number], 1, site=SITE, now=NOW)

    cases: list[tuple[Callable[[Actor], None], Actor, type[Exception]]] = [
        (screen, workshop.maintainer, Forbidden),
        (screen, workshop.author, NotFound),
        (take_up, workshop.steward, Forbidden),
        (take_up, workshop.author, NotFound),
    ]
    for verb, actor, error in cases:
        with pytest.raises(error), transaction():
            verb(actor)
    with pytest.raises(Refusal):
        workshop.screen(need_id, NeedAction.ANSWER)


def test_neither_lists_nor_mails_repeat_what_was_written(workshop: Workshop) -> None:
    need_id = workshop.submit()
    workshop.screen(need_id, NeedAction.RELEASE)
    with transaction():
        write_to_maintainers(workshop.author, workshop.company.id, need_id, "Secret", now=NOW)
    told = [
        *db.session.scalars(select(AuditEntry.sentence)),
        *db.session.scalars(select(OutboxMessage.paragraphs)),
        *db.session.scalars(select(OutboxMessage.subject)),
    ]
    written = (*(value for value in vars_of(TEXT) if value and value != "None"), "Secret")
    assert not [part for part in written if any(part in each for each in told)]
    assert db.session.scalars(select(NeedMessage.text)).one() == "Secret"


def vars_of(text: NeedText) -> list[str]:
    return [text.need, text.for_whom, text.evidence, text.cost_of_not, text.conflicts]
