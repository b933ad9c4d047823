"""PRODUCT W3, W4 on every page: who reads a statement, under which name, and how its forms answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from portal.database import transaction
from portal.domain.charter import DecisionMode, StatementsShown
from portal.domain.needs import Credit
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.statements import StatementAction, StatementState, StatementText
from portal.models.identity import Person
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership
from portal.models.sponsorship import Sponsorship
from tests.builders import NOW, make_person, sign_in
from tests.statement_builders import HIDDEN, TEXT, Consultation, make_statements, state_of
from tests.vote_builders import make_consultation, make_vote

COMPANY, AUTHOR = "Zanzibar Glassworks", "Philippa Zanzibar"
WORDS = (TEXT.meaning, TEXT.changes, TEXT.conflicts)


@pytest.fixture
def consultation(app: Flask) -> Consultation:
    return build(statements_shown=StatementsShown.EVERYTHING)


def build(**charter: Any) -> Consultation:
    """A consultation whose first elector has a name that stands nowhere else."""
    found = make_statements(**({"slug": "kelp", "mode": DecisionMode.TWO_HOUSES} | charter))
    with transaction() as session:
        company = session.get_one(Organization, found.scene.organizations[0].id)
        company.name = COMPANY
        session.get_one(Person, found.scene.representatives[0].id).name = AUTHOR
        for stake in session.query(Sponsorship).filter_by(organization_id=company.id):
            stake.approved_name = COMPANY
    return found


def people(app: Flask, consultation: Consultation) -> dict[str, FlaskClient]:
    """Browsers of everybody there is, by what they are."""
    scene = consultation.scene
    owner, treasurer = make_person("Olive Owner"), make_person("Tilda Treasurer")
    seat = Membership(
        organization_id=scene.organizations[0].id,
        person_id=owner.id,
        role=OrganizationRole.OWNER,
        since=NOW,
    )
    role = Maintainership(
        project_id=scene.project.id, person_id=treasurer.id, role=ProjectRole.TREASURER, since=NOW
    )
    with transaction() as session:
        session.add_all((seat, role))
    everybody = {
        "author": scene.representatives[0], "owner": owner, "elector": scene.representatives[1],
        "lead": scene.lead, "maintainer": consultation.maintainer, "treasurer": treasurer,
        "steward": consultation.steward, "operator": make_person(is_operator=True),
        "stranger": make_person(),
    }  # fmt: skip
    clients = {name: sign_in(app, person) for name, person in everybody.items()}
    return clients | {"visitor": app.test_client()}


def addresses(app: Flask, rounds: list[Consultation]) -> Iterator[str]:
    """Every address that can be read, for the author's and another organization.

    What belongs to a proposal, for each in consultation.
    """
    scene = rounds[0].scene
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        of_each = re.search(r"/(proposals|statements)/.*<int:number>", rule.rule)
        for about, organization in product(
            rounds if of_each else rounds[:1],
            scene.organizations[: 2 if "organization" in rule.arguments else 1],
        ):
            fixed: dict[str, Any] = {
                "project": scene.project.slug, "number": about.number,
                "organization": organization.slug,
            }  # fmt: skip
            values = {name: fixed.get(name, 1) for name in rule.arguments}
            text = {
                name: rule._converters[name].to_python(str(value)) for name, value in values.items()
            }
            built = rule.build(text)
            if built is not None:
                yield built[1]


Pages = dict[tuple[str, str], str]


def crawl(clients: dict[str, FlaskClient], urls: set[str]) -> Pages:
    """Every page that somebody gets, by who and where."""
    return {
        (name, url): client.get(url).get_data().decode(errors="replace")
        for name, client in clients.items()
        for url in sorted(urls)
    }


def where(pages: Pages, *words: str) -> dict[str, set[str]]:
    """On which pages somebody reads any of these words."""
    found: dict[str, set[str]] = {}
    for (name, url), text in pages.items():
        if any(word in text for word in words):
            found.setdefault(name, set()).add(url)
    return found


def others(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same without those who wrote."""
    return {name: urls for name, urls in found.items() if name not in {"author", "owner"}}


