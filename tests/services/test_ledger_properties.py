"""Whatever happens in whatever order: the book balances, and owes what is open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain import ledger
from portal.domain.ledger import CASH, Account, Cause, Posting
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.models.ledger import LedgerEntry, LedgerTransaction
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.services.books.ledger import correct_transaction, post_transaction, read_balance
from portal.services.selfcheck.book import BOOK_CHECKS
from portal.services.selfcheck.run import check_everything
from tests.builders import NOW, make_organization, make_project, make_tier

CURRENCIES = ("EUR", "JPY", "KWD")
KINDS = ("sold", "invoiced", "transferred", "credited", "refunded", "fee", "disputed", "corrected")
EVENTS = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from(CURRENCIES),
    st.integers(0, 1),
    st.integers(1, 5_000_000_000),
)


@dataclass
class Expected:
    """What the books should say, kept without them; each sum by currency, or party and currency."""

    open: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))
    credit: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))
    paid: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    gone: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    to_refund: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Story:
    """Two companies, one tier, and what happens between them."""

    def __init__(self) -> None:
        self.project: Project = make_project()
        self.tier = make_tier(self.project)
        self.parties: list[Organization] = [make_organization(), make_organization()]
        self.expected = Expected()
        self.posted: list[tuple[str, Cause, Posting, int]] = []

    def post(self, cause: Cause, posting: Posting) -> int:
        key = f"{self.project.id}:{len(self.posted)}"
        with transaction():
            made = self.write(key, cause, posting)
        self.posted.append((key, cause, posting, made))
        return made

    def write(self, key: str, cause: Cause, posting: Posting) -> int:
        return post_transaction(
            self.project.id, posting, key=key, cause=cause, actor=SYSTEM, now=NOW
        )

    def play(self, kind: str, currency: str, party: int, minor: int) -> None:
        """One event; what nothing stands for is left out."""
        act: Callable[[Money, int, tuple[int, str]], None] = getattr(self, f"_{kind}")
        organization_id = self.parties[party].id
        act(Money(minor, currency), organization_id, (organization_id, currency))

    def _sold(self, money: Money, _party: int, _at: tuple[int, str]) -> None:
        sale = ledger.card_payment(
            money, tier_id=self.tier.tier_id, tax_minor=money.amount_minor // 6
        )
        self.post(Cause.PAYMENT, sale)
        self.expected.paid[money.currency] += money.amount_minor

    def _invoiced(self, money: Money, party: int, at: tuple[int, str]) -> None:
        tax = money.amount_minor // 6
        self.post(
            Cause.INVOICE,
            ledger.invoice_issued(money, party, tier_id=self.tier.tier_id, tax_minor=tax),
        )
        self.expected.open[at] += money.amount_minor

    def _transferred(self, money: Money, party: int, at: tuple[int, str]) -> None:
        met = min(money.amount_minor, self.expected.open[at])
        posting = ledger.bank_payment(money, party, open_minor=self.expected.open[at])
        self.post(Cause.PAYMENT, posting)
        self.expected.open[at] -= met
        self.expected.credit[at] += money.amount_minor - met
        self.expected.paid[money.currency] += money.amount_minor

    def _credited(self, money: Money, party: int, at: tuple[int, str]) -> None:
        still_open = self.expected.open[at]
        met = min(money.amount_minor, still_open)
        posting = ledger.credit_note(money, party, tier_id=self.tier.tier_id, open_minor=still_open)
        self.post(Cause.CREDIT_NOTE, posting)
        self.expected.open[at] -= met
        self.expected.to_refund[money.currency] += money.amount_minor - met

    def _refunded(self, money: Money, _party: int, _at: tuple[int, str]) -> None:
        back = min(money.amount_minor, self.expected.to_refund[money.currency])
        if back:
            self.post(Cause.REFUND, ledger.refund(Money(back, money.currency)))
            self.expected.to_refund[money.currency] -= back
            self.expected.gone[money.currency] += back

    def _fee(self, money: Money, _party: int, _at: tuple[int, str]) -> None:
        self.post(Cause.FEE, ledger.processor_fee(money))
        self.expected.gone[money.currency] += money.amount_minor

    def _disputed(self, money: Money, _party: int, _at: tuple[int, str]) -> None:
        """Opened, and won where the amount is even."""
        self.post(Cause.DISPUTE, ledger.dispute_opened(money))
        if money.amount_minor % 2 == 0:
            self.post(Cause.DISPUTE, ledger.dispute_won(money))
        else:
            self.expected.gone[money.currency] += money.amount_minor

    def _corrected(self, money: Money, _party: int, _at: tuple[int, str]) -> None:
        """A sale that was none, taken back twice: the second time changes nothing."""
        wrong = self.post(Cause.PAYMENT, ledger.card_payment(money, tier_id=self.tier.tier_id))
        for _ in range(2):
            with transaction():
                correct_transaction(wrong, reference="none", actor=SYSTEM, now=NOW)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(EVENTS, min_size=1, max_size=12))
def test_the_book_keeps_its_promises(app: Flask, events: list[tuple[str, str, int, int]]) -> None:
    story = Story()
    for event in events:
        story.play(*event)
    _check(story)
    before = _rows()
    with transaction():
        for key, cause, posting, made in story.posted:
            assert story.write(key, cause, posting) == made
    assert _rows() == before
    report = check_everything(
        gateway=None,
        now=NOW,
        checks=[check for check in BOOK_CHECKS if check.name in {"ledger.sums", "ledger.months"}],
    )
    assert report.broken == 0


def _check(story: Story) -> None:
    expected, project = story.expected, story.project.id
    sums = select(func.sum(LedgerEntry.amount_minor)).where(LedgerEntry.project_id == project)
    by_transaction = sums.group_by(LedgerEntry.transaction_id, LedgerEntry.currency)
    assert set(db.session.scalars(by_transaction)) <= {0}
    for (party, currency), still_open in expected.open.items():
        owed = read_balance(project, Account.RECEIVABLE, currency, organization_id=party)
        assert owed.amount_minor == still_open
        kept = read_balance(project, Account.CREDIT, currency, organization_id=party)
        assert -kept.amount_minor == expected.credit[party, currency]
    for currency in CURRENCIES:
        cash = sum(read_balance(project, each, currency).amount_minor for each in CASH)
        assert cash == expected.paid[currency] - expected.gone[currency]
        set_aside = read_balance(project, Account.REFUNDS, currency).amount_minor
        assert -set_aside == expected.to_refund[currency]


def _rows() -> tuple[int, int]:
    count = select(func.count())
    return (
        db.session.scalars(count.select_from(LedgerTransaction)).one(),
        db.session.scalars(count.select_from(LedgerEntry)).one(),
    )
