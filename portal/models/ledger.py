"""The ledger's rows: append only, guarded by the database itself on both kinds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant, choices
from portal.domain.ledger import Account, Cause
from portal.models.ledger_guards import GUARDS


class LedgerTransaction(Base):
    """One event of money; its entries, ``entry_count`` of them, sum to zero.

    ``at`` is when the money moved, ``month`` its month in UTC, ``posted_at`` when it was written
    down. Two references to what caused it: ``reference`` in words for people, such as the
    processor's id, and ``sponsorship_id`` where one is concerned.
    """

    __tablename__ = "ledger_transactions"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("id", "project_id", "currency"),
        # The last entry must stand at the commit. Entries come in order, so then all of them do.
        ForeignKeyConstraint(
            ["id", "entry_count"],
            ["ledger_entries.transaction_id", "ledger_entries.position"],
            name="fk_ledger_transactions_last_entry",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        CheckConstraint("entry_count >= 2", name="double_entry"),
        CheckConstraint("(cause = 'correction') = (reverses_id IS NOT NULL)", name="reverses"),
        Index("ix_ledger_transactions_project_month", "project_id", "month"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    cause: Mapped[Cause] = mapped_column(choices(Cause))
    key: Mapped[str] = mapped_column(String(160), unique=True)
    currency: Mapped[str] = mapped_column(String(3))
    entry_count: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant)
    month: Mapped[str] = mapped_column(String(7))
    posted_by: Mapped[str] = mapped_column(String(120))
    posted_at: Mapped[datetime] = mapped_column(Instant)
    reference: Mapped[str] = mapped_column(String(120), default="")
    sponsorship_id: Mapped[int | None] = mapped_column(ForeignKey("sponsorships.id"), index=True)
    reverses_id: Mapped[int | None] = mapped_column(
        ForeignKey("ledger_transactions.id"), unique=True
    )


class LedgerEntry(Base):
    """One account's part of a transaction: debits are positive, credits negative."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        # The same project and currency as its transaction, by reference.
        ForeignKeyConstraint(
            ["transaction_id", "project_id", "currency"],
            [
                "ledger_transactions.id",
                "ledger_transactions.project_id",
                "ledger_transactions.currency",
            ],
            name="fk_ledger_entries_transaction",
        ),
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        CheckConstraint(
            "(account IN ('receivable', 'credit')) = (organization_id IS NOT NULL)",
            name="organization",
        ),
        CheckConstraint("(account = 'payable') = (person_id IS NOT NULL)", name="person"),
        CheckConstraint("tier_id IS NULL OR account = 'income_tiers'", name="tier"),
        Index("ix_ledger_entries_party", "organization_id", "project_id", "account"),
    )

    transaction_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_id: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    account: Mapped[Account] = mapped_column(choices(Account))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    tier_id: Mapped[int | None] = mapped_column(ForeignKey("tiers.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)


@event.listens_for(LedgerEntry.metadata.tables["ledger_entries"], "after_create")
def _set_guards(_table: Table, connection: Connection, **_: object) -> None:
    """Wherever the tables are made from the rows, the guards stand beside them."""
    for statement in GUARDS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


@event.listens_for(LedgerEntry.metadata.tables["ledger_transactions"], "before_create")
def _keep_reference(table: Table, _connection: Connection, **_: object) -> None:
    """Let SQLite's table hold the reference to the last entry, whatever was made before it.

    PostgreSQL adds it by ALTER, which marks it to be left out of every later CREATE TABLE.
    """
    for reference in table.foreign_key_constraints:
        reference._create_rule = None  # noqa: SLF001 - there is no public way back