DESK = "/desk/kelp/screening"
HERE = "/desk/kelp/proposals/1/statements"
SUMMARY = "/desk/kelp/proposals/1/summary"
PUBLIC = "/p/kelp/proposals/1"


def hidden(mark: str, **values: Any) -> StatementText:
    """A statement each of whose texts begins with a word that stands nowhere else."""
    texts = {name: f"{mark}. {getattr(TEXT, name)}" for name in ("meaning", "changes", "conflicts")}
    return replace(HIDDEN, **(texts | values))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
@pytest.mark.filterwarnings("ignore:Passing SelectField choices")
def test_w3_w4_no_page_has_words_for_anybody_else_nor_a_name_beside_them(
    app: Flask, consultation: Consultation
) -> None:
    """One company writes under a pseudonym, without a name, and what is kept private.

    Each about a proposal of its own, so that every page is asked for twice: while the first two
    wait for a steward, and when all are decided.
    """
    scene = consultation.scene
    rounds = [consultation, *(replace(consultation, number=make_consultation(scene)) for _ in "23")]
    urls, clients = set(addresses(app, rounds)), people(app, consultation)
    marks = {1: "Zibeline", 2: "Quixotry", 3: "Umbriel"}
    ways = {1: {}, 2: {"credit": Credit.NONE, "pseudonym": "Sundew"}}
    slug = scene.organizations[0].slug
    own, other = (
        f"/organizations/{each.slug}/statements/kelp/" for each in scene.organizations[:2]
    )

    def assert_nameless(pages: Pages, mark: str) -> None:
        for name, found in others(where(pages, mark)).items():
            for url in found:
                text = pages[name, url]
                assert not [each for each in (COMPANY, AUTHOR, slug) if each in text], (name, url)

    written = {n: rounds[n - 1].put(hidden(marks[n], **way)) for n, way in ways.items()}
    pages = crawl(clients, urls)
    for n in written:
        words = (marks[n], HIDDEN.pseudonym) if n == 1 else (marks[n],)
        assert where(pages, *words) == {
            "author": {f"{own}{n}", f"{own}{n}/edit"}, "owner": {f"{own}{n}"},
            "steward": {DESK}, "lead": {DESK},
        }  # fmt: skip
        assert_nameless(pages, marks[n])

    for n, statement_id in written.items():
        rounds[n - 1].screen(statement_id)
    kept = rounds[2].put(hidden(marks[3], credit=Credit.ORGANIZATION, pseudonym=""))
    rounds[2].screen(kept, StatementAction.KEEP_PRIVATE)
    pages = crawl(clients, urls)
    for n, mark in marks.items():
        here, summary, public = (each.replace("/1", f"/{n}") for each in (HERE, SUMMARY, PUBLIC))
        released = {
            "elector": {f"{other}{n}", public}, "visitor": {public}, "stranger": {public},
            "operator": {public}, "treasurer": {public},
            "maintainer": {here, summary, public}, "lead": {here, summary, public},
            "steward": {here, public},
        }  # fmt: skip
        private = {"maintainer": {here, summary}, "lead": {here, summary}, "steward": {here}}
        assert others(where(pages, mark)) == (released if n in written else private)
        if n in written:
            assert_nameless(pages, mark)


