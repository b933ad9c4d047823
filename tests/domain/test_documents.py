"""Documents: states as a table, sums, dates, references; who is charged tax, and how much."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.documents import (
    DOCUMENT_TABLE,
    DocumentAction,
    DocumentKind,
    DocumentState,
    Line,
    add_up,
    check_bic,
    check_iban,
    check_prefix,
    in_groups,
    is_reference,
    next_document,
    next_end,
    number_text,
    payment_reference,
    receive,
    renewal_dates,
)
from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.sellers import (
    BillingData,
    Seller,
    buyer_data_obstacles,
    clean_seller,
    seller_obstacles,
)
from portal.domain.tax import (
    Party,
    TaxCharge,
    Treatment,
    charge_tax,
    parse_rate,
    rate_text,
)
from portal.domain.tiers import Interval

EUR = "EUR"
GERMAN = Party("DE", "DE136695976")
SELLER = Seller("Kelp e.V.", "Quay 1", "DE", iban="DE89 3704 0044 0532 0130 00", prefix="KELP")


@pytest.mark.parametrize("state", DocumentState)
@pytest.mark.parametrize("action", DocumentAction)
def test_every_state_answers_every_action(state: DocumentState, action: DocumentAction) -> None:
    if (state, action) in DOCUMENT_TABLE:
        assert next_document(state, action) is DOCUMENT_TABLE[state, action]
        return
    with pytest.raises(Refusal) as refusal:
        next_document(state, action)
    assert refusal.value.code == f"document.{state}.{action.name.lower()}"


@settings(max_examples=100)
@given(
    st.lists(st.integers(1, 10**9), min_size=1, max_size=5),
    st.integers(0, 100_000),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_net_and_tax_are_the_total_and_the_tax_is_rounded_once(
    amounts: list[int], rate: int, currency: str
) -> None:
    lines = [Line("x", 1, Money(amount, currency)) for amount in amounts]
    sums = add_up(lines, TaxCharge(Treatment.CHARGED, rate))
    assert sums.total.amount_minor == sum(amounts)
    assert sums.net + sums.tax == sums.total
    exact = Fraction(sum(amounts) * rate, 100_000 + rate)
    assert abs(sums.tax.amount_minor - exact) <= Fraction(1, 2)


def test_a_document_is_about_something() -> None:
    with pytest.raises(Refusal, match="at least one line"):
        add_up([], TaxCharge(Treatment.NONE))
    with pytest.raises(Refusal, match="above zero"):
        add_up([Line("x", 1, Money(0, EUR))], TaxCharge(Treatment.NONE))


@pytest.mark.parametrize(
    ("seller", "buyer", "treatment"),
    [
        (GERMAN, Party("DE", "DE136695976"), Treatment.CHARGED),
        (GERMAN, Party("NL", "NL004495445B01"), Treatment.REVERSE_CHARGE),
        (GERMAN, Party("NL", "nl 0044.95445.B01"), Treatment.REVERSE_CHARGE),
        (GERMAN, Party("GR", "EL094259216"), Treatment.REVERSE_CHARGE),
        (GERMAN, Party("NL", ""), Treatment.CHARGED),
        (GERMAN, Party("NL", "123456789"), Treatment.CHARGED),
        (Party("DE", ""), Party("NL", "NL004495445B01"), Treatment.CHARGED),
        (GERMAN, Party("US", "12-3456789"), Treatment.OUTSIDE),
        (GERMAN, Party("US", "", is_company=False), Treatment.CHARGED),
        (GERMAN, Party("", ""), Treatment.CHARGED),
        (Party("US", ""), Party("DE", "DE136695976"), Treatment.OUTSIDE),
        (Party("US", ""), Party("US", ""), Treatment.CHARGED),
    ],
)
def test_who_is_charged(seller: Party, buyer: Party, treatment: Treatment) -> None:
    charge = charge_tax(seller, buyer, charges=True, rate=19_000)
    assert charge.treatment is treatment
    assert (charge.rate == 19_000) is (treatment is Treatment.CHARGED)


def test_a_seller_that_charges_no_tax_charges_none() -> None:
    for charges, rate in ((False, 19_000), (True, 0)):
        charge = charge_tax(GERMAN, Party("NL", "NL004495445B01"), charges=charges, rate=rate)
        assert charge == TaxCharge(Treatment.NONE)


@pytest.mark.parametrize(
    ("typed", "rate", "shown"),
    [("19", 19_000, "19"), ("8.875", 8_875, "8.875"), ("7,7 %", 7_700, "7.7"), ("0", 0, "0")],
)
def test_rates(typed: str, rate: int, shown: str) -> None:
    assert parse_rate(typed) == rate
    assert rate_text(rate) == shown


@pytest.mark.parametrize("typed", ["", "a", "-1", "101", "1.2345"])
def test_what_is_no_rate(typed: str) -> None:
    with pytest.raises(Refusal):
        parse_rate(typed)


def test_numbers_and_their_references() -> None:
    assert number_text("KELP", DocumentKind.INVOICE, 12) == "KELP-00012"
    assert number_text("KELP", DocumentKind.CREDIT_NOTE, 123_456) == "KELP-C123456"
    # The example of ISO 11649.
    assert payment_reference("539007547034") == "RF18539007547034"
    assert is_reference("RF18 5390 0754 7034")
    assert not is_reference("RF18 5390 0754 7043")
    assert not is_reference("XX18")
    assert in_groups("RF18539007547034") == "RF18 5390 0754 7034"


@settings(max_examples=60)
@given(st.integers(1, 10**6), st.integers(0, 9), st.integers(0, 15))
def test_a_wrong_digit_is_noticed(number: int, digit: int, place: int) -> None:
    reference = payment_reference(number_text("KELP", DocumentKind.INVOICE, number))
    assert is_reference(reference)
    at = min(place, len(reference) - 1)
    changed = reference[:at] + str(digit) + reference[at + 1 :]
    if changed != reference and changed.startswith("RF") and reference[at].isdigit():
        assert not is_reference(changed)


def test_account_numbers() -> None:
    assert check_iban("de89 3704 0044 0532 0130 00") == "DE89370400440532013000"
    assert check_iban("") == check_bic("") == ""
    assert check_bic("cobadeffxxx") == "COBADEFFXXX"
    for wrong in ("DE89370400440532013001", "123"):
        with pytest.raises(Refusal):
            check_iban(wrong)
    with pytest.raises(Refusal):
        check_bic("COBA")
    for wrong in ("", "kelp", "9KELP", "KELP-1", "TOOLONGFORIT"):
        with pytest.raises(Refusal):
            check_prefix(wrong)


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def test_the_next_term_is_billed_so_that_it_is_due_on_the_last_paid_day() -> None:
    dates = renewal_dates(
        at(2026, 1, 31), at(2026, 1, 31), at(2027, 1, 31), Interval.YEAR, net_days=30
    )
    assert (dates.issue_on, dates.due_on) == (date(2026, 12, 31), date(2027, 1, 30))
    assert dates.term_ends_at == at(2028, 1, 31)
    short = renewal_dates(
        at(2026, 1, 5), at(2026, 1, 5), at(2026, 1, 12), Interval.WEEK, net_days=30
    )
    assert (short.issue_on, short.due_on) == (date(2026, 1, 5), date(2026, 1, 11))


def test_months_keep_the_day_of_the_first() -> None:
    first, ends = at(2026, 1, 31), at(2026, 2, 28)
    assert next_end(first, ends, Interval.MONTH) == at(2026, 3, 31)
    assert next_end(first, at(2026, 3, 15), Interval.MONTH) == at(2026, 4, 15)


def test_a_payment_divides_into_what_is_owed_and_credit() -> None:
    owed = Money(100, EUR)
    assert receive(Money(40, EUR), owed).action is DocumentAction.PAY_PART
    exact = receive(owed, owed)
    assert (exact.action, exact.surplus.amount_minor) == (DocumentAction.PAY, 0)
    more = receive(Money(130, EUR), owed)
    assert (more.settled, more.surplus) == (owed, Money(30, EUR))
    for wrong in (Money(1, "USD"), Money(0, EUR), Money(-1, EUR), Money(10**10, EUR)):
        with pytest.raises(Refusal):
            receive(wrong, owed)


def test_a_seller_is_cleaned_and_what_is_missing_refused_at_its_field() -> None:
    assert clean_seller(replace(SELLER, tax_name=" ")).tax_name == "VAT"
    for field, value in (("legal_name", ""), ("address", " "), ("country", ""), ("iban", "x"),
                         ("prefix", "k"), ("net_days", 121), ("email", "x" * 300)):  # fmt: skip
        with pytest.raises(Refusal) as refusal:
            clean_seller(replace(SELLER, **{field: value}))  # type: ignore[arg-type]
        assert refusal.value.field == field


def test_why_nobody_can_buy_by_invoice_yet() -> None:
    assert [each.code for each in seller_obstacles(None)] == ["seller.missing"]
    assert [each.code for each in seller_obstacles(replace(SELLER, iban=""))] == ["seller.account"]
    assert seller_obstacles(SELLER) == []
    (obstacle,) = buyer_data_obstacles(BillingData("", "Street", "", ""))
    assert "legal name, country" in obstacle.message
    assert buyer_data_obstacles(BillingData("A", "B", "DE", "")) == []
