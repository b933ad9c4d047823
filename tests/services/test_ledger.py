"""The ledger's book: each event once, append only, balanced, guarded by the database itself."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from portal.database import db, transaction
from portal.domain import ledger
from portal.domain.errors import Conflict
from portal.domain.ledger import Account, Cause, Posting
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.domain.sponsorship import Publication
from portal.models.figures import LedgerMonth
from portal.models.ledger import LedgerEntry, LedgerTransaction
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.services.books.ledger import (
    Occasion,
    correct_transaction,
    find_transaction,
    post_transaction,
    read_balance,
    read_posting,
)
from tests.builders import NOW, make_organization, make_project, make_sponsorship, make_tier


def post(project: Project, posting: Posting, key: str, **occasion: Any) -> int:
    """Post in the transaction that is open."""
    return post_transaction(
        project.id,
        posting,
        key=key,
        cause=Cause.PAYMENT,
        actor=SYSTEM,
        now=NOW,
        occasion=Occasion(**occasion),
    )


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def figure(model: Any) -> int:
    return db.session.scalars(select(func.count()).select_from(model)).one()


def test_an_event_is_posted_once_with_who_why_and_when(app: Flask) -> None:
    project = make_project()
    tier = make_tier(project)
    sponsorship = make_sponsorship(make_organization(), tier)
    posting = ledger.card_payment(eur(1190), tier_id=tier.tier_id, tax_minor=190)
    for _ in range(2):
        with transaction():
            made = post(
                project, posting, "payment:1", reference="pi_1", sponsorship_id=sponsorship.id
            )
    row = db.session.get_one(LedgerTransaction, made)
    assert (figure(LedgerTransaction), figure(LedgerEntry)) == (1, 3)
    assert (row.cause, row.posted_by, row.reference) == (Cause.PAYMENT, "Stakehold", "pi_1")
    assert (row.at, row.month, row.currency) == (NOW, "2026-11", "EUR")
    assert read_posting(made) == posting
    assert find_transaction("payment:1") == made
    assert find_transaction("payment:2") is None
    assert read_balance(project.id, Account.TAX, "EUR") == eur(-190)


def test_a_key_stands_for_one_event_only(app: Flask) -> None:
    project, another = make_project(), make_project()
    with transaction():
        post(project, ledger.gift(eur(5)), "gift:1")
    for wrong in ((another, ledger.gift(eur(5))), (project, ledger.gift(eur(6)))):
        with pytest.raises(Conflict) as refused, transaction():
            post(*wrong, "gift:1")
        assert refused.value.code == "ledger.key"
    assert figure(LedgerTransaction) == 1


def test_a_correction_is_the_mirror_made_once(app: Flask) -> None:
    project, organization = make_project(), make_organization()
    with transaction():
        wrong = post(project, ledger.payment_on_credit(eur(5), organization.id), "payment:1")
    held = read_balance(project.id, Account.CREDIT, "EUR", organization_id=organization.id)
    assert held == eur(-5)
    with transaction():
        made = correct_transaction(wrong, reference="typed twice", actor=SYSTEM, now=NOW)
        again = correct_transaction(wrong, reference="typed twice", actor=SYSTEM, now=NOW)
    assert made == again
    assert db.session.get_one(LedgerTransaction, made).reverses_id == wrong
    assert read_balance(project.id, Account.CREDIT, "EUR").amount_minor == 0
    assert read_balance(project.id, Account.CARD_CLEARING, "EUR").amount_minor == 0


def months(project: Project) -> dict[tuple[str, str, int], int]:
    rows = db.session.scalars(select(LedgerMonth).where(LedgerMonth.project_id == project.id))
    return {(row.month, row.account.value, row.tier_id): row.amount_minor for row in rows}


def test_months_follow_each_posting_and_name_no_private_sponsor(app: Flask) -> None:
    project = make_project()
    tier = make_tier(project)
    paid = ledger.card_payment(eur(100), tier_id=tier.tier_id)
    public = make_sponsorship(make_organization(), tier)
    private = make_sponsorship(
        make_organization(), tier, is_private=True, publication=Publication.HIDDEN
    )
    with transaction():
        post(project, paid, "1", sponsorship_id=public.id)
        post(project, paid, "2", sponsorship_id=private.id)
        post(project, paid, "3", sponsorship_id=public.id, at=NOW.replace(month=10))
        post(project, paid, "3", sponsorship_id=public.id, at=NOW.replace(month=10))
    assert months(project) == {
        ("2026-10", "card_clearing", 0): 100,
        ("2026-10", "income_tiers", tier.tier_id): -100,
        ("2026-11", "card_clearing", 0): 200,
        ("2026-11", "income_tiers", tier.tier_id): -100,
        ("2026-11", "income_tiers", 0): -100,
    }
    with transaction():
        db.session.get_one(Sponsorship, public.id).is_private = True
        post(project, paid, "4", sponsorship_id=public.id)
    assert months(project) == {
        ("2026-10", "card_clearing", 0): 100,
        ("2026-10", "income_tiers", 0): -100,
        ("2026-11", "card_clearing", 0): 300,
        ("2026-11", "income_tiers", 0): -300,
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET amount_minor = 1",
        "UPDATE ledger_transactions SET reference = 'x'",
        "DELETE FROM ledger_entries",
        "DELETE FROM ledger_transactions",
    ],
)
def test_the_database_refuses_to_change_what_stands(app: Flask, statement: str) -> None:
    project = make_project()
    with transaction():
        post(project, ledger.gift(eur(5)), "gift:1")
    with pytest.raises(DatabaseError, match="append only"), transaction() as session:
        session.execute(text(statement))


def header(project: Project, **changes: Any) -> LedgerTransaction:
    values = {
        "project_id": project.id,
        "cause": Cause.GIFT,
        "key": "raw",
        "currency": "EUR",
        "entry_count": 2,
        "at": NOW,
        "month": "2026-11",
        "posted_by": "raw",
        "posted_at": NOW,
    }
    return LedgerTransaction(**(values | changes))


def entry(row: LedgerTransaction, position: int, amount: int, **changes: Any) -> LedgerEntry:
    values = {
        "transaction_id": row.id,
        "position": position,
        "project_id": row.project_id,
        "currency": row.currency,
        "account": Account.BANK if amount > 0 else Account.INCOME_GIFTS,
        "amount_minor": amount,
    }
    return LedgerEntry(**(values | changes))


def write_past_the_verb(project: Project, amounts: list[int], **changes: Any) -> None:
    row = header(project)
    db.session.add(row)
    db.session.flush()
    db.session.add_all(entry(row, n, amount, **changes) for n, amount in enumerate(amounts, 1))
    db.session.flush()


@pytest.mark.parametrize(
    "amounts",
    [
        pytest.param([5, -4], id="unbalanced"),
        pytest.param([5], id="one entry missing"),
        pytest.param([], id="all missing"),
        pytest.param([5, -5, 1], id="more than announced"),
    ],
)
def test_the_database_refuses_at_the_commit_what_does_not_balance(
    committed_app: Flask, amounts: list[int]
) -> None:
    with committed_app.app_context():
        project = make_project()
        with pytest.raises(DatabaseError), transaction():
            write_past_the_verb(project, amounts)
        assert figure(LedgerTransaction) == 0


def test_the_database_refuses_entries_for_a_finished_transaction(committed_app: Flask) -> None:
    with committed_app.app_context():
        project = make_project()
        with transaction():
            made = post(project, ledger.gift(eur(5)), "gift:1")
        row = db.session.get_one(LedgerTransaction, made)
        with pytest.raises(DatabaseError), transaction() as session:
            session.add_all([entry(row, 3, 7), entry(row, 4, -7)])
        assert figure(LedgerEntry) == 2


@pytest.mark.parametrize("changes", [{"currency": "USD"}, {"project": 1}])
def test_the_database_refuses_another_currency_or_project(
    app: Flask, changes: dict[str, Any]
) -> None:
    project, another = make_project(), make_project()
    if "project" in changes:
        changes = {"project_id": another.id}
    with pytest.raises(DatabaseError), transaction():
        write_past_the_verb(project, [5, -5], **changes)


def test_the_same_key_at_once_is_one_transaction(committed_app: Flask) -> None:
    with committed_app.app_context():
        project = make_project()
    together, made = threading.Barrier(4), []

    def run() -> None:
        with committed_app.app_context():
            together.wait()
            with transaction():
                made.append(post(project, ledger.gift(eur(5)), "gift:1"))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with committed_app.app_context():
        assert len(made) == 4
        assert len(set(made)) == 1
        assert (figure(LedgerTransaction), figure(LedgerEntry)) == (1, 2)
        assert months(project)["2026-11", "income_gifts", 0] == -5


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_currencies_of_other_units_stand_apart(app: Flask, currency: str) -> None:
    project = make_project()
    with transaction():
        post(project, ledger.gift(eur(5)), "1")
        post(project, ledger.gift(Money(7001, currency)), "2")
    assert read_balance(project.id, Account.CARD_CLEARING, currency) == Money(7001, currency)
    assert read_balance(project.id, Account.CARD_CLEARING, "EUR") == eur(5)
    rows = db.session.scalars(select(LedgerMonth.currency).distinct())
    assert set(rows) == {"EUR", currency}


def test_amounts_beyond_32_bits_are_kept(app: Flask) -> None:
    project, much = make_project(), eur(9 * 10**12)
    with transaction():
        made = post(project, ledger.gift(much), "1")
    assert read_posting(made) == replace(ledger.gift(much))
    assert read_balance(project.id, Account.CARD_CLEARING, "EUR") == much
