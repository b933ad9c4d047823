"""Bad input at every route that changes something: refused clearly, kept as typed, nothing done."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pytest
import stripe
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.routing import BuildError, IntegerConverter, Rule
from werkzeug.test import TestResponse

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.database import Base, db
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.rules import preview_seal
from portal.domain.sponsorship import publication_seal
from portal.queries.notifications.choices import get_choices
from portal.queries.projects.charters import find_charter
from portal.queries.votes.proposals import get_desk_proposal
from portal.queries.weights.electorate import find_standing
from tests.builders import actor_of, make_person, sign_in
from tests.record_builders import some_receipt
from tests.vote_builders import get_vote
from tests.web.test_routes import access_of, rules
from tests.web.world import World, build_world

# One database is enough here, and PostgreSQL takes less: no NUL, no long text, no large number.
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True, scope="session")
WEBHOOK = "webhooks.receive_event"
TALLY = "tally.count"  # changes nothing and leads nowhere: see test_tally_page
STOPPING = {"stopping.resume", "stopping.stop"}  # signed addresses: see test_signed_addresses
WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b")
OTHER_SITES = ("http://", "https://", "//")
TODAY = datetime.now(UTC)
LATER = TODAY + timedelta(days=30)
Form = dict[str, Any]

_CHARTER: Form = {
    "step": "save", "damping": "linear", "cap": "1/4", "quorum_weight": "1/2",
    "quorum_electors": "1/2", "threshold": "2/3", "mode": "advisory",
    "privacy": "sealed_roll_call", "contributors": "none", "statements_shown": "nothing",
    "seasoning_days": "30", "window_days": "14",
    "grace_days": "21", "note": "Because.",
}  # fmt: skip
_TIER: Form = {
    "step": "save", "number": "1", "name": "Platinum", "description": "For all.",
    "price": "1200.00", "interval": "year", "voting_weight": "4", "audience": "organization",
    "capacity": "9", "sold_from": "2026-01-01", "sold_until": "2099-01-01", "logo": "large",
    "support_requests": "4", "support_days": "2", "early_access_days": "7", "named_contact": "y",
    "mention": "y", "text_lines": "A bench with a name on it.",
}  # fmt: skip
_PROPOSAL: Form = {"title": "Bigger queues", "summary": "They grow.", "body": "*Why* not.",
                   "revision": "1"}  # fmt: skip
# Entries of the public record and sizes of its log.
COUNTED_FROM_ZERO = {"first", "index", "second", "size"}
_NEED: Form = {"need": "Transfers that survive", "for_whom": "Ships", "evidence": "A log",
               "cost_of_not": "Days", "offers": ["time"], "offer": "A day", "conflicts": "None",
               "credit": "pseudonym", "pseudonym": "A sailor", "revision": "1",
               "step": "submit"}  # fmt: skip
_STATEMENT: Form = {"position": "with_changes", "meaning": "Forty ships", "changes": "A limit",
                    "conflicts": "None", "credit": "pseudonym", "pseudonym": "A sailor",
                    "revision": "1"}  # fmt: skip
_PLAIN: Form = {}
_BUYER: Form = {"legal_name": "Acme BV", "address": "Street 1", "country": "NL",
                "tax_id": "NL123456789B01"}  # fmt: skip
_SELLER: Form = {
    "legal_name": "Kelp e.V.", "address": "Quay 1", "country": "DE", "tax_id": "DE136695976",
    "email": "books@example.org", "account_holder": "Kelp", "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX", "bank_note": "At the harbor.", "charges_tax": "y", "tax_name": "VAT",
    "tax_rate": "19", "prefix": "KELP", "net_days": "30",
}  # fmt: skip
# A form that is accepted, for every route that changes something: a new route needs one here.
FORMS: dict[str, Form] = {
    "account.choose_name": {"name": "Ada", "next": "/desk"},
    "account.end_everywhere": _PLAIN,
    "account.end_one": _PLAIN,
    "account.end_others": _PLAIN,
    "account.remove_identity": _PLAIN,
    "account.rename": {"name": "Ada"},
    "bank_imports.bring_back": _PLAIN,
    "bank_imports.columns": {"date": "0", "amount": "1"},
    "bank_imports.begin": {"day_order": "ymd", "decimal": "."},
    "bank_imports.match": {"invoice": ""},
    "bank_imports.match_certain": _PLAIN,
    "bank_imports.set_aside": _PLAIN,
    "bank_imports.upload": _PLAIN,
    "billing.accept": {"agreement": "0", "po_number": "PO 1"},
    "billing.order_number": {"sp_acme-po_number": "PO 2"},
    "billing.quote": _BUYER | {"organization": "cove", "version": "1"},
    "billing.save_data": _BUYER,
    "blocks.block": {"person": "", "note": "Kept writing the same."},
    "blocks.end": _PLAIN,
    "blocks.keep_apart": {"person": ""},
    "blocks.lift": _PLAIN,
    "charters.change": _CHARTER,
    "conduct.report": {"what": "Somebody shouted.", "page": "/p/kelp", "who": "Noor",
                       "kept_away": []},
    "conduct.write": {"text": "One more thing."},
    "conduct_desk.close": {"ending": "talked", "reason": "We talked."},
    "conduct_desk.keep": {"person": ""},
    "conduct_desk.look": _PLAIN,
    "conduct_desk.reopen": _PLAIN,
    "conduct_desk.write": {"text": "We look at it."},
    "consultations.put": _STATEMENT,
    "consultations.save_summary": {"text": "*Both* sides.", "revision": "0"},
    "consultations.withdraw": _PLAIN,
    "contributor_ballots.cast": {"position": "for", "reason": "It helps.", "conflict": "None."},
    "contributor_desk.end": {"reason": "The work has ended."},
    "contributor_desk.invite": {"email": "new@example.org", "work": "The tests"},
    "contributor_desk.withdraw_invitation": _PLAIN,
    "contributor_needs.change": _NEED,
    "contributor_needs.draft": _NEED,
    "contributor_needs.withdraw": _PLAIN,
    "contributor_needs.write": {"text": "One more thing."},
    "contributor_statements.put": _STATEMENT,
    "contributor_statements.withdraw": _PLAIN,
    "contributors.leave": _PLAIN,
    "contributors.name": {"is_named": "y"},
    "decisions.record": {"kind": "accepted", "reasons": "Carried.", "responsible": "Noor",
                         "review_on": LATER.date().isoformat()},
    "decisions.report": {"action": "start", "text": "Begun.", "owner": "contributor",
                         "credit": "Noor", "shipped_url": "https://example.org/1.0"},
    "decisions.review": {"finding": "stands", "text": "As before.",
                         "next_review_on": LATER.date().isoformat()},
    "desk.invite": {"email": "new@example.org", "role": "maintainer"},
    "desk.save_profile": {"name": "Kelp", "tagline": "Queues.", "description": "Text.",
                          "how_we_work": "Text.", "website": "https://example.org",
                          "help_url": "https://example.org/help",
                          "security_url": "https://example.org/security"},
    "desk.save_roles": {"roles": ["lead", "maintainer"]},
    "desk.withdraw": _PLAIN,
    "invitations.accept": _PLAIN,
    "joining.join": {"needs": [], "proposal": ""},
    "joining.put_back": _PLAIN,
    "members.invite": {"email": "new@example.org", "role": "viewer"},
    "members.leave": _PLAIN,
    "members.remove": _PLAIN,
    "members.resend": _PLAIN,
    "members.save_roles": {"roles": ["billing", "viewer"], "replace": "y"},
    "members.withdraw": _PLAIN,
    "need_desk.answer": {"action": "answer", "text": "It is there.", "as_project": "y"},
    "need_desk.take_up": _PLAIN,
    "needs.change": _NEED,
    "needs.draft": _NEED,
    "needs.withdraw": _PLAIN,
    "needs.write": {"text": "One more thing."},
    "notifications.choose": _PLAIN,
    "operator.add_project": {"name": "Reef", "slug": "reef", "currency": "EUR",
                             "lead_email": "lead@example.org"},
    "organizations.agree_daughter": _PLAIN,
    "organizations.end_parent": _PLAIN,
    "organizations.found": {"name": "Dune", "kind": "company"},
    "organizations.name_parent": {"parent": "cove"},
    "organizations.refuse_daughter": _PLAIN,
    "organizations.save_profile": {"name": "Acme", "website": "https://example.org",
                                   "about": "We are.", "legal_name": "Acme BV",
                                   "address": "Street 1", "country": "NL",
                                   "tax_id": "NL123456789B01", "remove_logo": "y"},
    "personas.become": _PLAIN,
    "proposals.change": _PROPOSAL,
    "proposals.draft": _PROPOSAL,
    "proposals.publish": _PLAIN,
    "proposals.take_up": _PLAIN,
    "proposals.withdraw": {"reason": "No longer needed."},
    "sellers.agree": {"text": "We agree on more.", "number": "2"},
    "sellers.save": _SELLER,
    "screening.decide_message": {"action": "release", "template": "", "reason": ""},
    "screening.decide_need": {"action": "refuse", "template": "support", "reason": "Sorry."},
    "screening.decide_statement": {"action": "refuse", "template": "support", "reason": "Sorry."},
    "screening.distrust": _PLAIN,
    "screening.intake": {"paused": "y", "pause_note": "Back in May.",
                         "quiet_until": LATER.date().isoformat()},
    "screening.recall": _PLAIN,
    "screening.trust": _PLAIN,
    "sign_in.enter_by_link": _PLAIN,
    "sign_in.leave_portal": _PLAIN,
    "sign_in.send_link": {"email": "ada@example.org", "next": "/desk"},
    "reconciliation.close": _PLAIN,
    "reconciliation.close_untied": _PLAIN,
    "reconciliation.compare": _PLAIN,
    "reconciliation.compare_untied": _PLAIN,
    "receipts.checked": {"text": ""},
    "refunds.give": {"payment": "1", "amount": "1.00", "reason": "Agreed."},
    "sponsorship_changes.change": {"version": "1", "due": "0"},
    "sponsorship_changes.collect": {"collection": "invoice", "po_number": "PO 7"},
    "sponsorship_changes.open_cards": _PLAIN,
    "sponsorship_changes.withdraw": _PLAIN,
    "sponsorships.buy": {"organization": "cove", "version": "1"},
    "sponsorships.cancel": _PLAIN,
    "sponsorships.choose_privacy": {"privacy": "private"},
    "sponsorships.resume": _PLAIN,
    "sponsorships.review": {"decision": "approve", "sp_bay-reason": "Fine."},
    "statements.put": _STATEMENT,
    "statements.withdraw": _PLAIN,
    "support.ask": {"tried": "Connect a site", "happened": "No route", "environment": "4.3"},
    "support.settle": _PLAIN,
    "support.write": {"text": "One more thing."},
    "support_desk.answer": {"action": "answer", "text": "Add a route.", "as_project": "y"},
    "support_desk.close": {"action": "close_gap"},
    "support_desk.write_off": {"url": "https://example.org/routes"},
    "tiers.add": _TIER,
    "tiers.announce": {"notice_days": "30"},
    "tiers.archive": _PLAIN,
    "tiers.change": _TIER,
    "tiers.move": {"direction": "up"},
    "tiers.restore": _PLAIN,
    "treasury.credit": {"credit-amount": "10.00", "credit-reason": "A discount."},
    "treasury.pay": {"amount": "40.00", "received_on": TODAY.date().isoformat(),
                     "reference": "12/3", "source": "bank", "seen_open": "10000"},
    "votes.cast": {"position": "for", "reason": "It helps.", "conflict": "None."},
    "votes.desk_cast": {"position": "against", "reason": "It does not."},
    "votes.open_": {"question": "Shall they grow?", "closes_at": f"{LATER:%Y-%m-%dT%H:%M}"},
    "windows.extend": {"closes_at": f"{LATER:%Y-%m-%dT%H:%M}", "reason": "Holidays.",
                       "step": "save"},
}  # fmt: skip
# Accepted as they are only with something a page hands out, or refused for want of a mailed link.
NEEDS_A_LINK = {"sign_in.enter_by_link"}
NEEDS_A_FILE = {"bank_imports.columns", "bank_imports.upload"}
BALLOTS = {"contributor_ballots.cast", "votes.cast", "votes.desk_cast"}


class _Controls(HTMLParser):
    """What stands in the controls of a page, and the scripts in it."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.scripts: list[str | None] = []
        self.handlers: list[str] = []
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.handlers += [name for name in held if name.startswith("on")]
        if tag == "script":
            self.scripts.append(held.get("src"))
        if tag == "input" and held.get("name") and held.get("type") not in {"radio", "checkbox"}:
            self.values.setdefault(str(held["name"]), []).append(held.get("value") or "")
        if tag == "textarea" and held.get("name"):
            self._area = str(held["name"])
            self.values.setdefault(self._area, []).append("")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None


