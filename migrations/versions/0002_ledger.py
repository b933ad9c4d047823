"""The ledger: transactions, entries, sums per month, guards; payments made so far are posted."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ACCOUNTS = "bank card_clearing receivable income_tiers income_gifts processor_fees tax refunds disputes payable credit"
_CAUSES = (
    "payment invoice credit_note credit refund dispute fee gift take payout transfer correction"
)
_SQLITE_GUARDS = (
    """
    CREATE TRIGGER ledger_transactions_no_update BEFORE UPDATE ON ledger_transactions
    BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END
    """,
    """
    CREATE TRIGGER ledger_transactions_no_delete BEFORE DELETE ON ledger_transactions
    BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END
    """,
    """
    CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END
    """,
    """
    CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END
    """,
    # INSERT OR REPLACE deletes without asking the triggers above.
    """
    CREATE TRIGGER ledger_transactions_no_replace BEFORE INSERT ON ledger_transactions
    WHEN EXISTS (SELECT 1 FROM ledger_transactions WHERE id = NEW.id OR key = NEW.key)
    BEGIN SELECT RAISE(ABORT, 'the ledger has this transaction'); END
    """,
    """
    CREATE TRIGGER ledger_entries_in_order BEFORE INSERT ON ledger_entries
    WHEN NEW.position <> 1 + (
        SELECT count(*) FROM ledger_entries WHERE transaction_id = NEW.transaction_id
    ) OR NEW.position > (
        SELECT entry_count FROM ledger_transactions WHERE id = NEW.transaction_id
    )
    BEGIN SELECT RAISE(ABORT, 'ledger entries come in order, as many as announced'); END
    """,
    """
    CREATE TRIGGER ledger_entries_sum AFTER INSERT ON ledger_entries
    WHEN NEW.position = (
        SELECT entry_count FROM ledger_transactions WHERE id = NEW.transaction_id
    ) AND 0 <> (
        SELECT sum(amount_minor) FROM ledger_entries WHERE transaction_id = NEW.transaction_id
    )
    BEGIN SELECT RAISE(ABORT, 'the entries of a ledger transaction sum to zero'); END
    """,
)

_POSTGRESQL_GUARDS = (
    """
    CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger is append only' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE total numeric; entries bigint; announced integer;
    BEGIN
        SELECT sum(amount_minor), count(*) INTO total, entries
        FROM ledger_entries WHERE transaction_id = NEW.transaction_id;
        SELECT entry_count INTO announced
        FROM ledger_transactions WHERE id = NEW.transaction_id;
        IF total <> 0 THEN
            RAISE EXCEPTION 'the entries of a ledger transaction sum to zero'
            USING ERRCODE = 'check_violation';
        END IF;
        IF entries <> announced THEN
            RAISE EXCEPTION 'a ledger transaction has as many entries as announced'
            USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ledger_transactions_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
    """,
    """
    CREATE TRIGGER ledger_entries_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_entries_sum AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balance()
    """,
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ledger_months",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("account", _choice("account", _ACCOUNTS), nullable=False),
        sa.Column("cause", _choice("cause", _CAUSES), nullable=False),
        sa.Column("tier_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_ledger_months_project_id_projects")
        ),
        sa.PrimaryKeyConstraint(
            "project_id",
            "currency",
            "month",
            "account",
            "cause",
            "tier_id",
            name=op.f("pk_ledger_months"),
        ),
    )
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("cause", _choice("cause", _CAUSES), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("posted_by", sa.String(length=120), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("sponsorship_id", sa.Integer(), nullable=True),
        sa.Column("reverses_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(cause = 'correction') = (reverses_id IS NOT NULL)",
            name=op.f("ck_ledger_transactions_reverses"),
        ),
        sa.CheckConstraint("entry_count >= 2", name=op.f("ck_ledger_transactions_double_entry")),
        sa.ForeignKeyConstraint(
            ["id", "entry_count"],
            ["ledger_entries.transaction_id", "ledger_entries.position"],
            name="fk_ledger_transactions_last_entry",
            initially="DEFERRED",
            deferrable=True,
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_ledger_transactions_project_id_projects")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["ledger_transactions.id"],
            name=op.f("fk_ledger_transactions_reverses_id_ledger_transactions"),
        ),
        sa.ForeignKeyConstraint(
            ["sponsorship_id"],
            ["sponsorships.id"],
            name=op.f("fk_ledger_transactions_sponsorship_id_sponsorships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint(
            "id",
            "project_id",
            "currency",
            name=op.f("uq_ledger_transactions_id_project_id_currency"),
        ),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_transactions_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_transactions_reverses_id")),
    )
    op.create_index(
        "ix_ledger_transactions_project_month", "ledger_transactions", ["project_id", "month"]
    )
    op.create_index(
        op.f("ix_ledger_transactions_sponsorship_id"), "ledger_transactions", ["sponsorship_id"]
    )
    op.create_table(
        "ledger_entries",
        sa.Column("transaction_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("account", _choice("account", _ACCOUNTS), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("tier_id", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(account = 'payable') = (person_id IS NOT NULL)", name=op.f("ck_ledger_entries_person")
        ),
        sa.CheckConstraint(
            "(account IN ('receivable', 'credit')) = (organization_id IS NOT NULL)",
            name=op.f("ck_ledger_entries_organization"),
        ),
        sa.CheckConstraint(
            "tier_id IS NULL OR account = 'income_tiers'", name=op.f("ck_ledger_entries_tier")
        ),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_ledger_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_ledger_entries_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_ledger_entries_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["tier_id"], ["tiers.id"], name=op.f("fk_ledger_entries_tier_id_tiers")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id", "project_id", "currency"],
            [
                "ledger_transactions.id",
                "ledger_transactions.project_id",
                "ledger_transactions.currency",
            ],
            name="fk_ledger_entries_transaction",
        ),
        sa.PrimaryKeyConstraint("transaction_id", "position", name=op.f("pk_ledger_entries")),
    )
    op.create_index(
        "ix_ledger_entries_party", "ledger_entries", ["organization_id", "project_id", "account"]
    )
    op.create_index(op.f("ix_ledger_entries_person_id"), "ledger_entries", ["person_id"])
    op.create_index(op.f("ix_ledger_entries_tier_id"), "ledger_entries", ["tier_id"])
    op.create_table(
        "self_check_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(length=120), nullable=False),
        sa.Column("broken", sa.Integer(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_check_runs")),
    )
    op.create_index(op.f("ix_self_check_runs_at"), "self_check_runs", ["at"])
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.create_foreign_key(
            "fk_ledger_transactions_last_entry",
            "ledger_transactions",
            "ledger_entries",
            ["id", "entry_count"],
            ["transaction_id", "position"],
            initially="DEFERRED",
            deferrable=True,
        )
    guards = {"sqlite": _SQLITE_GUARDS, "postgresql": _POSTGRESQL_GUARDS}
    for statement in guards[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    _post_payments(connection)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_self_check_runs_at"), "self_check_runs")
    op.drop_table("self_check_runs")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_ledger_transactions_last_entry", "ledger_transactions")
    op.drop_index(op.f("ix_ledger_entries_tier_id"), "ledger_entries")
    op.drop_index(op.f("ix_ledger_entries_person_id"), "ledger_entries")
    op.drop_index("ix_ledger_entries_party", "ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index(op.f("ix_ledger_transactions_sponsorship_id"), "ledger_transactions")
    op.drop_index("ix_ledger_transactions_project_month", "ledger_transactions")
    op.drop_table("ledger_transactions")
    op.drop_table("ledger_months")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_balance()")
        op.execute("DROP FUNCTION ledger_refuse()")


def _choice(name: str, values: str) -> sa.Enum:
    return sa.Enum(*values.split(), name=name, native_enum=False, create_constraint=True, length=40)


def _post_payments(connection: sa.Connection) -> None:
    """Post every payment so far: the price as income of its tier, any other amount as credit."""
    now = datetime.now(UTC)
    month = "to_char(p.paid_at AT TIME ZONE 'UTC', 'YYYY-MM')"
    if connection.dialect.name == "sqlite":
        now, month = now.replace(tzinfo=None), "strftime('%Y-%m', p.paid_at)"
    headers = sa.text(
        "INSERT INTO ledger_transactions (project_id, cause, key, currency, entry_count, at,"
        " month, posted_by, posted_at, reference, sponsorship_id)"
        " SELECT s.project_id, 'payment', 'payment:' || p.processor || ':'"
        " || p.processor_payment_id, p.currency, 2, p.paid_at, " + month + ", 'Stakehold', :now,"
        " p.processor_payment_id, s.id"
        " FROM payments p JOIN sponsorships s ON s.id = p.sponsorship_id ORDER BY p.id"
    )
    connection.execute(headers.bindparams(sa.bindparam("now", now, sa.DateTime(timezone=True))))
    paid = (
        " FROM ledger_transactions t"
        " JOIN payments p ON t.key = 'payment:' || p.processor || ':' || p.processor_payment_id"
        " JOIN sponsorships s ON s.id = p.sponsorship_id"
        " JOIN tier_versions v ON v.id = p.tier_snapshot_id"
    )
    as_sold = "p.amount_minor = v.price_minor AND p.currency = v.currency"
    into = (
        "INSERT INTO ledger_entries (transaction_id, position, project_id, currency, account,"
        " organization_id, tier_id, amount_minor) SELECT t.id, "
    )
    connection.execute(
        sa.text(
            into + "1, t.project_id, t.currency, 'card_clearing', CAST(NULL AS INTEGER),"
            " CAST(NULL AS INTEGER), p.amount_minor" + paid
        )
    )
    connection.execute(
        sa.text(
            into + f"2, t.project_id, t.currency,"
            f" CASE WHEN {as_sold} THEN 'income_tiers' ELSE 'credit' END,"
            f" CASE WHEN {as_sold} THEN NULL ELSE s.organization_id END,"
            f" CASE WHEN {as_sold} THEN v.tier_id END, -p.amount_minor" + paid
        )
    )
    connection.execute(
        sa.text(
            "INSERT INTO ledger_months"
            " (project_id, currency, month, account, cause, tier_id, amount_minor)"
            " SELECT t.project_id, t.currency, t.month, e.account, t.cause,"
            " CASE WHEN NOT s.is_private THEN coalesce(e.tier_id, 0) ELSE 0 END,"
            " sum(e.amount_minor)"
            " FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id"
            " LEFT JOIN sponsorships s ON s.id = t.sponsorship_id GROUP BY 1, 2, 3, 4, 5, 6"
        )
    )