@pytest.mark.parametrize(
    ("shown", "name", "words", "summary"),
    [
        (StatementsShown.NOTHING, False, False, False),
        (StatementsShown.POSITIONS, True, False, True),
        (StatementsShown.EVERYTHING, True, True, True),
    ],
)
def test_the_public_page_holds_what_the_charter_allows_and_no_more(
    app: Flask,
    client: FlaskClient,
    shown: StatementsShown,
    name: bool,  # noqa: FBT001 - what is asked
    words: bool,  # noqa: FBT001
    summary: bool,  # noqa: FBT001
) -> None:
    consultation = build(statements_shown=shown)
    consultation.release(HIDDEN)
    consultation.summarize("**What follows**: a limit.")
    page = client.get(PUBLIC).text
    assert (HIDDEN.pseudonym in page) is name
    assert any(each in page for each in WORDS) is words
    assert ("<strong>What follows</strong>" in page) is summary
    make_vote(consultation.scene, 1)
    voting = client.get(PUBLIC).text
    assert (HIDDEN.pseudonym in voting) is name
    assert any(each in voting for each in WORDS) is words


def test_the_ready_page_is_fresh_at_each_step(committed_app: Flask) -> None:
    early = datetime.now(UTC).replace(second=3)
    with time_machine.travel(early), committed_app.app_context():
        consultation = build(statements_shown=StatementsShown.EVERYTHING)
        client = committed_app.test_client()

        def reads(word: str) -> bool:
            first, again = client.get(PUBLIC), client.get(PUBLIC)
            assert first.data == again.data
            return word in again.text

        statement_id = consultation.put()
        assert not reads(TEXT.meaning)
        consultation.screen(statement_id)
        assert reads(TEXT.meaning)
        consultation.put(replace(TEXT, meaning="Changed"))
        assert not reads(TEXT.meaning)
        assert not reads("Changed")
        consultation.screen(statement_id)
        assert reads("Changed")
        consultation.summarize("Summed up")
        assert reads("Summed up")
        consultation.show(StatementsShown.NOTHING)
        assert not reads("Summed up")


def typed(**changes: str) -> dict[str, str]:
    values = {
        "position": "with_changes", "meaning": TEXT.meaning, "changes": TEXT.changes,
        "conflicts": TEXT.conflicts, "credit": "organization", "pseudonym": "", "revision": "0",
    }  # fmt: skip
    return values | changes


def author_page(consultation: Consultation) -> str:
    return f"/organizations/{consultation.scene.organizations[0].slug}/statements/kelp/1"


def test_a_representative_puts_changes_and_withdraws_a_statement(
    app: Flask, consultation: Consultation
) -> None:
    browser = sign_in(app, consultation.scene.representatives[0])
    here = author_page(consultation)
    assert browser.post(f"{here}/edit", data=typed()).status_code == 303
    assert "waits for a steward" in browser.get(here).text
    assert TEXT.meaning in browser.get(f"{here}/edit").text
    assert browser.post(f"{here}/edit", data=typed(revision="1", meaning="New")).status_code == 303
    assert browser.post(f"{here}/withdraw").status_code == 303
    page = browser.get(here).text
    assert "You have no statement" in page
    assert "New" not in browser.get(f"{here}/edit").text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"meaning": ""}, "Say what it means for you."),
        ({"changes": ""}, "Say what would have to change."),
        ({"conflicts": ""}, "Say what else you gain"),
        ({"credit": "pseudonym"}, "Choose a pseudonym."),
        ({"credit": "pseudonym", "pseudonym": "Noor Lead"}, "somebody&#39;s name"),
        ({"position": ""}, "Not a valid choice"),
        ({"position": "boo"}, "Not a valid choice"),
        ({"meaning": "x" * 1201}, "at most 1,200 fit"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    app: Flask, consultation: Consultation, changes: dict[str, str], sentence: str
) -> None:
    browser = sign_in(app, consultation.scene.representatives[0])
    answer = browser.post(f"{author_page(consultation)}/edit", data=typed(**changes))
    assert answer.status_code == 422
    assert sentence in answer.text
    if changes.get("conflicts") != "":
        assert TEXT.conflicts in answer.text
    assert consultation.find(0) is None


def test_a_colleagues_newer_statement_is_shown_beside_ones_own(
    app: Flask, consultation: Consultation
) -> None:
    browser = sign_in(app, consultation.scene.representatives[0])
    consultation.put()
    answer = browser.post(
        f"{author_page(consultation)}/edit", data=typed(meaning="Mine", revision="0")
    )
    assert answer.status_code == 409
    assert "Mine" in answer.text
    assert TEXT.meaning in answer.text
    assert 'name="revision" type="hidden" value="1"' in answer.text