@pytest.fixture
def world(app: Flask) -> World:
    """Somebody who may do everything, in the middle of one of everything."""
    made = build_world(
        app,
        "Ada",
        in_organization=(OrganizationRole.OWNER, OrganizationRole.REPRESENTATIVE),
        in_project=(ProjectRole.LEAD, ProjectRole.STEWARD),
        contributes=True,
        is_operator=True,
    )
    make_person("Owner too")
    return made


def _charter_number(world: World) -> Form:
    charter = find_charter(world.project_id)
    assert charter
    return {"number": str(charter.number)}


def _previewed(world: World) -> Form:
    page = get_desk_proposal(world.project_id, world.values["number"], now=TODAY)
    standing = find_standing(world.project_id, now=datetime.now(UTC))
    return {"seal": preview_seal(standing, revision=page.revision)}


def _ways(world: World) -> Form:
    person = db.session.merge(world.person)
    return {kind.value: way.value for kind, way in get_choices(actor_of(person)).ways.items()}


def _maintainer(world: World) -> str:
    return str(world.of_endpoint["desk.save_roles"]["person_id"])


def _colleague(world: World) -> Form:
    return {"person": str(world.values["person_id"])}


# Names of fields in which people write; the others hold choices, figures and days.
TYPED = {
    "body", "changes", "conflict", "conflicts", "description", "evidence", "happened", "meaning",
    "need", "note", "question", "reason", "summary", "text", "title", "tried", "what",
}  # fmt: skip


