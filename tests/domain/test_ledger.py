"""Every posting sums to zero in one currency, and every money event is written as MONEY 1 says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import ledger
from portal.domain.errors import Refusal
from portal.domain.ledger import Account, Line, Posting
from portal.domain.money import Money

ORG, TIER, PERSON = 7, 3, 5


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def figures(posting: Posting) -> dict[str, int]:
    return {line.account.value: line.money.amount_minor for line in posting.lines}


@pytest.mark.parametrize(
    ("posting", "expected"),
    [
        (
            ledger.card_payment(eur(1190), tier_id=TIER, tax_minor=190),
            {"card_clearing": 1190, "income_tiers": -1000, "tax": -190},
        ),
        (
            ledger.card_payment(eur(1000), tier_id=TIER),
            {"card_clearing": 1000, "income_tiers": -1000},
        ),
        (
            ledger.card_payment(eur(1000), tier_id=TIER, into=Account.BANK),
            {"bank": 1000, "income_tiers": -1000},
        ),
        (ledger.payment_on_credit(eur(5), ORG), {"card_clearing": 5, "credit": -5}),
        (ledger.payment_on_credit(eur(5), ORG, into=Account.BANK), {"bank": 5, "credit": -5}),
        (ledger.processor_fee(eur(29)), {"processor_fees": 29, "card_clearing": -29}),
        (
            ledger.invoice_issued(eur(1190), ORG, tier_id=TIER, tax_minor=190),
            {"receivable": 1190, "income_tiers": -1000, "tax": -190},
        ),
        (ledger.bank_payment(eur(400), ORG, open_minor=1190), {"bank": 400, "receivable": -400}),
        (
            ledger.bank_payment(eur(1200), ORG, open_minor=1190),
            {"bank": 1200, "receivable": -1190, "credit": -10},
        ),
        (ledger.bank_payment(eur(9), ORG, open_minor=0), {"bank": 9, "credit": -9}),
        (
            ledger.invoice_paid_by_card(eur(1200), ORG, open_minor=1190),
            {"card_clearing": 1200, "receivable": -1190, "credit": -10},
        ),
        (ledger.credit_applied(eur(10), ORG), {"credit": 10, "receivable": -10}),
        (
            ledger.credit_earned(eur(119), ORG, tier_id=TIER, tax_minor=19),
            {"credit": 119, "income_tiers": -100, "tax": -19},
        ),
        (
            ledger.credit_note(eur(1190), ORG, tier_id=TIER, open_minor=190, tax_minor=190),
            {"income_tiers": 1000, "tax": 190, "receivable": -190, "refunds": -1000},
        ),
        (ledger.refund(eur(10)), {"refunds": 10, "card_clearing": -10}),
        (ledger.refund(eur(10), out_of=Account.BANK), {"refunds": 10, "bank": -10}),
        (ledger.credit_refunded(eur(10), ORG), {"credit": 10, "card_clearing": -10}),
        (ledger.dispute_opened(eur(10)), {"disputes": 10, "card_clearing": -10}),
        (ledger.dispute_won(eur(10)), {"card_clearing": 10, "disputes": -10}),
        (ledger.dispute_lost(eur(15)), {"processor_fees": 15, "card_clearing": -15}),
        (ledger.gift(eur(10)), {"card_clearing": 10, "income_gifts": -10}),
        (ledger.take(eur(10), PERSON), {"income_gifts": 10, "payable": -10}),
        (ledger.payout(eur(10), PERSON), {"payable": 10, "card_clearing": -10}),
        (ledger.transfer_to_bank(eur(10)), {"bank": 10, "card_clearing": -10}),
        (
            ledger.correction(ledger.payment_on_credit(eur(5), ORG)),
            {"card_clearing": -5, "credit": 5},
        ),
    ],
)
def test_every_event_is_written_as_agreed(posting: Posting, expected: dict[str, int]) -> None:
    assert figures(posting) == expected


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("ledger.lines", [Line(Account.BANK, eur(1))]),
        ("ledger.unbalanced", [Line(Account.BANK, eur(2)), Line(Account.TAX, eur(-1))]),
        (
            "ledger.mixed",
            [Line(Account.BANK, eur(1)), Line(Account.TAX, Money(-1, "USD"))],
        ),
    ],
)
def test_a_posting_that_no_book_may_hold_is_refused(code: str, lines: list[Line]) -> None:
    with pytest.raises(Refusal) as refused:
        Posting(tuple(lines))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("account", "party"),
    [
        (Account.RECEIVABLE, {}),
        (Account.CREDIT, {"person_id": PERSON}),
        (Account.PAYABLE, {}),
        (Account.BANK, {"organization_id": ORG}),
        (Account.BANK, {"person_id": PERSON}),
        (Account.TAX, {"tier_id": TIER}),
    ],
)
def test_a_line_names_the_party_its_account_is_kept_for(
    account: Account, party: dict[str, int]
) -> None:
    with pytest.raises(Refusal) as refused:
        Line(account, eur(1), **party)
    assert refused.value.code == "ledger.party"


def test_an_entry_of_zero_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        Line(Account.BANK, eur(0))
    assert refused.value.code == "ledger.zero"


@pytest.mark.parametrize("tax", [-1, 101])
def test_tax_is_a_part_of_the_amount(tax: int) -> None:
    with pytest.raises(Refusal) as refused:
        ledger.card_payment(eur(100), tier_id=TIER, tax_minor=tax)
    assert refused.value.code == "ledger.tax"


def test_an_event_has_a_positive_amount_and_nothing_open_is_negative() -> None:
    with pytest.raises(Refusal) as refused:
        ledger.refund(eur(-1))
    assert refused.value.code == "ledger.negative"
    with pytest.raises(Refusal) as refused:
        ledger.bank_payment(eur(1), ORG, open_minor=-1)
    assert refused.value.code == "ledger.open"


@given(
    st.integers(1, 10**12),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_events_balance_whatever_is_open_and_taxed(
    amount: int, tax: int, open_minor: int, currency: str
) -> None:
    money, tax = Money(amount, currency), min(tax, amount)
    issued = ledger.invoice_issued(money, ORG, tier_id=TIER, tax_minor=tax)
    noted = ledger.credit_note(money, ORG, tier_id=TIER, open_minor=amount, tax_minor=tax)
    # A credit note over what is wholly open is the mirror of its invoice.
    assert figures(noted) == figures(ledger.correction(issued))
    for posting in (
        issued,
        ledger.bank_payment(money, ORG, open_minor=open_minor),
        ledger.credit_note(money, ORG, tier_id=TIER, open_minor=open_minor, tax_minor=tax),
    ):
        assert posting.currency == currency
        assert sum(line.money.amount_minor for line in posting.lines) == 0
        assert ledger.correction(ledger.correction(posting)) == posting
