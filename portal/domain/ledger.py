"""The ledger's rules: accounts, postings that sum to zero, a builder per money event (MONEY 1).

Debits are positive, credits negative, in minor units. A builder answers how one event is written;
who posts it, when and under which key is the business of the service.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from portal.domain.errors import Refusal
from portal.domain.money import Money


class Account(StrEnum):
    """A project's accounts; receivable and credit are per organization, payable per person."""

    BANK = "bank"
    CARD_CLEARING = "card_clearing"
    RECEIVABLE = "receivable"
    INCOME_TIERS = "income_tiers"
    INCOME_GIFTS = "income_gifts"
    PROCESSOR_FEES = "processor_fees"
    TAX = "tax"
    REFUNDS = "refunds"
    DISPUTES = "disputes"
    PAYABLE = "payable"
    CREDIT = "credit"


class Cause(StrEnum):
    """Why a transaction was posted."""

    PAYMENT = "payment"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    CREDIT = "credit"
    REFUND = "refund"
    DISPUTE = "dispute"
    FEE = "fee"
    GIFT = "gift"
    TAKE = "take"
    PAYOUT = "payout"
    TRANSFER = "transfer"
    CORRECTION = "correction"


# Where money lies: the sum of these two is what a project has at hand.
CASH = (Account.BANK, Account.CARD_CLEARING)
PER_ORGANIZATION = frozenset({Account.RECEIVABLE, Account.CREDIT})
PER_PERSON = frozenset({Account.PAYABLE})


@dataclass(frozen=True, slots=True)
class Line:
    """One entry to be: an account, with its party where it has one, and a signed amount.

    ``tier_id`` says which tier earned it and stands with tier income only. Refuses an amount of
    zero (``ledger.zero``), and a party that is missing or out of place (``ledger.party``).
    """

    account: Account
    money: Money
    organization_id: int | None = None
    person_id: int | None = None
    tier_id: int | None = None

    def __post_init__(self) -> None:
        """Refuse a line that says nothing, or not of whom."""
        if self.money.amount_minor == 0:
            raise Refusal("ledger.zero", "An entry of zero says nothing.")
        if (
            (self.organization_id is not None) is not (self.account in PER_ORGANIZATION)
            or (self.person_id is not None) is not (self.account in PER_PERSON)
            or (self.tier_id is not None and self.account is not Account.INCOME_TIERS)
        ):
            raise Refusal("ledger.party", f"The account {self.account} is kept for another party.")


@dataclass(frozen=True, slots=True)
class Posting:
    """The lines of one transaction: at least two, of one currency, with the sum of zero.

    Refuses anything else with ``ledger.lines``, ``ledger.mixed`` or ``ledger.unbalanced``.
    """

    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        """Refuse what no book may hold."""
        if len(self.lines) < 2:  # noqa: PLR2004 - double entry
            raise Refusal("ledger.lines", "A posting has at least two entries.")
        if len({line.money.currency for line in self.lines}) > 1:
            raise Refusal("ledger.mixed", "A posting is in one currency.")
        if sum(line.money.amount_minor for line in self.lines) != 0:
            raise Refusal("ledger.unbalanced", "The entries of a posting sum to zero.")

    @property
    def currency(self) -> str:
        """The one currency of its lines."""
        return self.lines[0].money.currency


def card_payment(
    money: Money, *, tier_id: int, tax_minor: int = 0, into: Account = Account.CARD_CLEARING
) -> Posting:
    """A tier was paid at once: cash at the processor, or elsewhere; income without tax; the tax."""
    return _posting(_debit(into, money), *_earned(money, tier_id, tax_minor, earned=True))


def payment_on_credit(
    money: Money, organization_id: int, *, into: Account = Account.CARD_CLEARING
) -> Posting:
    """Money arrived that pays nothing we sold; it is kept for the payer until it is matched."""
    return _posting(
        _debit(into, money), _credit(Account.CREDIT, money, organization_id=organization_id)
    )


def processor_fee(fee: Money) -> Posting:
    """The processor kept a fee of what it holds for us."""
    return _posting(_debit(Account.PROCESSOR_FEES, fee), _credit(Account.CARD_CLEARING, fee))


def invoice_issued(
    money: Money, organization_id: int, *, tier_id: int, tax_minor: int = 0
) -> Posting:
    """An invoice was issued: the organization owes it, the income and the tax are earned."""
    return _posting(
        _debit(Account.RECEIVABLE, money, organization_id=organization_id),
        *_earned(money, tier_id, tax_minor, earned=True),
    )


def bank_payment(money: Money, organization_id: int, *, open_minor: int) -> Posting:
    """A transfer arrived: it settles what is open, a surplus is the organization's credit."""
    return _settled(Account.BANK, money, organization_id, open_minor)


def invoice_paid_by_card(money: Money, organization_id: int, *, open_minor: int) -> Posting:
    """An invoice was paid by card: it settles what is open, a surplus is credit."""
    return _settled(Account.CARD_CLEARING, money, organization_id, open_minor)


def credit_applied(money: Money, organization_id: int) -> Posting:
    """Credit of an organization settles what it owes."""
    return _posting(
        _debit(Account.CREDIT, money, organization_id=organization_id),
        _credit(Account.RECEIVABLE, money, organization_id=organization_id),
    )


def credit_earned(
    money: Money, organization_id: int, *, tier_id: int, tax_minor: int = 0
) -> Posting:
    """Credit of an organization pays a tier at once, without an invoice."""
    return _posting(
        _debit(Account.CREDIT, money, organization_id=organization_id),
        *_earned(money, tier_id, tax_minor, earned=True),
    )