CHANGED = "changed something although it refused"
# What every refusal has one of: the errors of a form, or a page or a note that says why.
WHY = (
    'class="error-summary"',
    'class="error"',
    'class="notice bad"',
    "Error 4",
    "does not sign you in",
)
SAVE_A_DRAFT = {"contributor_needs.draft", "needs.draft"}


# What a page hands out with its form, or lets choose.
HANDED_OUT: dict[str, Callable[[World], Form]] = {
    "bank_imports.match": lambda world: {"invoice": f"{world.values['document']}:10000"},
    "blocks.block": _colleague,
    "blocks.keep_apart": _colleague,
    "charters.change": _charter_number,
    "conduct.report": lambda world: {"kept_away": [_maintainer(world)]},
    "conduct_desk.keep": lambda world: {"person": _maintainer(world)},
    "joining.join": lambda world: {
        "needs": [str(world.of_endpoint["need_desk.take_up"]["number"])],
        "proposal": str(world.values["number"]),
    },
    "need_desk.take_up": lambda world: {"proposal": str(world.values["number"])},
    "notifications.choose": _ways,
    "receipts.checked": lambda world: {"text": some_receipt(world.project_id)},
    "refunds.give": lambda world: {"payment": str(world.values["payment_id"])},
    "sponsorships.review": lambda _world: {"sp_bay-seal": publication_seal("Bay", "", None)},
    "votes.open_": _previewed,
    "windows.extend": lambda world: {
        "seal": get_vote(world.values["vote_id"]).closes_at.isoformat()
    },
}