def test_a_steward_decides_in_one_step_and_mistakes_stand_at_the_statement(
    app: Flask, consultation: Consultation
) -> None:
    statement_id = consultation.put()
    steward = sign_in(app, consultation.steward)
    decide = f"{DESK}/statements/{statement_id}"
    wrong = steward.post(f"{decide}/1", data={"action": "refuse", "template": "", "reason": ""})
    assert wrong.status_code == 422
    assert "Give a reason" in wrong.text
    stale = steward.post(f"{decide}/7", data={"action": "release", "template": ""})
    assert stale.status_code == 422
    assert "Read the newer text first." in stale.text
    asked = steward.post(f"{decide}/1", data={"action": "ask_to_reword", "template": "tone"})
    assert asked.status_code == 303
    assert state_of(statement_id) is StatementState.REWORD
    author = sign_in(app, consultation.scene.representatives[0])
    assert "without judging the people" in author.get(author_page(consultation)).text
    consultation.put(replace(TEXT, meaning="Kinder"))
    assert steward.post(f"{decide}/2", data={"action": "release"}).status_code == 303
    assert "Kinder" in steward.get(HERE).text
    assert steward.post(f"{decide}/recall").status_code == 303
    assert "Kinder" not in steward.get(HERE).text
    assert "Kinder" in steward.get(DESK).text


def test_who_is_no_elector_is_told_why_and_reads_nothing(
    app: Flask, consultation: Consultation
) -> None:
    from tests.builders import make_organization

    consultation.release()
    person = make_person()
    company = make_organization(roles={person: [OrganizationRole.REPRESENTATIVE]})
    browser = sign_in(app, person)
    here = f"/organizations/{company.slug}/statements/kelp/1"
    page = browser.get(here)
    assert page.status_code == 200
    assert "it is for electors" in page.text
    assert TEXT.meaning not in page.text
    assert browser.post(f"{here}/edit", data=typed()).status_code == 422
    assert browser.get(f"/organizations/{company.slug}/statements/kelp/99").status_code == 404


def test_maintainers_write_their_own_statement_and_the_summary(
    app: Flask, consultation: Consultation
) -> None:
    browser = sign_in(app, consultation.maintainer)
    own = f"{HERE}/own"
    assert "The organization, as" not in browser.get(own).text
    assert browser.post(own, data=typed(credit="organization")).status_code == 422
    assert browser.post(own, data=typed(credit="person")).status_code == 303
    assert "Mia Maintainer" in app.test_client().get(PUBLIC).text
    assert browser.post(own, data=typed(credit="person", meaning="Mine")).status_code == 409
    assert browser.post(f"{own}/withdraw").status_code == 303
    assert browser.post(SUMMARY, data={"text": "One", "revision": "0"}).status_code == 303
    stale = browser.post(SUMMARY, data={"text": "Two", "revision": "0"})
    assert stale.status_code == 409
    assert "Two" in stale.text
    assert "One" in stale.text
    assert browser.post(SUMMARY, data={"text": "x" * 9000, "revision": "1"}).status_code == 422


def test_the_charter_page_says_what_the_public_sees(app: Flask, client: FlaskClient) -> None:
    build(statements_shown=StatementsShown.POSITIONS)
    assert "The public sees positions" in client.get("/p/kelp/charter").text
    lead = sign_in(app, make_person())
    assert lead.get("/p/kelp/charter").status_code == 200


def test_an_elector_is_led_from_the_proposal_to_the_statement(
    app: Flask, consultation: Consultation
) -> None:
    here = author_page(consultation)
    assert here in sign_in(app, consultation.scene.representatives[0]).get(PUBLIC).text
    assert "/statements/kelp/1" not in app.test_client().get(PUBLIC).text
