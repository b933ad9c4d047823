"""A project's accounts month by month, from the sums of its ledger (MONEY 1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from portal.domain.ledger import CASH, Account, Cause


@dataclass(frozen=True, slots=True)
class MonthSum:
    """One account's sum in a month, in minor units, debits positive; tier 0 is not named."""

    currency: str
    month: str
    account: Account
    cause: Cause
    tier_id: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AccountsMonth:
    """One month in one currency, in minor units.

    ``tiers`` names what public sponsors earned each tier; private sponsors stand in ``income``
    only, which is all tier income without tax. ``received`` came in from payers; ``balance`` is
    what lies at bank and processor at the month's end: the last balance, and ``received`` less
    fees, refunds, disputes and payouts, and ``other``, such as corrections.
    """

    month: str
    tiers: Mapping[int, int] = field(default_factory=dict)
    income: int = 0
    gifts: int = 0
    tax: int = 0
    received: int = 0
    fees: int = 0
    refunds: int = 0
    disputes: int = 0
    payouts: int = 0
    other: int = 0
    balance: int = 0


FIGURES = (
    "income", "gifts", "tax", "received", "fees", "refunds", "disputes", "payouts", "other",
    "balance",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Accounts:
    """All months of one currency, the oldest first, with none left out."""

    currency: str
    months: tuple[AccountsMonth, ...]


def add_up(sums: Iterable[MonthSum], *, until: str) -> tuple[Accounts, ...]:
    """The accounts of each currency up to a month, currencies in the order of their codes."""
    by_currency: dict[str, dict[str, list[MonthSum]]] = {}
    for each in sums:
        by_currency.setdefault(each.currency, {}).setdefault(each.month, []).append(each)
    return tuple(
        Accounts(currency, tuple(_months(months, until)))
        for currency, months in sorted(by_currency.items())
    )


def _months(months: Mapping[str, list[MonthSum]], until: str) -> Iterator[AccountsMonth]:
    balance, month, last = 0, min(months), max(until, *months)
    while month <= last:
        made = _month(month, months.get(month, []), balance)
        balance = made.balance
        yield made
        month = _after(month)


def _month(month: str, sums: list[MonthSum], before: int) -> AccountsMonth:
    def of(*accounts: Account, causes: tuple[Cause, ...] = tuple(Cause)) -> int:
        return sum(s.amount_minor for s in sums if s.account in accounts and s.cause in causes)

    tiers: dict[int, int] = {}
    for each in sums:
        if each.account is Account.INCOME_TIERS and each.tier_id:
            tiers[each.tier_id] = tiers.get(each.tier_id, 0) - each.amount_minor
    received = of(*CASH, causes=(Cause.PAYMENT, Cause.GIFT))
    fees = of(Account.PROCESSOR_FEES)
    refunds = -of(*CASH, causes=(Cause.REFUND,))
    disputes = of(Account.DISPUTES)
    payouts = -of(*CASH, causes=(Cause.PAYOUT,))
    moved = of(*CASH)
    return AccountsMonth(
        month=month,
        tiers=tiers,
        income=-of(Account.INCOME_TIERS),
        gifts=-of(Account.INCOME_GIFTS, causes=(Cause.GIFT, Cause.CORRECTION)),
        tax=-of(Account.TAX),
        received=received,
        fees=fees,
        refunds=refunds,
        disputes=disputes,
        payouts=payouts,
        other=moved - (received - fees - refunds - disputes - payouts),
        balance=before + moved,
    )


def _after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04}-{number % 12 + 1:02}"