def example(world: World, endpoint: str) -> Form:
    """The accepted form, with what its page would have handed out."""
    handed_out = HANDED_OUT.get(endpoint)
    return FORMS[endpoint] | (handed_out(world) if handed_out else {})


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    db.session.remove()
    return {
        table.name: sorted(
            (tuple(map(repr, row)) for row in db.session.execute(select(table))),
        )
        for table in Base.metadata.sorted_tables
    }


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done inside is rolled back."""
    db.session.remove()
    connection = db.engine
    savepoint = connection.begin_nested()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        db.session.remove()
        savepoint.rollback()


def post_routes(app: Flask) -> list[Rule]:
    """What a form changes; routes that take none have tests of their own, named above."""
    elsewhere = {WEBHOOK, TALLY} | STOPPING
    return [rule for rule in rules(app, "POST") if rule.endpoint not in elsewhere]


def problems_of(answer: TestResponse, sent: Form) -> list[str]:
    """What is wrong with an answer to bad input, the database aside."""
    found = []
    if answer.status_code >= 500 or answer.status_code < 300:
        found.append(f"answered {answer.status_code}")
    if answer.status_code < 400 and not is_safe(answer.location or ""):
        found.append(f"sends the browser to {answer.location}")
    controls = _Controls()
    controls.feed(answer.text)
    if controls.handlers or None in controls.scripts:
        found.append("lets a script through")
    if any(src and not src.startswith("/static/") for src in controls.scripts):
        found.append("loads a foreign script")
    if answer.status_code in {409, 422}:
        if not any(each in answer.text for each in WHY):
            found.append("does not say why")
        for name, typed in sent.items():
            gone = name in TYPED and typed and f'name="{name}"' not in answer.text
            shown = controls.values.get(name, [""] if gone else None)
            if shown is None or not isinstance(typed, str) or is_secret(name):
                continue
            if typed.strip() not in [each.strip() for each in shown]:
                found.append(f"lost what was typed in {name}: {shown[0][:40]!r}")
    return found


def is_safe(location: str) -> bool:
    """Inside the portal, or the stand-in's checkout page."""
    if location.startswith("http://localhost:1/pay/"):
        return True
    return location.startswith("/") and not location.startswith(OTHER_SITES)


