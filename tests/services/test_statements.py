"""PRODUCT W3, W4: one statement per elector, screened, changed until the vote opens, named as chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import DecisionMode, StatementsShown
from portal.domain.errors import Conflict, Forbidden, NotFound, Refusal
from portal.domain.needs import Credit, NeedState
from portal.domain.notifications import MailKind
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.proposals import ProposalState
from portal.domain.sponsorship import Term
from portal.domain.statements import (
    StatementAction,
    StatementPosition,
    StatementState,
    StatementText,
)
from portal.domain.tiers import Audience
from portal.models.audit import AuditEntry
from portal.models.needs import Need
from portal.models.organizations import Organization
from portal.models.outbox import OutboxMessage
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.statements import Statement
from portal.queries.identity.audit import list_organization_audit, list_project_audit
from portal.queries.workshop.blocks import list_workshop_blocks
from portal.queries.workshop.own_statements import (
    get_organization_consultation,
    get_personal_consultation,
    list_consultations,
)
from portal.queries.workshop.screening import get_screening_desk
from portal.queries.workshop.statements import (
    ShownStatement,
    find_public_statements,
    get_consultation,
)
from portal.services.votes.proposals import edit_proposal
from portal.services.workshop.blocks import block_in_workshop, lift_block
from portal.services.workshop.needs import submit_need
from portal.services.workshop.screening import grant_trust
from portal.services.workshop.statement_screening import recall_statement
from portal.services.workshop.statements import (
    put_statement,
    withdraw_own_statement,
    withdraw_statement,
)
from portal.services.workshop.summaries import write_summary
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_sponsorship,
    make_tier,
)
from tests.need_builders import make_need
from tests.statement_builders import (
    HIDDEN,
    TEXT,
    Consultation,
    get_statement,
    make_statements,
    state_of,
)
from tests.vote_builders import DAY, make_draft, make_vote

S, A = StatementState, StatementAction
EVERYTHING, POSITIONS, NOTHING = (
    StatementsShown.EVERYTHING,
    StatementsShown.POSITIONS,
    StatementsShown.NOTHING,
)


@pytest.fixture
def consultation(app: Flask) -> Consultation:
    return make_statements(statements_shown=EVERYTHING)


def public(consultation: Consultation) -> tuple[ShownStatement, ...]:
    found = find_public_statements(consultation.project_id, consultation.number)
    assert found is not None
    return found.statements


def read_by(consultation: Consultation, by: int) -> tuple[ShownStatement, ...] | None:
    """What one of the sponsors reads of the others."""
    organization = consultation.scene.organizations[by]
    page = get_organization_consultation(
        organization.id, consultation.project_id, consultation.number, now=NOW
    )
    return page.reads.statements if page.reads else None


def read_by_maintainers(consultation: Consultation) -> tuple[ShownStatement, ...]:
    return get_consultation(consultation.project_id, consultation.number, private=True).statements


def seen_anywhere(consultation: Consultation) -> int:
    """In how many places others see a statement."""
    return (
        len(public(consultation))
        + len(read_by(consultation, 1) or ())
        + len(read_by_maintainers(consultation))
    )


def test_w3_nobody_reads_what_no_steward_released(consultation: Consultation) -> None:
    statement_id = consultation.put()
    assert seen_anywhere(consultation) == 0
    (waiting,) = get_screening_desk(consultation.project_id, now=NOW).statements
    assert waiting.text == TEXT
    consultation.screen(statement_id)
    assert seen_anywhere(consultation) == 3
    (shown,) = read_by(consultation, 1) or ()
    assert shown.said is not None
    assert (shown.position, shown.said.meaning) == (TEXT.position, TEXT.meaning)


@pytest.mark.parametrize("action", [A.ASK_TO_REWORD, A.REFUSE])
def test_w3_what_a_steward_turned_away_is_its_authors_alone(
    consultation: Consultation, action: StatementAction
) -> None:
    statement_id = consultation.put()
    with pytest.raises(Refusal) as refused:
        consultation.screen(statement_id, action)
    assert refused.value.code == "statement.reason"
    consultation.screen(statement_id, action, reason="Leave the person out of it.")
    assert seen_anywhere(consultation) == 0
    own = get_organization_consultation(
        consultation.scene.organizations[0].id, consultation.project_id, consultation.number,
        now=NOW,
    ).own  # fmt: skip
    assert own is not None
    assert own.reason == "Leave the person out of it."


def test_w3_kept_private_it_stays_among_maintainers(consultation: Consultation) -> None:
    consultation.screen(consultation.put(), A.KEEP_PRIVATE)
    assert public(consultation) == ()
    assert read_by(consultation, 1) == ()
    (shown,) = read_by_maintainers(consultation)
    assert shown.is_private


def test_one_statement_per_elector_and_every_change_is_screened(
    consultation: Consultation,
) -> None:
    statement_id = consultation.release()
    again = consultation.put(replace(TEXT, meaning="Other words"))
    assert again == statement_id
    assert state_of(statement_id) is S.WAITING
    assert seen_anywhere(consultation) == 0
    assert db.session.scalars(select(Statement.id)).all() == [statement_id]


def test_a_steward_decides_on_the_words_that_were_read(consultation: Consultation) -> None:
    statement_id = consultation.put()
    consultation.put(replace(TEXT, meaning="Worse words"))
    with pytest.raises(Conflict):
        consultation.screen(statement_id, seen=1)
    assert state_of(statement_id) is S.WAITING


def test_nobody_saves_over_a_colleagues_statement(consultation: Consultation) -> None:
    consultation.put()
    with pytest.raises(Conflict):
        consultation.put(replace(TEXT, meaning="Late"), seen=0)


@pytest.mark.parametrize("field", ["meaning", "changes", "conflicts"])
def test_an_incomplete_statement_is_refused_at_its_field(
    consultation: Consultation, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        consultation.put(replace(TEXT, **{field: ""}))  # type: ignore[arg-type]
    assert refused.value.field == field
    assert consultation.find(0) is None


def test_it_is_for_those_who_would_have_a_ballot(consultation: Consultation) -> None:
    """Lapsed, or without a stake, an organization neither speaks nor reads."""
    consultation.release()
    with transaction() as session:
        stake = session.scalars(
            select(Sponsorship).where(
                Sponsorship.organization_id == consultation.scene.organizations[1].id
            )
        ).one()
        stake.term = Term.LAPSED
    with pytest.raises(Refusal) as refused:
        consultation.put(by=1)
    assert refused.value.code == "statement.no_elector"
    assert read_by(consultation, 1) is None


def test_related_companies_have_one_statement_between_them(consultation: Consultation) -> None:
    first, second = consultation.scene.organizations[:2]
    with transaction() as session:
        session.get_one(Organization, second.id).parent_id = first.id
    consultation.put()
    with pytest.raises(Refusal) as refused:
        consultation.put(by=1)
    assert refused.value.code == "statement.related"
    with transaction():
        withdraw_statement(
            consultation.scene.representative(0), first.id, consultation.project_id,
            consultation.number, now=NOW,
        )  # fmt: skip
    consultation.put(by=1)


def test_maintainers_speak_in_person_where_the_charter_gives_them_a_house(app: Flask) -> None:
    openly = replace(TEXT, credit=Credit.PERSON)
    without = make_statements(mode=DecisionMode.ADVISORY)
    with pytest.raises(Refusal) as refused:
        without.put_own(openly)
    assert refused.value.code == "statement.no_elector"
    with_house = make_statements(mode=DecisionMode.TWO_HOUSES, statements_shown=EVERYTHING)
    with pytest.raises(Refusal) as credit:
        with_house.put_own(TEXT)
    assert credit.value.code == "statement.credit"
    statement_id = with_house.put_own(openly)
    # Theirs are no words of a stranger: an open name needs no steward.
    assert state_of(statement_id) is S.RELEASED
    assert [each.name for each in public(with_house)] == ["Mia Maintainer"]
    with transaction():
        withdraw_own_statement(
            actor_of(with_house.maintainer), with_house.project_id, with_house.number, now=NOW
        )
    assert public(with_house) == ()


def test_withdrawn_its_words_are_gone_and_another_may_be_put(consultation: Consultation) -> None:
    statement_id = consultation.release(HIDDEN)
    with transaction():
        withdraw_statement(
            consultation.scene.representative(0), consultation.scene.organizations[0].id,
            consultation.project_id, consultation.number, now=NOW,
        )  # fmt: skip
    statement = get_statement(statement_id)
    kept = (statement.meaning, statement.changes, statement.conflicts, statement.pseudonym)
    assert kept == ("", "", "", "")
    assert seen_anywhere(consultation) == 0
    consultation.put()
    assert state_of(statement_id) is S.WAITING


def test_refused_it_cannot_come_back_in_other_clothes(consultation: Consultation) -> None:
    statement_id = consultation.put()
    consultation.screen(statement_id, A.REFUSE, reason="About people.")
    with pytest.raises(Refusal) as put:
        consultation.put(replace(TEXT, meaning="Again"))
    with pytest.raises(Refusal) as withdrawn, transaction():
        withdraw_statement(
            consultation.scene.representative(0), consultation.scene.organizations[0].id,
            consultation.project_id, consultation.number, now=NOW,
        )  # fmt: skip
    assert {put.value.code, withdrawn.value.code} == {"statement.refused"}


def test_an_opened_vote_freezes_statements_and_keeps_them_readable(
    consultation: Consultation,
) -> None:
    released, waiting = consultation.release(), consultation.put(by=2)
    consultation.summarize("What follows.")
    make_vote(consultation.scene, consultation.number)
    for verb in (
        lambda: consultation.put(replace(TEXT, meaning="Late")),
        lambda: consultation.summarize("Later.", seen=1),
    ):
        with pytest.raises(Refusal) as refused:
            verb()
        assert refused.value.code == "statement.over"
    with pytest.raises(Refusal) as late, transaction():
        withdraw_statement(
            consultation.scene.representative(0), consultation.scene.organizations[0].id,
            consultation.project_id, consultation.number, now=NOW,
        )  # fmt: skip
    assert late.value.code == "statement.over"
    assert state_of(released) is S.RELEASED
    assert seen_anywhere(consultation) == 3
    # What was handed in in time may still be released; but its author cannot reword it.
    with pytest.raises(Refusal) as reword:
        consultation.screen(waiting, A.ASK_TO_REWORD, reason="Kinder.")
    assert reword.value.code == "statement.too_late"
    consultation.screen(waiting)
    assert len(public(consultation)) == 2
    found = find_public_statements(consultation.project_id, consultation.number)
    assert found is not None
    assert found.summary == "What follows."


def test_who_had_a_ballot_reads_on_after_a_lapse(consultation: Consultation) -> None:
    consultation.release()
    make_vote(consultation.scene, consultation.number)
    with transaction() as session:
        stake = session.scalars(
            select(Sponsorship).where(
                Sponsorship.organization_id == consultation.scene.organizations[1].id
            )
        ).one()
        stake.term = Term.LAPSED
    assert len(read_by(consultation, 1) or ()) == 1


def test_a_draft_takes_no_statement(consultation: Consultation) -> None:
    draft = make_draft(consultation.scene)
    consultation.number = draft
    with pytest.raises(NotFound):
        consultation.put()


def test_a_changed_text_is_told_and_the_same_words_confirm_it(
    consultation: Consultation,
) -> None:
    statement_id = consultation.release()
    with transaction():
        edit_proposal(
            consultation.scene.lead_actor, consultation.project_id, consultation.number,
            title="Other", summary="Other.", body="Other.", revision=1, now=NOW,
        )  # fmt: skip
    assert [each.is_older for each in public(consultation)] == [True]
    consultation.put()
    assert state_of(statement_id) is S.RELEASED
    assert [each.is_older for each in public(consultation)] == [False]


def test_trust_skips_the_desk_but_never_under_a_pseudonym(consultation: Consultation) -> None:
    first = consultation.put()
    person_id = consultation.scene.representatives[0].id
    with transaction():
        grant_trust(actor_of(consultation.steward), consultation.project_id, person_id, now=NOW)
    consultation.screen(first)
    consultation.put(replace(TEXT, meaning="More"))
    assert state_of(first) is S.RELEASED
    for credit in (Credit.PSEUDONYM, Credit.NONE):
        consultation.put(replace(HIDDEN, credit=credit, meaning=f"Under {credit}"))
        assert state_of(first) is S.WAITING
        consultation.screen(first)


def test_what_a_steward_takes_back_waits_for_a_steward(consultation: Consultation) -> None:
    statement_id = consultation.release()
    steward = actor_of(consultation.steward)
    person_id = consultation.scene.representatives[0].id
    with transaction():
        grant_trust(steward, consultation.project_id, person_id, now=NOW)
        recall_statement(steward, consultation.project_id, statement_id, now=NOW)
    assert seen_anywhere(consultation) == 0
    consultation.put(replace(TEXT, meaning="Trust brings it no further"))
    assert state_of(statement_id) is S.WAITING


def test_w5_a_block_is_silent_and_holds_a_statement_back(consultation: Consultation) -> None:
    steward = actor_of(consultation.steward)
    person_id = consultation.scene.representatives[0].id
    with transaction():
        block_in_workshop(steward, consultation.project_id, person_id, note="", now=NOW)
    statement_id = consultation.put()
    assert state_of(statement_id) is S.WAITING
    desk = get_screening_desk(consultation.project_id, now=NOW)
    assert (desk.statements, desk.size) == ((), 0)
    with pytest.raises(Refusal) as refused:
        consultation.screen(statement_id)
    assert refused.value.code == "block.held"
    with transaction():
        lift_block(steward, consultation.project_id, person_id, now=NOW)
    consultation.screen(statement_id)


@pytest.mark.parametrize(
    ("credit", "counted"), [(Credit.ORGANIZATION, 1), (Credit.PSEUDONYM, 0), (Credit.NONE, 0)]
)
def test_w5_the_count_of_what_is_held_never_says_whose_a_pseudonym_is(
    consultation: Consultation, credit: Credit, counted: int
) -> None:
    consultation.put(replace(HIDDEN, credit=credit))
    author = consultation.scene.representatives[0]
    with transaction():
        block_in_workshop(
            actor_of(consultation.steward), consultation.project_id, author.id, note="", now=NOW
        )
    assert [each.held for each in list_workshop_blocks(consultation.project_id)] == [counted]


@pytest.mark.parametrize(
    ("credit", "name"),
    [
        (Credit.ORGANIZATION, "Public Name"),
        (Credit.PERSON, "Representative 0"),
        (Credit.PSEUDONYM, "Quillwort"),
        (Credit.NONE, None),
    ],
)
def test_w4_everybody_reads_the_name_that_its_author_chose(
    consultation: Consultation, credit: Credit, name: str | None
) -> None:
    with transaction() as session:
        stake = session.scalars(
            select(Sponsorship).where(
                Sponsorship.organization_id == consultation.scene.organizations[0].id
            )
        ).one()
        stake.approved_name = "Public Name"
    consultation.release(replace(HIDDEN, credit=credit))
    for shown in (
        public(consultation),
        read_by(consultation, 1),
        read_by_maintainers(consultation),
    ):
        assert shown
        assert [each.name for each in shown] == [name]


def test_s6_a_private_sponsor_is_named_nowhere(consultation: Consultation) -> None:
    with transaction() as session:
        stake = session.scalars(
            select(Sponsorship).where(
                Sponsorship.organization_id == consultation.scene.organizations[0].id
            )
        ).one()
        stake.is_private = True
    consultation.put()
    (waiting,) = get_screening_desk(consultation.project_id, now=NOW).statements
    assert (waiting.name, waiting.author, waiting.author_id) == (None, None, None)
    consultation.screen(waiting.id)
    assert [each.name for each in read_by_maintainers(consultation)] == [None]


def test_w4_no_desk_list_or_mail_tells_who_is_behind_a_pseudonym(
    consultation: Consultation,
) -> None:
    statement_id = consultation.put(HIDDEN)
    (waiting,) = get_screening_desk(consultation.project_id, now=NOW).statements
    assert (waiting.name, waiting.author, waiting.author_id) == ("Quillwort", None, None)
    consultation.screen(statement_id)
    consultation.put(replace(HIDDEN, meaning="Changed"))
    consultation.screen(statement_id, A.ASK_TO_REWORD, reason="Kinder.")
    author, company = consultation.scene.representatives[0], consultation.scene.organizations[0]
    project = list_project_audit(consultation.project_id).lines
    assert not [each for each in project if author.name in (each.actor, *each.sentence.split())]
    assert not [
        each for each in project if each.tag in {"statement:text:put", "statement:text:changed"}
    ]
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag.startswith("statement:"))
    ).all()
    assert entries
    assert not [each for each in entries if each.project_id and each.organization_id]
    assert len(list_organization_audit(company.id).lines) == 4
    mails = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.subject.contains("statement"))
    ).all()
    own = [each for each in mails if "Your statement" in each.subject]
    assert {each.recipient for each in own} == {author.email}
    for each in set(mails) - set(own):
        assert (each.kind, each.about_id) == (MailKind.SCREENING, None)
        told = each.subject + each.paragraphs + each.why + each.dedupe_key
        assert not [name for name in (author.name, company.name, "Quillwort") if name in told]
    # Trust would put a name beside the words.
    with pytest.raises(NotFound), transaction():
        grant_trust(actor_of(consultation.steward), consultation.project_id, author.id, now=NOW)


def test_w4_a_maintainers_pseudonym_is_in_no_list_either(app: Flask) -> None:
    consultation = make_statements(mode=DecisionMode.TWO_HOUSES)
    statement_id = consultation.put_own(HIDDEN)
    assert state_of(statement_id) is S.WAITING
    lines = list_project_audit(consultation.project_id).lines
    assert not [each for each in lines if each.tag.startswith("statement:")]


def test_the_order_of_statements_tells_nothing_of_time(consultation: Consultation) -> None:
    texts = ["Zebra", "Aardvark", "Mole"]
    for by, word in enumerate(texts):
        consultation.release(replace(TEXT, credit=Credit.NONE, meaning=word), by=by)
    consultation.release(replace(TEXT, position=StatementPosition.SUPPORT), by=3)
    shown = [each.said.meaning for each in public(consultation) if each.said]
    assert shown == [TEXT.meaning, "Aardvark", "Mole", "Zebra"]


@pytest.mark.parametrize("name", ["Quillwort", "QUILL-WORT", "Ｑuillwort"])
def test_w4_a_pseudonym_is_its_electors_alone(consultation: Consultation, name: str) -> None:
    consultation.put(HIDDEN)
    with pytest.raises(Refusal) as refused:
        consultation.put(replace(HIDDEN, pseudonym=name), by=1)
    assert refused.value.code == "statement.pseudonym_taken"
    consultation.put(replace(HIDDEN, pseudonym=name, meaning="Its own again"))


@pytest.mark.parametrize("name", ["Mia Maintainer", "mia maintainer", "— …"])
def test_a_pseudonym_is_nobodys_name(consultation: Consultation, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        consultation.put(replace(HIDDEN, pseudonym=name))
    assert refused.value.field == "pseudonym"


def test_w4_a_need_never_gives_a_pseudonym_away(consultation: Consultation) -> None:
    """Maintainers know whose a need is, so the two never share a pseudonym."""
    company, author = consultation.scene.organizations[0], consultation.scene.representatives[0]
    project = consultation.scene.project
    make_need(project, company, author, credit=Credit.PSEUDONYM, pseudonym="A sailor")
    with pytest.raises(Refusal) as refused:
        consultation.put(replace(HIDDEN, pseudonym="a sailor"))
    assert refused.value.code == "statement.pseudonym_taken"
    consultation.put(HIDDEN)
    draft = make_need(
        project, company, author, NeedState.DRAFT, credit=Credit.PSEUDONYM, pseudonym="quillwort"
    )
    with pytest.raises(Refusal) as need, transaction():
        submit_need(actor_of(author), company.id, draft.id, now=NOW)
    assert need.value.code == "need.pseudonym_taken"
    assert db.session.get_one(Need, draft.id, populate_existing=True).state is NeedState.DRAFT


@pytest.mark.parametrize(
    ("shown", "statements", "words", "summary"),
    [(NOTHING, 0, 0, ""), (POSITIONS, 1, 0, "Summary"), (EVERYTHING, 1, 1, "Summary")],
)
def test_the_public_sees_what_the_charter_allows(
    app: Flask, shown: StatementsShown, statements: int, words: int, summary: str
) -> None:
    consultation = make_statements(statements_shown=shown)
    consultation.release()
    consultation.summarize("Summary")
    found = find_public_statements(consultation.project_id, consultation.number)
    assert found is not None
    assert len(found.statements) == statements
    assert sum(each.said is not None for each in found.statements) == words
    assert found.summary == summary
    assert all(each.id is None for each in found.statements)
    # Electors and maintainers read all of it, whatever the public sees.
    assert [each.said is not None for each in read_by(consultation, 1) or ()] == [True]


def test_a_looser_charter_shows_nothing_that_was_said_under_a_stricter_one(app: Flask) -> None:
    consultation = make_statements(statements_shown=NOTHING)
    consultation.release()
    consultation.summarize("Among us")
    consultation.show(EVERYTHING)
    found = find_public_statements(consultation.project_id, consultation.number)
    assert found is not None
    assert (found.statements, found.summary) == ((), "")
    # Handed in once more under the new rule, it is shown.
    consultation.put()
    assert len(public(consultation)) == 1
    consultation.show(NOTHING)
    assert public(consultation) == ()


def test_each_step_is_for_its_role_alone(consultation: Consultation) -> None:
    statement_id = consultation.put()
    scene = consultation.scene
    maintainer, steward = actor_of(consultation.maintainer), actor_of(consultation.steward)
    author, other = scene.representative(0), scene.representative(1)

    def put(actor: Any) -> None:
        with transaction():
            put_statement(
                actor, scene.organizations[0].id, consultation.project_id, consultation.number,
                TEXT, seen=1, read_standing=lambda: pytest.fail("too far"), now=NOW,
            )  # fmt: skip

    def summarize(actor: Any) -> None:
        with transaction():
            write_summary(
                actor, consultation.project_id, consultation.number, "x", seen=0,
                shown=NOTHING, now=NOW,
            )  # fmt: skip

    def screen(actor: Any) -> None:
        consultation.screen(statement_id, by=actor)

    def recall(actor: Any) -> None:
        with transaction():
            recall_statement(actor, consultation.project_id, statement_id, now=NOW)

    cases = [
        (put, other, NotFound), (put, maintainer, NotFound), (put, steward, NotFound),
        (screen, maintainer, Forbidden), (screen, author, NotFound), (screen, other, NotFound),
        (recall, maintainer, Forbidden), (recall, author, NotFound),
        (summarize, steward, Forbidden), (summarize, author, NotFound),
    ]  # fmt: skip
    for verb, actor, error in cases:
        with pytest.raises(error):
            verb(actor)
    assert state_of(statement_id) is S.WAITING


def test_another_projects_steward_reaches_nothing(consultation: Consultation) -> None:
    statement_id = consultation.put()
    elsewhere = make_statements()
    with pytest.raises(NotFound):
        elsewhere.screen(statement_id)


def test_lists_and_mails_repeat_no_word_of_it(consultation: Consultation) -> None:
    consultation.release(HIDDEN)
    told = [
        *db.session.scalars(select(AuditEntry.sentence)),
        *db.session.scalars(select(OutboxMessage.paragraphs)),
        *db.session.scalars(select(OutboxMessage.subject)),
    ]
    written = (HIDDEN.meaning, HIDDEN.changes, HIDDEN.conflicts, HIDDEN.pseudonym)
    assert not [part for part in written if any(part in each for each in told)]


def test_a_summary_is_never_saved_over_a_newer_one(consultation: Consultation) -> None:
    consultation.summarize("First")
    with pytest.raises(Conflict):
        consultation.summarize("Second", seen=0)
    consultation.summarize("Second", seen=1)
    with pytest.raises(Refusal) as refused:
        consultation.summarize("x" * 9000, seen=2)
    assert refused.value.code == "summary.too_long"


def test_the_desk_of_an_organization_lists_its_consultations(consultation: Consultation) -> None:
    company = consultation.scene.organizations[0]
    (line,), older = list_consultations(company.id)
    assert (line.number, line.state, older) == (consultation.number, None, None)
    consultation.put()
    ((line,), _older) = list_consultations(company.id)
    assert line.state is S.WAITING
    stranger = make_organization()
    assert list_consultations(stranger.id) == ((), None)


def test_a_steward_without_a_seat_has_no_statement(consultation: Consultation) -> None:
    page = get_personal_consultation(
        consultation.project_id, consultation.number, consultation.steward.id, now=NOW
    )
    assert (page.own, page.reads) == (None, None)


def test_supporters_of_a_person_tier_are_electors_too(consultation: Consultation) -> None:
    person = make_person("Sue Supporter")
    own = make_organization(roles={person: [OrganizationRole.REPRESENTATIVE]})
    make_sponsorship(own, make_tier(consultation.scene.project, audience=Audience.PERSON))
    consultation.scene.organizations.append(own)
    consultation.scene.representatives.append(person)
    assert consultation.put(by=4)


def test_back_in_consultation_statements_may_change_again(consultation: Consultation) -> None:
    statement_id = consultation.release()
    for state, open_ in ((ProposalState.DEFERRED, False), (ProposalState.CONSULTATION, True)):
        with transaction() as session:
            session.scalars(
                select(Proposal).where(Proposal.number == consultation.number)
            ).one().state = state
        if open_:
            consultation.put(replace(TEXT, meaning="Anew"), now=NOW + DAY)
        else:
            with pytest.raises(Refusal):
                consultation.put(replace(TEXT, meaning="Anew"))
    assert state_of(statement_id) is S.WAITING


def test_words_are_kept_as_they_were_typed(consultation: Consultation) -> None:
    text = StatementText(
        StatementPosition.OBJECT, "One\n\nTwo", "", "None", credit=Credit.NONE, pseudonym=""
    )
    assert get_statement(consultation.put(text)).text == text


def test_the_lead_screens_and_writes(consultation: Consultation) -> None:
    lead = consultation.scene.lead_actor
    assert ProjectRole.LEAD in lead.projects[consultation.project_id]
    consultation.screen(consultation.put(), by=lead)