def credit_note(
    money: Money, organization_id: int, *, tier_id: int, open_minor: int, tax_minor: int = 0
) -> Posting:
    """Income and tax are taken back: what was open is no longer owed, the rest is to refund."""
    owed, paid = _split(money, open_minor)
    return _posting(
        *_earned(money, tier_id, tax_minor, earned=False),
        _credit(Account.RECEIVABLE, owed, organization_id=organization_id),
        _credit(Account.REFUNDS, paid),
    )


def refund(money: Money, *, out_of: Account = Account.CARD_CLEARING) -> Posting:
    """Money that a credit note had set aside was paid back."""
    return _posting(_debit(Account.REFUNDS, money), _credit(out_of, money))


def refund_with_credit(
    money: Money, credit: Money, organization_id: int, *, out_of: Account = Account.CARD_CLEARING
) -> Posting:
    """Both at once: what a credit note had set aside, and what the payer had paid too much."""
    return _posting(
        _debit(Account.REFUNDS, money),
        _debit(Account.CREDIT, credit, organization_id=organization_id),
        _credit(out_of, money + credit),
    )


def credit_refunded(
    money: Money, organization_id: int, *, out_of: Account = Account.CARD_CLEARING
) -> Posting:
    """Credit of an organization was paid back to it."""
    return _posting(
        _debit(Account.CREDIT, money, organization_id=organization_id), _credit(out_of, money)
    )


def credit_disputed(money: Money, organization_id: int) -> Posting:
    """Credit of an organization was taken back by its bank: a lost dispute owes it no longer."""
    return _posting(
        _debit(Account.CREDIT, money, organization_id=organization_id),
        _credit(Account.DISPUTES, money),
    )


def dispute_opened(money: Money) -> Posting:
    """A payer contests a payment: the processor takes the money until it is decided."""
    return _posting(_debit(Account.DISPUTES, money), _credit(Account.CARD_CLEARING, money))


def dispute_won(money: Money) -> Posting:
    """The contested money came back."""
    return _posting(_debit(Account.CARD_CLEARING, money), _credit(Account.DISPUTES, money))


def dispute_lost(fee: Money) -> Posting:
    """The contested money stays away, and the processor keeps a fee for it."""
    return processor_fee(fee)


def gift(money: Money) -> Posting:
    """A gift to the project arrived at the processor."""
    return _posting(_debit(Account.CARD_CLEARING, money), _credit(Account.INCOME_GIFTS, money))


def take(money: Money, person_id: int) -> Posting:
    """A payday gave a maintainer a share of the gifts; it is owed until it is paid out."""
    return _posting(
        _debit(Account.INCOME_GIFTS, money), _credit(Account.PAYABLE, money, person_id=person_id)
    )


def payout(money: Money, person_id: int, *, out_of: Account = Account.CARD_CLEARING) -> Posting:
    """What was owed to a maintainer was paid out."""
    return _posting(_debit(Account.PAYABLE, money, person_id=person_id), _credit(out_of, money))


def transfer_to_bank(money: Money) -> Posting:
    """The processor handed over what it held."""
    return _posting(_debit(Account.BANK, money), _credit(Account.CARD_CLEARING, money))


def correction(wrong: Posting) -> Posting:
    """Undo a posting: the same lines with their signs turned; the right posting follows as new."""
    return Posting(
        tuple(
            replace(line, money=Money(-line.money.amount_minor, line.money.currency))
            for line in wrong.lines
        )
    )


def _posting(*lines: Line | None) -> Posting:
    return Posting(tuple(line for line in lines if line is not None))


def _settled(into: Account, money: Money, organization_id: int, open_minor: int) -> Posting:
    owed, surplus = _split(money, open_minor)
    return _posting(
        _debit(into, money),
        _credit(Account.RECEIVABLE, owed, organization_id=organization_id),
        _credit(Account.CREDIT, surplus, organization_id=organization_id),
    )


def _split(money: Money, open_minor: int) -> tuple[Money, Money]:
    """What of an amount meets ``open_minor``, and what goes beyond it."""
    if open_minor < 0:
        raise Refusal("ledger.open", "What is open is never less than nothing.")
    met = min(money.amount_minor, open_minor)
    return Money(met, money.currency), Money(money.amount_minor - met, money.currency)


def _earned(
    money: Money, tier_id: int, tax_minor: int, *, earned: bool
) -> tuple[Line | None, Line | None]:
    """Income without tax, and the tax, earned or taken back."""
    if not 0 <= tax_minor <= money.amount_minor:
        raise Refusal("ledger.tax", "Tax is part of the amount, so it lies between zero and it.")
    make = _credit if earned else _debit
    income = Money(money.amount_minor - tax_minor, money.currency)
    return (
        make(Account.INCOME_TIERS, income, tier_id=tier_id),
        make(Account.TAX, Money(tax_minor, money.currency)),
    )


def _debit(account: Account, money: Money, **party: int) -> Line | None:
    """A debit line; nothing for an amount of zero, and no event has a negative one."""
    if money.amount_minor < 0:
        raise Refusal("ledger.negative", "A money event has a positive amount.")
    return Line(account, money, **party) if money.amount_minor else None


def _credit(account: Account, money: Money, **party: int) -> Line | None:
    debit = _debit(account, money, **party)
    return debit and replace(debit, money=Money(-money.amount_minor, money.currency))