def is_secret(name: str) -> bool:
    """Hidden fields are the page's own: they are set anew."""
    return name.rsplit("-", maxsplit=1)[-1] in {
        "number",
        "revision",
        "seal",
        "version",
        "organization",
        "next",
        "agreement",
        "due",
        "seen_open",
        "day_order",
        "decimal",
    }


def sweep(
    app: Flask, world: World, spoil: Callable[[Form], Iterator[tuple[str, Form]]]
) -> dict[str, list[str]]:
    """Post every spoiled form to every route; what went wrong, by route and kind."""
    wrong: dict[str, list[str]] = {}
    browser = sign_in(app, world.person)
    before = snapshot()
    for rule in post_routes(app):
        url = world.address(app, rule)
        with undone():
            form = example(world, rule.endpoint)
        for kind, sent in spoil(form):
            with undone():
                found = attempt(app, browser, url, sent, before)
            if found:
                wrong[f"{rule.endpoint} {kind}"] = found
    assert snapshot() == before, "a test of one route must not reach the next"
    return wrong


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []
    connection = db.engine

    def note(*args: Any) -> None:
        sent.append(args[2])

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(connection, "before_cursor_execute", note)


def has_changed(sent: list[str], before: dict[str, Any]) -> bool:
    """Whether any row differs; only a statement that writes can have made it differ."""
    return any(WRITES.search(text) for text in sent) and snapshot() != before


def attempt(
    app: Flask, browser: FlaskClient, url: str, sent: Form, before: dict[str, Any]
) -> list[str]:
    """Post once, from a browser as it was before; what is wrong with the answer."""
    cookie = browser.get_cookie("stakehold")
    assert cookie
    fresh = app.test_client()
    fresh.set_cookie("stakehold", cookie.value)
    try:
        with statements() as run:
            answer = fresh.post(url, data=sent)
    except Exception as error:  # noqa: BLE001 - a crash is one more finding of the sweep
        return [f"crashed: {type(error).__name__}: {str(error)[:200]}"]
    found = problems_of(answer, sent)
    if answer.status_code >= 400 and has_changed(run, before):
        found.append(CHANGED)
    return found


def texts(form: Form) -> list[str]:
    """Fields with one text; the button that was pressed is none."""
    return [name for name, value in form.items() if isinstance(value, str) and name != "step"]


def test_every_route_that_changes_something_has_an_example(app: Flask) -> None:
    assert {rule.endpoint for rule in post_routes(app)} == FORMS.keys()


def test_every_example_is_accepted(app: Flask, world: World) -> None:
    """Otherwise the sweeps would prove nothing."""
    refused = {}
    browser = sign_in(app, world.person)
    for rule in post_routes(app):
        with undone():
            form = example(world, rule.endpoint)
            fresh = app.test_client()
            fresh.set_cookie("stakehold", browser.get_cookie("stakehold").value)  # type: ignore[union-attr]
            answer = fresh.post(world.address(app, rule), data=form)
            if answer.status_code != 303:
                refused[rule.endpoint] = answer.text
    assert refused.keys() == NEEDS_A_LINK | NEEDS_A_FILE, refused


def test_empty_forms(app: Flask, world: World) -> None:
    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        yield "nothing", {}
        yield "all empty", dict.fromkeys(form, "")
        yield "all blank", dict.fromkeys(form, " \t ")

    wrong = sweep(app, world, spoil)
    assert wrong == {}


