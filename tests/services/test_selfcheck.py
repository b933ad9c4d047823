"""Each check of the self-check is broken once, past verbs and guards, and reports exactly that."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from portal.cli.selfcheck import selfcheck_command
from portal.database import db, transaction
from portal.domain import ledger
from portal.domain.documents import DocumentKind, DocumentState
from portal.domain.errors import ProcessorUnavailable
from portal.domain.ledger import Cause
from portal.domain.money import Money
from portal.domain.money_back import DisputeStanding, RefundStanding
from portal.domain.permissions import SYSTEM, ProjectRole
from portal.domain.sponsorship import Commercial
from portal.domain.tax import Treatment
from portal.jobs import run_due
from portal.models.billing import Payment
from portal.models.documents import Document, DocumentStanding, NumberSeries
from portal.models.ledger_guards import GUARDS
from portal.models.money_back import Dispute, Refund
from portal.models.projects import Project
from portal.models.selfcheck import SelfCheckRun
from portal.models.sponsorship import Sponsorship
from portal.services.books.ledger import Occasion, post_transaction
from portal.services.selfcheck.run import CHECKS, check_everything, keep_run
from tests.builders import (
    NOW,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)
from tests.services.test_checkouts import Market, only


def broken(app: Flask) -> dict[str, int]:
    """The checks that found something."""
    gateway = app.extensions["stakehold"].payments
    db.session.expire_all()
    report = check_everything(gateway=gateway, now=NOW)
    return {check.name: check.broken for check in report.checks if check.broken}


def past_the_guards(*statements: str, **values: Any) -> None:
    """Do to the rows what the database would refuse, as a broken disk or a hurried hand might."""
    sqlite = db.engine.dialect.name == "sqlite"
    names = [
        (words[words.index("TRIGGER") + 1], words[words.index("ON") + 1])
        for guard in GUARDS["sqlite" if sqlite else "postgresql"]
        if "TRIGGER" in (words := guard.split()) and "FUNCTION ledger_" not in guard[:40]
    ]
    with transaction() as session:
        for name, table in names:
            session.execute(text(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}")))
        if sqlite:
            session.execute(text("PRAGMA ignore_check_constraints=ON"))
        for statement in statements:
            session.execute(text(statement), values)


@pytest.fixture
def market(app: Flask) -> Market:
    """A sponsorship bought, paid and posted, in which everything holds."""
    market = Market(app)
    market.buy()
    assert broken(app) == {}
    return market


def test_an_entry_changed_behind_the_guards_is_found_everywhere_it_matters(
    app: Flask, market: Market
) -> None:
    past_the_guards("UPDATE ledger_entries SET amount_minor = 10001 WHERE amount_minor = 10000")
    assert broken(app) == {
        "ledger.sums": 1,
        "ledger.months": 1,
        "payments.posted": 1,
        "processor.payments": 2,
    }


def test_a_transaction_that_lost_its_entries_is_found(app: Flask, market: Market) -> None:
    past_the_guards("DELETE FROM ledger_entries WHERE account = 'income_tiers'")
    found = broken(app)
    assert found["ledger.sums"] == 1
    assert found["ledger.months"] == 1


def test_money_that_touches_another_project_is_found(app: Flask, market: Market) -> None:
    other = make_tier(make_project())
    past_the_guards(
        "UPDATE ledger_entries SET tier_id = :tier WHERE account = 'income_tiers'",
        tier=other.tier_id,
    )
    found = broken(app)
    assert found["ledger.apart"] == 1


def test_a_wrong_sum_of_a_month_is_found(app: Flask, market: Market) -> None:
    past_the_guards("UPDATE ledger_months SET amount_minor = 1 WHERE account = 'card_clearing'")
    assert set(broken(app)) == {"ledger.months"}


def test_an_overdrawn_credit_is_found(app: Flask, market: Market) -> None:
    past_the_guards(
        "UPDATE ledger_entries SET account = 'credit', organization_id = :organization,"
        " tier_id = NULL, amount_minor = 10000 WHERE account = 'income_tiers'",
        organization=market.organization.id,
    )
    assert broken(app)["ledger.parties"] == 1


def test_a_payment_without_its_posting_and_a_posting_without_its_payment_are_found(
    app: Flask, market: Market
) -> None:
    past_the_guards("UPDATE payments SET processor_payment_id = 'pi_other'")
    found = broken(app)
    assert found["payments.posted"] == 1
    assert found["payments.kept"] == 1


def test_more_refunded_than_paid_is_found(app: Flask, market: Market) -> None:
    past_the_guards(
        "INSERT INTO ledger_transactions (id, project_id, cause, key, currency, entry_count, at,"
        " month, posted_by, posted_at, reference, sponsorship_id) SELECT 99, project_id, 'refund',"
        " 'refund:1', currency, 2, at, month, posted_by, posted_at, '', sponsorship_id"
        " FROM ledger_transactions WHERE cause = 'payment'",
        "INSERT INTO ledger_entries (transaction_id, position, project_id, currency, account,"
        " amount_minor) SELECT 99, 1, id, 'EUR', 'refunds', 10001 FROM projects",
        "INSERT INTO ledger_entries (transaction_id, position, project_id, currency, account,"
        " amount_minor) SELECT 99, 2, id, 'EUR', 'card_clearing', -10001 FROM projects",
    )
    assert broken(app)["payments.refunds"] == 1


PAPERS = {
    "documents.numbers": ["UPDATE number_series SET last_number = 2"],
    "documents.receivables": ["UPDATE document_standings SET open_minor = open_minor + 1"],
    "documents.settled": ["UPDATE document_standings SET open_minor = open_minor + 1"],
    "refunds.within": ["UPDATE refunds SET amount_minor = 10001"],
    "refunds.posted": ["UPDATE refunds SET amount_minor = 9999"],
    "disputes.posted": ["UPDATE disputes SET state = 'won'"],
}


@pytest.mark.parametrize("name", PAPERS)
def test_papers_that_differ_from_the_ledger_are_found(
    app: Flask, market: Market, name: str
) -> None:
    payment, sponsorship = only(Payment), only(Sponsorship)
    with transaction() as session:
        session.add(
            Refund(
                reference="r1", payment_id=payment.id, amount_minor=100, currency="EUR",
                state=RefundStanding.DONE, reason="", asked_by="t", asked_at=NOW,
            )
        )  # fmt: skip
        session.add(
            Dispute(
                sponsorship_id=sponsorship.id, payment_id=payment.id, processor_dispute_id="d1",
                amount_minor=100, currency="EUR", state=DisputeStanding.OPEN, opened_at=NOW,
            )
        )  # fmt: skip
        invoice = issue(sponsorship)
        for key, cause, posting, reference in (
            ("refund:r1", Cause.REFUND, ledger.refund(Money(100, "EUR")), "r1"),
            ("dispute:d1", Cause.DISPUTE, ledger.dispute_opened(Money(100, "EUR")), "d1"),
            (
                "invoice:1",
                Cause.INVOICE,
                ledger.invoice_issued(
                    Money(500, "EUR"), market.organization.id, tier_id=market.tier.tier_id
                ),
                invoice.number,
            ),
        ):
            post_transaction(
                market.project.id,
                posting,
                key=key,
                cause=cause,
                actor=SYSTEM,
                now=NOW,
                occasion=Occasion(reference=reference, sponsorship_id=sponsorship.id),
            )
    assert broken(app) == {}
    past_the_guards(*PAPERS[name])
    assert broken(app)[name] == 1


def issue(sponsorship: Sponsorship) -> Document:
    """An open invoice of EUR 5.00, the first of its series."""
    db.session.add(
        NumberSeries(project_id=sponsorship.project_id, kind=DocumentKind.INVOICE, last_number=1)
    )
    invoice = Document(
        reference="inv1", occasion="inv1", project_id=sponsorship.project_id,
        organization_id=sponsorship.organization_id, sponsorship_id=sponsorship.id,
        kind=DocumentKind.INVOICE, series_number=1, number="K-1", issued_at=NOW,
        issued_on=NOW.date(), currency="EUR", net_minor=500, tax_minor=0, total_minor=500,
        tax_rate=0, treatment=next(iter(Treatment)), snapshot={},
        standing=DocumentStanding(state=DocumentState.UNPAID, open_minor=500),
    )  # fmt: skip
    db.session.add(invoice)
    db.session.flush()
    return invoice


def test_more_sponsors_than_places_are_found(app: Flask) -> None:
    tier = make_tier(make_project(), capacity=1)
    for _ in range(2):
        make_sponsorship(make_organization(), tier)
    assert broken(app)["sponsorships.capacity"] == 1


def test_a_capacity_lowered_later_is_nobodys_fault(app: Flask) -> None:
    tier = make_tier(make_project(), capacity=2)
    lower = make_tier(tier.tier.project, capacity=1)
    for one in (tier, tier, lower):
        make_sponsorship(make_organization(), one)
    assert "sponsorships.capacity" not in broken(app)


def test_two_running_sponsorships_are_found(app: Flask, market: Market) -> None:
    with transaction() as session:
        session.execute(text("DROP INDEX uq_sponsorships_running"))
    make_sponsorship(market.organization, market.tier)
    assert broken(app)["sponsorships.one"] == 1


def test_standing_without_a_payment_is_found(app: Flask, market: Market) -> None:
    with transaction() as session:
        session.execute(update(Sponsorship).values(term_ends_at=Sponsorship.term_ends_at))
        session.execute(text("UPDATE payments SET term_ends_at = paid_at"))
    assert broken(app) == {"sponsorships.paid": 1}


def test_a_refunded_sponsorship_in_good_standing_is_found(app: Flask, market: Market) -> None:
    with transaction() as session:
        session.execute(update(Sponsorship).values(commercial=Commercial.REFUNDED))
    assert broken(app) == {"sponsorships.paid": 1}


def test_what_should_have_ended_is_found(app: Flask, market: Market) -> None:
    late = only(Sponsorship).term_ends_at + timedelta(days=4)
    report = check_everything(gateway=None, now=late)
    assert [check.name for check in report.checks if check.broken] == ["sponsorships.over"]


def test_what_the_processor_took_and_we_do_not_hold_is_found(app: Flask, market: Market) -> None:
    payments = market.gateway.payments["sub_cs_1"]
    payments[0] = replace(payments[0], money=Money(9999, "EUR"))
    assert broken(app) == {"processor.payments": 1}
    payments[0] = replace(payments[0], payment_id="pi_unknown", money=Money(10000, "EUR"))
    # One that we do not have, and one that the processor does not have.
    assert broken(app) == {"processor.payments": 2}


def test_a_processor_out_of_reach_is_said_and_breaks_nothing(
    app: Flask, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: object) -> None:
        raise ProcessorUnavailable("processor.away", "It cannot be reached.")

    monkeypatch.setattr(market.gateway, "list_checkouts", away)
    report = check_everything(gateway=market.gateway, now=NOW)
    assert report.broken == 0
    assert [c.name for c in report.checks if c.skipped] == ["processor.payments"]


def test_every_check_has_a_name_of_its_own() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_it_runs_at_night_once_and_the_desk_shows_it(app: Flask) -> None:
    market = Market(app)
    market.buy()
    for _ in range(2):
        run_due(app, NOW)
    run = db.session.scalars(select(SelfCheckRun)).one()
    assert (run.at, run.broken, run.started_by) == (NOW, 0, "Stakehold")
    lead = sign_in(app, market.lead)
    assert "The books hold" in lead.get("/desk/kiln").text
    page = lead.get("/desk/kiln/self-check").text
    assert "Everything that was checked holds" in page


def test_the_page_shows_findings_of_its_own_project_only(app: Flask) -> None:
    treasurer = make_person()
    ours = make_project("ours", roles={treasurer: [ProjectRole.TREASURER]})
    theirs = make_project("theirs")
    make_sponsorship(make_organization(), make_tier(ours), reference="stake-ours")
    for number in range(2):
        tier = make_tier(theirs)
        make_sponsorship(make_organization(), tier, reference=f"stake-theirs-{number}")
    with transaction():
        keep_run(check_everything(gateway=None, now=NOW), actor=SYSTEM)
    page = sign_in(app, treasurer).get("/desk/ours/self-check").text
    assert "1 finding" in page
    assert "stake-ours" in page
    assert "stake-theirs" not in page


def test_the_command_says_what_is_broken_and_ends_with_it(app: Flask, market: Market) -> None:
    run = partial(app.test_cli_runner().invoke, selfcheck_command)
    held = run(args=[])
    assert (held.exit_code, "Everything that was checked holds." in held.output) == (0, True)
    with transaction() as session:
        session.execute(update(Sponsorship).values(commercial=Commercial.REFUNDED))
    found = run(args=["--offline"])
    assert found.exit_code == 1
    assert "BROKEN  sponsorships.paid" in found.output
    assert "not checked  processor.payments" in found.output
    report = json.loads(run(args=["--json"]).output)
    assert report["broken"] == 1
    (check,) = [check for check in report["checks"] if check["broken"]]
    assert check["name"] == "sponsorships.paid"
    slug = db.session.scalars(select(Project.slug)).one()
    assert check["findings"][0]["project"] == slug
