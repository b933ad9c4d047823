"""Counts that pages show, stored so that reading them costs the same for any number of rows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, Connection, ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, choices
from portal.domain.ledger import Account, Cause

# The caller holds the lock on the instance's page version, so that two changes at once count
# one after the other, and the later one sees what the earlier one committed.
_COUNT = text(
    "INSERT INTO project_figures (project_id, sponsors, named_sponsors)"
    " SELECT :project_id, count(*),"
    " coalesce(sum(CASE WHEN approved_name IS NOT NULL AND NOT is_private THEN 1 ELSE 0 END), 0)"
    " FROM sponsorships WHERE project_id = :project_id AND term IN ('active', 'grace')"
    " ON CONFLICT (project_id) DO UPDATE"
    " SET sponsors = excluded.sponsors, named_sponsors = excluded.named_sponsors"
)
# Income is named by tier only while its sponsor is public.
_MONTH_SUMS = (
    "INSERT INTO ledger_months"
    " (project_id, currency, month, account, cause, tier_id, amount_minor)"
    " SELECT t.project_id, t.currency, t.month, e.account, t.cause,"
    " CASE WHEN NOT s.is_private THEN coalesce(e.tier_id, 0) ELSE 0 END, sum(e.amount_minor)"
    " FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id"
    " LEFT JOIN sponsorships s ON s.id = t.sponsorship_id"
)
_ADD_MONTHS = text(
    f"{_MONTH_SUMS} WHERE t.id = :transaction_id GROUP BY 1, 2, 3, 4, 5, 6"
    " ON CONFLICT (project_id, currency, month, account, cause, tier_id)"
    " DO UPDATE SET amount_minor = ledger_months.amount_minor + excluded.amount_minor"
)
_FORGET_INCOME = text(
    "DELETE FROM ledger_months WHERE project_id = :project_id AND account = 'income_tiers'"
)
_ADD_INCOME = text(
    f"{_MONTH_SUMS} WHERE t.project_id = :project_id AND e.account = 'income_tiers'"
    " GROUP BY 1, 2, 3, 4, 5, 6"
)


class ProjectFigures(Base):
    """How many sponsors in good standing a project has, and how many of them are named in public.

    Counted anew in every transaction that changes a sponsorship of the project; a project that
    never had one has no row.
    """

    __tablename__ = "project_figures"
    shown_publicly = False

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    sponsors: Mapped[int]
    named_sponsors: Mapped[int]


def count_sponsors(connection: Connection, project_id: int) -> None:
    """Store a project's counts anew."""
    connection.execute(_COUNT, {"project_id": project_id})


class LedgerMonth(Base):
    """The sum of one account's entries in one month: what the public accounts are drawn from.

    Added up in the transaction that posts (``models/freshness``). ``tier_id`` is 0 for what no
    tier may be named with: every account but tier income, and the income from private sponsors.
    """

    __tablename__ = "ledger_months"
    shown_publicly = False

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    account: Mapped[Account] = mapped_column(choices(Account), primary_key=True)
    cause: Mapped[Cause] = mapped_column(choices(Cause), primary_key=True)
    tier_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount_minor: Mapped[int] = mapped_column(BigInteger)


def add_to_months(connection: Connection, transaction_ids: Iterable[int]) -> None:
    """Add new ledger transactions to their months; the caller holds the lock named above."""
    for transaction_id in sorted(transaction_ids):
        connection.execute(_ADD_MONTHS, {"transaction_id": transaction_id})


def name_income(connection: Connection, project_id: int) -> None:
    """Add up a project's tier income anew, after a sponsor became private or public."""
    connection.execute(_FORGET_INCOME, {"project_id": project_id})
    connection.execute(_ADD_INCOME, {"project_id": project_id})