def test_posted_twice(app: Flask, world: World) -> None:
    """A second press, or a form that somebody else's step overtook: done, harmless, or refused.

    A refusal says why and keeps what was typed, also where the page has the form no more. Only a
    need that cannot be handed in is saved all the same: as a draft.
    """
    wrong = {}
    browser = sign_in(app, world.person)
    for rule in post_routes(app):
        with undone():
            form, url = example(world, rule.endpoint), world.address(app, rule)
            for kind in ("first", "second"):
                found = set(attempt(app, browser, url, form, snapshot()))
                if rule.endpoint in SAVE_A_DRAFT:
                    found.discard(CHANGED)
                if found:
                    wrong[f"{rule.endpoint} {kind}"] = sorted(found)
    assert wrong == {}


def test_far_too_long_texts(app: Flask, world: World) -> None:
    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        for name in texts(form):
            yield name, form | {name: "x" * 50_000}
        yield "digits", dict.fromkeys(form, "9" * 5_000)

    assert sweep(app, world, spoil) == {}


def test_wrong_types(app: Flask, world: World) -> None:
    """Text, huge and odd numbers where figures, dates and choices are expected."""

    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        for bad in ("many", "-1", "1e999", "٣²", "0000-00-00T99:99"):
            yield bad, form | dict.fromkeys(texts(form), bad)
        for name in texts(form):
            yield name, form | {name: "9" * 20}

    assert sweep(app, world, spoil) == {}


def test_several_values_and_files_where_one_text_is_expected(app: Flask, world: World) -> None:
    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        yield (
            "doubled",
            {
                name: [value, value] if isinstance(value, str) else value * 2
                for name, value in form.items()
            },
        )
        yield (
            "two values",
            {
                name: ["", value] if isinstance(value, str) else value
                for name, value in form.items()
            },
        )
        yield "arrays", {f"{name}[]": value for name, value in form.items()}
        yield "files", {name: (BytesIO(b"\x89PNG\r\n"), "text.png") for name in form}

    assert sweep(app, world, spoil) == {}


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "//evil.example/{{ 7*7 }}%(x)s%s",
    ],
)
def test_scripts(app: Flask, world: World, bad: str) -> None:
    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        yield "everywhere", form | dict.fromkeys(texts(form), bad)
        for name in ("name", "title", "question", "next"):
            if name in form:
                yield name, form | {name: bad}

    assert sweep(app, world, spoil) == {}


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066", "\x00"])
def test_invisible_characters(app: Flask, world: World, hidden: str) -> None:
    """Right-to-left override, zero width, isolates, control characters: at every text alone."""

    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        if form:
            yield "everywhere", form | {name: f"{form[name]}{hidden}x" for name in texts(form)}

    assert sweep(app, world, spoil) == {}


