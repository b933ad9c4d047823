"""PRODUCT W1: support is private, bounded by the tier, answered, and closed as what it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.needs import NeedState
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.domain.sponsorship import Term
from portal.domain.support import SupportAction, SupportState, SupportText
from portal.models.audit import AuditEntry
from portal.models.identity import Person
from portal.models.needs import Intake, Need
from portal.models.organizations import Membership, Organization
from portal.models.outbox import OutboxMessage
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.support import SupportRequest
from portal.models.tiers import TierVersion
from portal.queries.desks.desks import find_my_desks, get_overview
from portal.queries.workshop.needs import get_own_need, get_project_need, list_project_needs
from portal.queries.workshop.screening import count_waiting
from portal.queries.workshop.support import (
    get_own_request,
    get_terms,
    list_doors,
    list_organization_support,
)
from portal.queries.workshop.support_desk import (
    count_support_waiting,
    get_desk_request,
    get_support_desk,
    list_closed_support,
    list_gaps,
)
from portal.services.workshop.blocks import block_in_workshop, block_person, lift_block
from portal.services.workshop.documentation_gaps import write_off_gap
from portal.services.workshop.needs import submit_need
from portal.services.workshop.support import ask_support, settle_support, write_about_support
from portal.services.workshop.support_answers import answer_support, close_support
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)
from tests.support_builders import SUPPORT

SITE = "http://portal.example"
HOUR = timedelta(hours=1)
TEXT = SupportText("Connect a second site", "It says: no route to Lomund", "4.3 on Debian 13")
ROLES = OrganizationRole


@dataclass
class Support:
    """A project with maintainers, and a sponsor whose tier has four requests a quarter."""

    project: Project
    company: Organization
    stake: Sponsorship
    asker: Person
    colleague: Person
    lead: Person
    maintainer: Person
    steward: Person

    def ask(self, text: SupportText = TEXT, *, by: Person | None = None) -> int:
        """A request; its id."""
        with transaction():
            return ask_support(
                actor_of(by or self.asker), self.company.id, self.project.id, text,
                site=SITE, now=NOW,
            )  # fmt: skip

    def answer(self, request_id: int, text: str = "Add a route.", **values: bool) -> None:
        """An answer of the maintainer."""
        with transaction():
            answer_support(
                actor_of(self.maintainer), self.project.id, number_of(request_id), text=text,
                as_project=values.get("as_project", False), site=SITE, now=NOW + HOUR,
            )  # fmt: skip

    def close(self, request_id: int, action: SupportAction, text: str = "") -> None:
        """One of the three closings."""
        with transaction():
            close_support(
                actor_of(self.maintainer), self.project.id, number_of(request_id), action,
                text=text, site=SITE, now=NOW + 2 * HOUR,
            )  # fmt: skip

    def write(self, request_id: int, text: str = "Where?", *, now: timedelta = 3 * HOUR) -> None:
        """Words of the colleague."""
        with transaction():
            write_about_support(
                actor_of(self.colleague), self.company.id, request_id, text,
                site=SITE, now=NOW + now,
            )  # fmt: skip


def number_of(request_id: int) -> int:
    return db.session.get_one(SupportRequest, request_id).number


def state_of(request_id: int) -> SupportState:
    return db.session.get_one(SupportRequest, request_id, populate_existing=True).state


def mails_to(person: Person) -> list[str]:
    return list(
        db.session.scalars(
            select(OutboxMessage.paragraphs)
            .where(OutboxMessage.recipient == person.email)
            .order_by(OutboxMessage.id)
        )
    )


@pytest.fixture
def support(app: Flask) -> Support:
    lead, maintainer, steward = make_person("Lena"), make_person("Max"), make_person("Stew")
    asker, colleague = make_person("Ada"), make_person("Bo")
    project = make_project(
        roles={
            lead: [ProjectRole.LEAD],
            maintainer: [ProjectRole.MAINTAINER],
            steward: [ProjectRole.STEWARD],
        }
    )
    company = make_organization("acme", roles={asker: [ROLES.REPRESENTATIVE], colleague: [ROLES.EDITOR]})  # fmt: skip
    stake = make_sponsorship(company, make_tier(project, benefits=[SUPPORT]))
    return Support(project, company, stake, asker, colleague, lead, maintainer, steward)


def test_w1_a_request_waits_for_the_maintainers_with_its_aim(support: Support) -> None:
    request_id = support.ask()
    (line,) = get_support_desk(support.project.id, now=NOW).open
    assert (line.text, line.organization) == (TEXT, "Acme")
    # Asked on a Saturday: three working days end on Wednesday.
    assert line.due_on is not None
    assert line.due_on.isoformat() == "2026-11-25"
    assert count_support_waiting(support.project.id) == 1
    assert get_own_request(support.company.id, request_id).text == TEXT


@pytest.mark.parametrize("field", ["tried", "happened", "environment"])
def test_w1_an_incomplete_request_leaves_nothing(support: Support, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        support.ask(replace(TEXT, **{field: ""}))
    assert refused.value.field == field
    assert count_support_waiting(support.project.id) == 0
    assert not mails_to(support.lead)


def test_w1_a_tier_has_room_for_so_many_a_quarter(support: Support) -> None:
    ids = [support.ask(replace(TEXT, tried=f"Try {each}")) for each in range(4)]
    with pytest.raises(Refusal) as refused:
        support.ask()
    assert refused.value.code == "support.quota"
    with transaction():
        settle_support(actor_of(support.asker), support.company.id, ids[0], now=NOW)
    with pytest.raises(Refusal):
        support.ask()
    terms, _pace = get_terms(support.company.id, support.project.slug, now=NOW)
    assert (terms.asked, [each.code for each in terms.obstacles]) == (4, ["support.quota"])
    following = NOW + timedelta(days=41)
    assert following.month == 1
    assert get_terms(support.company.id, support.project.slug, now=following)[0].asked == 0
    with transaction():
        ask_support(
            actor_of(support.asker), support.company.id, support.project.id, TEXT,
            site=SITE, now=following,
        )  # fmt: skip


def test_w1_the_quota_is_of_each_organization_and_project(support: Support) -> None:
    for each in range(4):
        support.ask(replace(TEXT, tried=f"Try {each}"))
    other = make_organization(roles={support.asker: [ROLES.OWNER]})
    make_sponsorship(other, make_tier(support.project, benefits=[SUPPORT]))
    elsewhere = make_project()
    make_sponsorship(support.company, make_tier(elsewhere, benefits=[SUPPORT]))
    for company, project in ((other, support.project), (support.company, elsewhere)):
        with transaction():
            ask_support(actor_of(support.asker), company.id, project.id, TEXT, site=SITE, now=NOW)


def test_s1_what_was_bought_keeps_its_support(support: Support) -> None:
    sold = support.stake.tier_snapshot
    with transaction() as session:
        session.add(
            TierVersion(
                tier_id=sold.tier_id, number=2, name="Leaner", price_minor=1, currency="EUR",
                interval=sold.interval, voting_weight=1, audience=sold.audience, benefits=[],
                created_at=NOW,
            )
        )  # fmt: skip
    terms, _pace = get_terms(support.company.id, support.project.slug, now=NOW)
    assert terms.support is not None
    assert terms.support.per_quarter == 4
    support.ask()


def test_w1_the_aim_stays_as_it_was_when_asked(support: Support) -> None:
    request_id = support.ask()
    slower = make_tier(support.project, benefits=[SUPPORT | {"answer_days": 30}])
    with transaction() as session:
        session.get_one(Sponsorship, support.stake.id).tier_snapshot_id = slower.id
    assert get_own_request(support.company.id, request_id).aim_days == 3


@pytest.mark.parametrize("term", [Term.LAPSED, Term.ENDED])
def test_w1_without_a_stake_there_is_no_support(support: Support, term: Term) -> None:
    with transaction() as session:
        session.get_one(Sponsorship, support.stake.id).term = term
    with pytest.raises(Refusal) as refused:
        support.ask()
    assert refused.value.code == "support.stake"
    terms, _pace = get_terms(support.company.id, support.project.slug, now=NOW)
    assert [each.code for each in terms.obstacles] == ["support.stake"]


def test_w1_a_tier_without_support_says_so(support: Support) -> None:
    company = make_organization(roles={support.asker: [ROLES.OWNER]})
    make_sponsorship(company, make_tier(support.project))
    with pytest.raises(Refusal) as refused, transaction():
        ask_support(
            actor_of(support.asker), company.id, support.project.id, TEXT, site=SITE, now=NOW
        )
    assert refused.value.code == "support.tier"


@pytest.mark.parametrize("code", ["support.paused", "support.quiet"])
def test_w5_a_rest_of_the_maintainers_holds_for_new_requests(support: Support, code: str) -> None:
    running = support.ask()
    support.answer(running)
    with transaction() as session:
        session.add(
            Intake(
                project_id=support.project.id, paused=code == "support.paused", pause_note="",
                quiet_until=NOW + HOUR if code == "support.quiet" else None,
            )
        )  # fmt: skip
    with pytest.raises(Refusal) as refused:
        support.ask(replace(TEXT, tried="Another thing"))
    assert refused.value.code == code
    support.write(running)


def test_w1_sent_twice_it_is_one_request(support: Support) -> None:
    assert support.ask() == support.ask()
    assert count_support_waiting(support.project.id) == 1
    assert len(mails_to(support.lead)) == 1


def test_w1_answer_and_reply_move_it_to_and_fro(support: Support) -> None:
    request_id = support.ask()
    support.answer(request_id)
    assert state_of(request_id) is SupportState.ANSWERED
    support.write(request_id)
    assert state_of(request_id) is SupportState.OPEN
    (line,) = get_support_desk(support.project.id, now=NOW).open
    assert (line.last_words, line.has_answer, line.due_on) == ("Where?", True, None)
    page = get_own_request(support.company.id, request_id)
    assert [(each.by_project, each.text) for each in page.messages] == [
        (True, "Add a route."), (False, "Where?"),
    ]  # fmt: skip
    assert page.answered_at == NOW + HOUR


def test_w4_maintainers_answer_as_the_project_or_by_name(support: Support) -> None:
    request_id = support.ask()
    support.answer(request_id, as_project=True)
    support.answer(request_id, "And restart.", as_project=False)
    page = get_own_request(support.company.id, request_id)
    assert [each.signed for each in page.messages] == [None, "Max"]


@pytest.mark.parametrize("write", [Support.answer, Support.write])
def test_w1_an_empty_message_is_refused(
    support: Support, write: Callable[[Support, int, str], None]
) -> None:
    request_id = support.ask()
    with pytest.raises(Refusal) as refused:
        write(support, request_id, "")
    assert (refused.value.code, refused.value.field) == ("support.message", "text")
    assert state_of(request_id) is SupportState.OPEN


def test_w1_one_click_closes_what_was_answered(support: Support) -> None:
    request_id = support.ask()
    with pytest.raises(Refusal) as refused:
        support.close(request_id, SupportAction.CLOSE_ANSWERED)
    assert refused.value.code == "support.unanswered"
    support.answer(request_id)
    support.close(request_id, SupportAction.CLOSE_ANSWERED)
    assert state_of(request_id) is SupportState.CLOSED_ANSWERED
    assert [each.number for each in list_closed_support(support.project.id)[0]] == [
        number_of(request_id)
    ]
    with pytest.raises(Refusal):
        support.close(request_id, SupportAction.CLOSE_GAP)


def test_w1_last_words_are_an_answer(support: Support) -> None:
    request_id = support.ask()
    support.close(request_id, SupportAction.CLOSE_ANSWERED, "Add a route.")
    page = get_own_request(support.company.id, request_id)
    assert (page.state, page.messages[0].text) == (SupportState.CLOSED_ANSWERED, "Add a route.")


def test_w1_a_gap_is_kept_on_a_list_until_it_is_written(support: Support) -> None:
    request_id = support.ask()
    support.close(request_id, SupportAction.CLOSE_GAP)
    ((gap,), written) = list_gaps(support.project.id)
    assert (gap.tried, written) == (TEXT.tried, ())
    for _twice in range(2):
        with transaction():
            write_off_gap(
                actor_of(support.maintainer), support.project.id, gap.number,
                url="https://docs.example/routes", site=SITE, now=NOW + 9 * HOUR,
            )  # fmt: skip
    assert list_gaps(support.project.id)[0] == ()
    page = get_own_request(support.company.id, request_id)
    assert page.gap_url == "https://docs.example/routes"
    (told,) = (each for each in mails_to(support.asker) if "docs.example" in each)
    assert told.endswith("It is here: https://docs.example/routes")


def test_w1_a_gap_found_again_is_open_again(support: Support) -> None:
    request_id = support.ask()
    support.close(request_id, SupportAction.CLOSE_GAP)
    with transaction():
        write_off_gap(
            actor_of(support.maintainer), support.project.id, number_of(request_id),
            url="", site=SITE, now=NOW + 3 * HOUR,
        )  # fmt: skip
    support.write(request_id, "The page does not say it.", now=4 * HOUR)
    support.close(request_id, SupportAction.CLOSE_GAP)
    assert len(list_gaps(support.project.id)[0]) == 1


def test_w2_w3_what_becomes_a_need_is_a_draft_that_only_the_organization_sees(
    support: Support,
) -> None:
    request_id = support.ask()
    support.close(request_id, SupportAction.CLOSE_NEED)
    page = get_own_request(support.company.id, request_id)
    assert page.need is not None
    need = get_own_need(support.company.id, page.need[0])
    assert (need.state, need.text.need) == (NeedState.DRAFT, TEXT.tried)
    assert need.author_id == support.asker.id
    assert list_project_needs(support.project.id) == ((), None)
    assert count_waiting(support.project.id) == 0
    with pytest.raises(NotFound):
        get_project_need(support.project.id, need.number, screening=True)
    assert not get_desk_request(support.project.id, number_of(request_id)).need_shown
    # It is not complete: what a need says besides is left to the organization.
    with pytest.raises(Refusal), transaction():
        submit_need(actor_of(support.asker), support.company.id, need.id, now=NOW)


@pytest.mark.parametrize("role", [ROLES.REPRESENTATIVE, ROLES.DEPUTY, ROLES.OWNER, None])
def test_w2_somebody_who_may_state_needs_goes_on_with_it(
    support: Support, role: OrganizationRole | None
) -> None:
    request_id = support.ask(by=support.colleague)
    with transaction() as session:
        for seat in session.scalars(select(Membership).filter_by(person_id=support.asker.id)):
            session.delete(seat)
        session.flush()
        if role is not None:
            session.add(
                Membership(
                    organization_id=support.company.id, person_id=support.lead.id, role=role,
                    since=NOW,
                )
            )  # fmt: skip
    support.close(request_id, SupportAction.CLOSE_NEED)
    author = db.session.scalars(select(Need.author_id)).one()
    assert author == (support.lead.id if role else support.colleague.id)


def test_w1_writing_opens_again_what_was_closed(support: Support) -> None:
    request_id = support.ask()
    support.close(request_id, SupportAction.CLOSE_ANSWERED, "Add a route.")
    assert get_own_request(support.company.id, request_id).can_reopen(NOW + 3 * HOUR)
    support.write(request_id, "It does not help.")
    assert state_of(request_id) is SupportState.OPEN
    assert get_own_request(support.company.id, request_id).closed_at is None
    support.close(request_id, SupportAction.CLOSE_ANSWERED)
    late = timedelta(days=31)
    assert not get_own_request(support.company.id, request_id).can_reopen(NOW + late)
    with pytest.raises(Refusal) as refused:
        support.write(request_id, now=late)
    assert refused.value.code == "support.closed_long"


def test_w1_nothing_is_opened_again_without_a_stake(support: Support) -> None:
    request_id = support.ask()
    support.close(request_id, SupportAction.CLOSE_GAP)
    with transaction() as session:
        session.get_one(Sponsorship, support.stake.id).term = Term.LAPSED
    with pytest.raises(Refusal) as refused:
        support.write(request_id)
    assert refused.value.code == "support.stake"


def test_w1_mails_go_both_ways_to_those_who_take_part(support: Support) -> None:
    request_id = support.ask()
    assert [len(mails_to(each)) for each in (support.lead, support.maintainer)] == [1, 1]
    assert not mails_to(support.steward)
    support.answer(request_id)
    assert (len(mails_to(support.asker)), len(mails_to(support.colleague))) == (1, 0)
    support.write(request_id)
    # Only whoever talks with them is told, and only once before the next answer.
    support.write(request_id, "Never mind, elsewhere.", now=4 * HOUR)
    assert [len(mails_to(each)) for each in (support.lead, support.maintainer)] == [1, 2]
    with transaction() as session:
        for seat in session.scalars(select(Membership).filter_by(person_id=support.asker.id)):
            session.delete(seat)
    support.close(request_id, SupportAction.CLOSE_ANSWERED)
    # Whoever left the organization is not told any more.
    assert (len(mails_to(support.asker)), len(mails_to(support.colleague))) == (1, 1)


def test_w1_neither_lists_nor_mails_repeat_what_was_written(support: Support) -> None:
    request_id = support.ask()
    support.answer(request_id, "Answer with a secret.")
    support.write(request_id, "Words with a secret.")
    support.close(request_id, SupportAction.CLOSE_NEED)
    told = [
        *db.session.scalars(select(AuditEntry.sentence)),
        *map(str, db.session.scalars(select(AuditEntry.details))),
        *db.session.scalars(select(OutboxMessage.paragraphs)),
        *db.session.scalars(select(OutboxMessage.subject)),
        *db.session.scalars(select(OutboxMessage.action_url)),
    ]
    written = (TEXT.tried, TEXT.happened, TEXT.environment, "secret")
    assert told
    assert not [part for part in written if any(part in each for each in told)]


def test_w1_no_other_organization_and_no_other_project_reaches_it(support: Support) -> None:
    request_id = support.ask()
    everything = make_person("Everything")
    roles = {everything: list(OrganizationRole)}
    other = make_organization("other", roles=roles)
    make_sponsorship(other, make_tier(support.project, benefits=[SUPPORT]))
    elsewhere = make_project(roles={everything: list(ProjectRole)})
    stranger, number = actor_of(everything), number_of(request_id)

    def write(actor: Actor, organization_id: int) -> None:
        write_about_support(actor, organization_id, request_id, "x", site=SITE, now=NOW)

    tries: list[Callable[[], object]] = [
        lambda: get_own_request(other.id, request_id),
        lambda: get_desk_request(elsewhere.id, number),
        lambda: write(stranger, other.id),
        lambda: write(stranger, support.company.id),
        lambda: settle_support(stranger, other.id, request_id, now=NOW),
        lambda: answer_support(
            stranger, elsewhere.id, number, text="x", as_project=True, site=SITE, now=NOW
        ),
        lambda: close_support(
            stranger, support.project.id, number, SupportAction.CLOSE_GAP, site=SITE, now=NOW
        ),
        lambda: write_off_gap(stranger, elsewhere.id, number, url="", site=SITE, now=NOW),
    ]
    for each in tries:
        with pytest.raises(NotFound), transaction():
            each()
    assert list_organization_support(other.id, now=NOW).lines == ()
    assert get_support_desk(elsewhere.id, now=NOW).open == ()
    assert not [each for each in mails_to(everything) if "support" in each]


@pytest.mark.parametrize("role", OrganizationRole)
def test_w1_who_asks_in_an_organization(support: Support, role: OrganizationRole) -> None:
    person = make_person()
    with transaction() as session:
        for seat in session.scalars(select(Membership).filter_by(person_id=support.asker.id)):
            session.delete(seat)
        session.flush()
        session.add(
            Membership(
                organization_id=support.company.id, person_id=person.id, role=role, since=NOW
            )
        )
    if role in {ROLES.VIEWER, ROLES.BILLING}:
        with pytest.raises(Forbidden):
            support.ask(by=person)
        assert list_doors(actor_of(person), support.project.id, now=NOW) == ()
    else:
        support.ask(by=person)
        (door,) = list_doors(actor_of(person), support.project.id, now=NOW)
        assert (door.slug, door.terms is not None) == ("acme", True)


def test_w1_stewards_read_and_do_not_answer(support: Support) -> None:
    number = number_of(support.ask())
    with pytest.raises(Forbidden), transaction():
        answer_support(
            actor_of(support.steward), support.project.id, number, text="x", as_project=True,
            site=SITE, now=NOW,
        )  # fmt: skip


def test_w1_a_request_never_enters_needs_proposals_or_the_roadmap(support: Support) -> None:
    support.ask()
    for table in ("needs", "proposals", "decision_records", "statements"):
        if table in db.metadata.tables:
            assert (
                db.session.scalar(select(func.count()).select_from(db.metadata.tables[table])) == 0
            )


def hold(support: Support, person: Person) -> None:
    with transaction():
        block_in_workshop(
            actor_of(support.steward), support.project.id, person.id, note="Why", now=NOW
        )


def seen_by_the_project(support: Support) -> int:
    desk = get_support_desk(support.project.id, now=NOW)
    lists = (desk.open, desk.answered, list_closed_support(support.project.id)[0])
    return sum(map(len, lists)) + sum(map(len, list_gaps(support.project.id))) + desk.size


def test_w5_what_the_blocked_ask_reaches_nobody_and_they_are_not_told(support: Support) -> None:
    hold(support, support.asker)
    request_id = support.ask()
    assert seen_by_the_project(support) == 0
    assert [mails_to(each) for each in (support.lead, support.maintainer)] == [[], []]
    with pytest.raises(NotFound):
        get_desk_request(support.project.id, number_of(request_id))
    with pytest.raises(NotFound):
        support.close(request_id, SupportAction.CLOSE_GAP)
    assert get_own_request(support.company.id, request_id).state is SupportState.OPEN
    with transaction():
        lift_block(actor_of(support.steward), support.project.id, support.asker.id, now=NOW)
    assert seen_by_the_project(support) == 2


def test_w5_what_is_on_the_desk_when_a_block_is_set_leaves_it(support: Support) -> None:
    support.close(support.ask(), SupportAction.CLOSE_GAP)
    support.answer(support.ask(replace(TEXT, tried="Another thing")))
    assert seen_by_the_project(support) == 3
    hold(support, support.asker)
    assert seen_by_the_project(support) == 0


def test_w5_held_words_do_not_bring_a_request_back_and_hide_nobody_elses(support: Support) -> None:
    request_id = support.ask()
    support.answer(request_id)
    hold(support, support.colleague)
    support.write(request_id, "Held")
    desk = get_support_desk(support.project.id, now=NOW)
    assert (desk.open, desk.size) == ((), 0)
    assert len(mails_to(support.maintainer)) == 1
    with transaction():
        write_about_support(
            actor_of(support.asker), support.company.id, request_id, "Mine",
            site=SITE, now=NOW + 4 * HOUR,
        )  # fmt: skip
    (line,) = get_support_desk(support.project.id, now=NOW).open
    assert line.last_words == "Mine"
    page = get_desk_request(support.project.id, number_of(request_id))
    assert [each.text for each in page.messages] == ["Add a route.", "Mine"]
    own = get_own_request(support.company.id, request_id)
    assert [each.text for each in own.messages] == ["Add a route.", "Held", "Mine"]


def test_w5_two_people_apart_are_not_told_of_each_other(support: Support) -> None:
    with transaction():
        block_person(actor_of(support.lead), support.asker.id, now=NOW)
    request_id = support.ask()
    assert (len(mails_to(support.lead)), len(mails_to(support.maintainer))) == (0, 1)
    with transaction():
        answer_support(
            actor_of(support.lead), support.project.id, number_of(request_id), text="So",
            as_project=False, site=SITE, now=NOW + HOUR,
        )  # fmt: skip
    assert not mails_to(support.asker)
    support.answer(request_id, as_project=True)
    assert len(mails_to(support.asker)) == 1


def test_w1_both_desks_say_what_waits(support: Support) -> None:
    request_id = support.ask()
    project_id = support.project.id

    def waiting(person: Person) -> list[tuple[str, str]]:
        actor = actor_of(person)
        tasks = get_overview(project_id, actor, now=NOW).tasks if person in of_project else ()
        if person not in of_project:
            tasks = find_my_desks(actor, now=NOW).tasks
        return [(task.kind, task.key) for task in tasks]

    of_project = (support.lead, support.maintainer, support.steward)
    number = str(number_of(request_id))
    assert waiting(support.maintainer) == [("project_support", number)]
    assert waiting(support.steward) == []
    assert waiting(support.asker) == []
    support.answer(request_id)
    assert waiting(support.maintainer) == []
    assert waiting(support.asker) == [("organization_support", str(request_id))]
    support.write(request_id)
    assert waiting(support.maintainer) == [("project_support_message", number)]
    support.close(request_id, SupportAction.CLOSE_ANSWERED)
    assert (waiting(support.maintainer), waiting(support.asker)) == ([], [])
