"""Sponsorship life."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WALL = ("ix_sponsorships_wall", ["tier_snapshot_id", "active_since", "id"], "'active', 'grace'")
_PAST = ("ix_sponsorships_past", ["project_id", "ended_at", "id"], "'lapsed', 'ended'")


def _show(condition: str) -> None:
    """Index the sponsors who are shown anew, and count them anew."""
    for name, columns, terms in (_WALL, _PAST):
        where = sa.text(f"term IN ({terms}) AND {condition}")
        op.drop_index(name, table_name="sponsorships")
        op.create_index(name, "sponsorships", columns, sqlite_where=where, postgresql_where=where)
    op.execute(
        "UPDATE project_figures SET named_sponsors = (SELECT count(*) FROM sponsorships"  # noqa: S608 - a constant
        f" WHERE project_id = project_figures.project_id AND term IN ('active', 'grace') AND {condition})"
    )


_WALL = ("ix_sponsorships_wall", ["tier_snapshot_id", "active_since", "id"], "'active', 'grace'")
_PAST = ("ix_sponsorships_past", ["project_id", "ended_at", "id"], "'lapsed', 'ended'")


def _show(condition: str) -> None:
    """Index the sponsors who are shown anew, and count them anew."""
    for name, columns, terms in (_WALL, _PAST):
        where = sa.text(f"term IN ({terms}) AND {condition}")
        op.drop_index(name, table_name="sponsorships")
        op.create_index(
            name, "sponsorships", columns, sqlite_where=where, postgresql_where=where
        )
    op.execute(
        "UPDATE project_figures SET named_sponsors = (SELECT count(*) FROM sponsorships"  # noqa: S608 - a constant
        f" WHERE project_id = project_figures.project_id AND term IN ('active', 'grace') AND {condition})"
    )


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "term_reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sponsorship_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ending",
                "failing",
                name="reminderkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("occasion_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moot_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "sent_at IS NULL OR moot_at IS NULL", name=op.f("ck_term_reminders_sent_or_moot")
        ),
        sa.ForeignKeyConstraint(
            ["sponsorship_id"],
            ["sponsorships.id"],
            name=op.f("fk_term_reminders_sponsorship_id_sponsorships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term_reminders")),
        sa.UniqueConstraint(
            "sponsorship_id",
            "kind",
            "occasion_at",
            "days",
            name=op.f("uq_term_reminders_sponsorship_id_kind_occasion_at_days"),
        ),
    )
    with op.batch_alter_table("term_reminders", schema=None) as batch_op:
        batch_op.create_index(
            "ix_term_reminders_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("sent_at IS NULL AND moot_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND moot_at IS NULL"),
        )

    op.create_table(
        "disputes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sponsorship_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("processor_dispute_id", sa.String(length=120), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("fee_minor", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "warned",
                "open",
                "won",
                "lost",
                name="disputestanding",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_disputes_payment_id_payments")
        ),
        sa.ForeignKeyConstraint(
            ["sponsorship_id"],
            ["sponsorships.id"],
            name=op.f("fk_disputes_sponsorship_id_sponsorships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("processor_dispute_id", name=op.f("uq_disputes_processor_dispute_id")),
    )
    with op.batch_alter_table("disputes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disputes_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index("ix_disputes_sponsorship", ["sponsorship_id", "state"], unique=False)

    op.create_table(
        "refunds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "pending",
                "done",
                "failed",
                name="refundstanding",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("processor_refund_id", sa.String(length=120), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=300), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_positive")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("processor_refund_id", name=op.f("uq_refunds_processor_refund_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_refunds_reference")),
    )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refunds_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refunds_state"), ["state"], unique=False)

    op.create_table(
        "sponsorship_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("sponsorship_id", sa.Integer(), nullable=False),
        sa.Column("before_id", sa.Integer(), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "upgrade",
                "downgrade",
                "reprice",
                name="changekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "waiting",
                "scheduled",
                "done",
                "withdrawn",
                "failed",
                name="changestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("processor_invoice_id", sa.String(length=120), nullable=True),
        sa.Column("pay_url", sa.String(length=2000), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=300), nullable=False),
        sa.CheckConstraint("due_minor >= 0", name=op.f("ck_sponsorship_changes_due_not_negative")),
        sa.ForeignKeyConstraint(
            ["after_id"],
            ["tier_versions.id"],
            name=op.f("fk_sponsorship_changes_after_id_tier_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["before_id"],
            ["tier_versions.id"],
            name=op.f("fk_sponsorship_changes_before_id_tier_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_sponsorship_changes_payment_id_payments")
        ),
        sa.ForeignKeyConstraint(
            ["sponsorship_id"],
            ["sponsorships.id"],
            name=op.f("fk_sponsorship_changes_sponsorship_id_sponsorships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sponsorship_changes")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_sponsorship_changes_payment_id")),
        sa.UniqueConstraint(
            "processor_invoice_id", name=op.f("uq_sponsorship_changes_processor_invoice_id")
        ),
        sa.UniqueConstraint("reference", name=op.f("uq_sponsorship_changes_reference")),
    )
    with op.batch_alter_table("sponsorship_changes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sponsorship_changes_after_id"), ["after_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sponsorship_changes_sponsorship_id"), ["sponsorship_id"], unique=False
        )
        batch_op.create_index(
            "uq_sponsorship_changes_live",
            ["sponsorship_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('asked', 'waiting', 'scheduled')"),
            postgresql_where=sa.text("state IN ('asked', 'waiting', 'scheduled')"),
        )

    with op.batch_alter_table("sponsorships", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ends_renewal", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(
            sa.Column(
                "collection",
                sa.Enum(
                    "card",
                    "invoice",
                    name="collection",
                    native_enum=False,
                    create_constraint=True,
                    length=40,
                ),
                nullable=False,
                server_default="card",
            )
        )
    _show("approved_name IS NOT NULL AND NOT is_private")
    op.execute("UPDATE charter_versions SET grace_days = 60 WHERE grace_days > 60")


def downgrade() -> None:
    """Take back."""
    _show("publication = 'published' AND NOT is_private")
    with op.batch_alter_table("sponsorships", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_sponsorships_collection"), type_="check")
        batch_op.drop_column("collection")
        batch_op.drop_column("ends_renewal")

    with op.batch_alter_table("sponsorship_changes", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sponsorship_changes_live",
            sqlite_where=sa.text("state IN ('asked', 'waiting', 'scheduled')"),
            postgresql_where=sa.text("state IN ('asked', 'waiting', 'scheduled')"),
        )
        batch_op.drop_index(batch_op.f("ix_sponsorship_changes_sponsorship_id"))
        batch_op.drop_index(batch_op.f("ix_sponsorship_changes_after_id"))

    op.drop_table("sponsorship_changes")
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refunds_state"))
        batch_op.drop_index(batch_op.f("ix_refunds_payment_id"))

    op.drop_table("refunds")
    with op.batch_alter_table("disputes", schema=None) as batch_op:
        batch_op.drop_index("ix_disputes_sponsorship")
        batch_op.drop_index(batch_op.f("ix_disputes_payment_id"))

    op.drop_table("disputes")
    with op.batch_alter_table("term_reminders", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_term_reminders_due",
            sqlite_where=sa.text("sent_at IS NULL AND moot_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND moot_at IS NULL"),
        )

    op.drop_table("term_reminders")