def test_unknown_fields_and_bodies_that_are_no_form(app: Flask, world: World) -> None:
    """Nothing but a form's own fields is read: no role, weight or owner is set on the side."""
    extra = {"is_operator": "1", "weight": "999", "organization_id": "1", "id": "1", "roles": "owner",
             "__class__": "x", "state": "closed", "amount_minor": "0"}  # fmt: skip
    wrong: dict[str, list[str]] = {}
    browser = sign_in(app, world.person)
    cookie = browser.get_cookie("stakehold")
    assert cookie
    before = snapshot()
    for rule in post_routes(app):
        url = world.address(app, rule)
        plain = {}
        for kind, sent in (
            ("form", {}),
            ("extra", extra),
        ):
            with undone():
                fresh = app.test_client()
                fresh.set_cookie("stakehold", cookie.value)
                form = example(world, rule.endpoint)
                answer = fresh.post(
                    url, data={k: v for k, v in sent.items() if k not in form} | form
                )
                after = snapshot()
                plain[kind] = (answer.status_code, {k: len(v) for k, v in after.items()})
                operators = [row for row in after["people"] if "True" in row]
                if len(operators) != 1:
                    wrong[rule.endpoint] = ["made an operator"]
        strict = rule.endpoint in BALLOTS
        if strict and plain["extra"][0] != 422:
            wrong[rule.endpoint] = ["took a crafted ballot"]
        if not strict and plain["form"] != plain["extra"]:
            wrong[rule.endpoint] = [f"{plain}"]
        for body, kind in (
            (b'{"name": "x"}', "application/json"),
            (b"\xff\xfe%%%", "text/plain"),
            (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
            (b"name=%ED%A0%80&title=%FF", "application/x-www-form-urlencoded"),
        ):
            with undone():
                fresh = app.test_client()
                fresh.set_cookie("stakehold", cookie.value)
                try:
                    with statements() as run:
                        answer = fresh.post(url, data=body, content_type=kind)
                    found = problems_of(answer, {})
                    if answer.status_code >= 400 and has_changed(run, before):
                        found.append(CHANGED)
                except Exception as error:  # noqa: BLE001 - one more finding
                    found = [f"crashed: {error!r}"]
                if found:
                    wrong[f"{rule.endpoint} {kind}"] = found
    assert wrong == {}


def test_a_wrong_or_missing_csrf_token_changes_nothing(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the true token of somebody else's browser."""
    browser = sign_in(app, world.person)
    forms = {rule.endpoint: example(world, rule.endpoint) for rule in post_routes(app)}
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    page = _Controls()
    page.feed(app.test_client().get("/sign-in").text)
    (strangers,) = page.values["csrf_token"]
    assert strangers
    before = snapshot()
    wrong = {}
    for rule in post_routes(app):
        for token in ({}, {"csrf_token": "wrong"}, {"csrf_token": strangers}):
            url = world.address(app, rule)
            answer = browser.post(url, data=forms[rule.endpoint] | token)
            if answer.status_code != 400:
                wrong[url] = answer.status_code
    assert wrong == {}
    assert snapshot() == before


def test_a_stranger_finds_nothing_at_any_address(app: Flask, world: World) -> None:
    """With every role elsewhere, too."""
    stranger = build_world(
        app, "Stranger", in_organization=tuple(OrganizationRole), in_project=tuple(ProjectRole),
        mark="-b",
    )  # fmt: skip
    browser = sign_in(app, stranger.person)
    forms = {rule.endpoint: example(world, rule.endpoint) for rule in post_routes(app)}
    before = snapshot()
    wrong = {}
    for method, rule in scoped(app):
        url = world.address(app, rule)
        with statements() as run:
            answer = browser.open(url, method=method, data=forms.get(rule.endpoint))
        if answer.status_code != 404 or (method == "POST" and has_changed(run, before)):
            wrong[f"{method} {url}"] = answer.status_code
    assert wrong == {}


def test_what_belongs_to_others_is_not_found_under_ones_own_address(
    app: Flask, world: World
) -> None:
    """One's own organization or project in the address, somebody else's row behind it."""
    other = build_world(app, "Other", mark="-b")
    own = {"organization", "project"}
    browser = sign_in(app, world.person)
    forms = {rule.endpoint: example(world, rule.endpoint) for rule in post_routes(app)}
    before = snapshot()
    wrong = {}
    for method, rule in [*scoped(app), *personal(app)]:
        foreign = {key: value for key, value in other.values_for(rule).items() if key not in own}
        foreign |= {"number": 4711, "tier": "not-there"} if own & rule.arguments else {}
        if not foreign.keys() & rule.arguments:
            continue
        url = world.address(app, rule, **foreign)
        with statements() as run:
            answer = browser.open(url, method=method, data=forms.get(rule.endpoint))
        if answer.status_code != 404 or (method == "POST" and has_changed(run, before)):
            wrong[f"{method} {url}"] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("bad", ["0", "2147483648", "a\x00b", "x" * 5000])
def test_addresses_that_can_name_nothing(app: Flask, world: World, bad: str) -> None:
    """Each part of each address in turn is too large, too long, hidden or odd."""
    browser = sign_in(app, world.person)
    forms = {rule.endpoint: example(world, rule.endpoint) for rule in post_routes(app)}
    before = snapshot()
    wrong: dict[str, object] = {}
    for method in ("GET", "POST"):
        for rule in rules(app, method):
            for name in rule.arguments - {"key", "provider"}:
                if bad == "0" and name in COUNTED_FROM_ZERO:
                    continue
                number = isinstance(rule._converters[name], IntegerConverter)
                if number and not bad.isdigit():
                    continue
                with app.test_request_context():
                    values = world.values_for(rule) | {name: int(bad) if number else bad}
                    try:
                        url = app.url_for(rule.endpoint, **values)
                    except BuildError:
                        continue  # the router knows that it names nothing
                try:
                    with statements() as run:
                        answer = browser.open(url, method=method, data=forms.get(rule.endpoint))
                    status: object = answer.status_code
                except Exception as error:  # noqa: BLE001 - one more finding
                    db.session.rollback()
                    status = repr(error)[:200]
                if status not in {404, 405, 422} or (method == "POST" and has_changed(run, before)):
                    wrong[f"{method} {rule} {name}"] = status
    assert wrong == {}


@pytest.mark.parametrize("bad", ["", "9" * 30, "-1", "a\x00b", "//evil.example"])
def test_odd_questions_after_the_question_mark(app: Flask, world: World, bad: str) -> None:
    asked = dict.fromkeys(("after", "as", "before", "cap", "checkout", "damping", "left", "merged",
                           "method", "needs", "next", "organization", "page", "payment", "person",
                           "proposal", "state", "threshold", "tier", "vote"), bad)  # fmt: skip
    browser = sign_in(app, world.person)
    wrong: dict[str, object] = {}
    for rule in rules(app, "GET"):
        if rule.endpoint in {"health.ready", "sign_in.leave", "sign_in.come_back"}:
            continue
        url = world.address(app, rule)
        try:
            answer = browser.get(url, query_string=asked, buffered=True)
        except Exception as error:  # noqa: BLE001 - one more finding
            db.session.rollback()
            wrong[url] = repr(error)[:200]
            continue
        if answer.status_code >= 500 or (answer.location and not is_safe(answer.location)):
            wrong[url] = (answer.status_code, answer.location)
    assert wrong == {}


def scoped(app: Flask) -> list[tuple[str, Rule]]:
    """Routes that need a role in the project or organization of their address."""
    return [
        (method, rule)
        for method in ("GET", "POST")
        for rule in rules(app, method)
        if str(access_of(app, rule.endpoint)).split(":")[0] in {"organization", "project"}
    ]


def personal(app: Flask) -> list[tuple[str, Rule]]:
    """Routes of any signed-in person that name one of that person's rows."""
    return [
        (method, rule)
        for method in ("GET", "POST")
        for rule in rules(app, method)
        if rule.arguments & {"session_id", "identity_id"}
    ]


@pytest.fixture
def webhook(app: Flask) -> Iterator[Callable[..., TestResponse]]:
    """Posts an event as Stripe would, signed with a secret at an instant."""
    collaborators = app.extensions["stakehold"]
    ours = "whsec_ours"
    gateway = StripeGateway(api_key="sk_test_x", webhook_secret=ours, api_base=None, livemode=False)
    app.extensions["stakehold"] = replace(collaborators, payments=gateway)
    body = (
        b'{"id":"evt_1","object":"event","type":"checkout.session.completed","created":1,'
        b'"livemode":false,"data":{"object":{"id":"cs_1","object":"checkout.session"}}}'
    )

    def post(secret: str = ours, *, age: int = 0, sent: bytes = body) -> TestResponse:
        at = int(time.time()) - age
        signature = stripe.WebhookSignature.generate_signature_header(
            payload=body.decode(), secret=secret, timestamp=at
        )
        return app.test_client().post(
            "/webhooks/stripe", data=sent, headers={"Stripe-Signature": signature}
        )

    yield post
    app.extensions["stakehold"] = collaborators


def test_a_signed_event_is_stored(webhook: Callable[..., TestResponse]) -> None:
    assert webhook().status_code == 200
    assert len(snapshot()["processor_events"]) == 1


@pytest.mark.parametrize(
    "forged",
    [{"secret": "whsec_theirs"}, {"age": 3600}, {"sent": b'{"id":"evt_2"}'}, {"sent": b""}],
    ids=["another secret", "an hour old", "another body", "no body"],
)
def test_a_forged_or_stale_webhook_stores_nothing(
    webhook: Callable[..., TestResponse], forged: dict[str, Any]
) -> None:
    assert webhook(**forged).status_code == 400
    assert snapshot()["processor_events"] == []


@pytest.mark.parametrize("signature", [None, "", "t=1", "v1=abc", "t=x,v1=y", "\x00", "t=9" * 4000])
def test_a_webhook_without_a_readable_signature_stores_nothing(
    app: Flask, webhook: Callable[..., TestResponse], signature: str | None
) -> None:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    answer = app.test_client().post("/webhooks/stripe", data=b"{}", headers=headers)
    assert answer.status_code == 400
    assert snapshot()["processor_events"] == []
