"""Vote windows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def allow_states(*states: str) -> None:
    """Limit the states of a vote."""
    name = op.f("ck_votes_votestate")
    with op.batch_alter_table("votes") as votes:
        votes.drop_constraint(name, type_="check")
        votes.create_check_constraint(name, sa.column("state").in_(states))


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "house_turnouts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("vote_id", sa.Integer(), nullable=False),
        sa.Column(
            "house",
            sa.Enum(
                "sponsors",
                "maintainers",
                "supporters",
                name="house",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("electors", sa.Integer(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("needed_weight", sa.BigInteger(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("present_weight", sa.BigInteger(), nullable=True),
        sa.Column("counted_to", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["vote_id"], ["votes.id"], name=op.f("fk_house_turnouts_vote_id_votes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_turnouts")),
        sa.UniqueConstraint("vote_id", "house", name=op.f("uq_house_turnouts_vote_id_house")),
    )
    op.create_table(
        "vote_reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("vote_id", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["vote_id"], ["votes.id"], name=op.f("fk_vote_reminders_vote_id_votes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vote_reminders")),
        sa.UniqueConstraint("vote_id", "due_at", name=op.f("uq_vote_reminders_vote_id_due_at")),
    )
    with op.batch_alter_table("vote_reminders", schema=None) as batch_op:
        batch_op.create_index(
            "ix_vote_reminders_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )

    op.create_table(
        "window_extensions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("vote_id", sa.Integer(), nullable=False),
        sa.Column("closed_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("extended_by", sa.String(length=120), nullable=False),
        sa.Column("extended_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_window_extensions_reason_given")),
        sa.CheckConstraint("closes_at > closed_before", name=op.f("ck_window_extensions_later")),
        sa.CheckConstraint(
            "extended_at < closed_before", name=op.f("ck_window_extensions_before_the_close")
        ),
        sa.ForeignKeyConstraint(
            ["vote_id"], ["votes.id"], name=op.f("fk_window_extensions_vote_id_votes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_window_extensions")),
        sa.UniqueConstraint("vote_id", name=op.f("uq_window_extensions_vote_id")),
    )
    op.create_table(
        "vote_closings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("vote_id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ballots", sa.Integer(), nullable=False),
        sa.Column("ballots_read", sa.Integer(), nullable=False),
        sa.Column("told_to", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["vote_id"], ["votes.id"], name=op.f("fk_vote_closings_vote_id_votes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vote_closings")),
        sa.UniqueConstraint("vote_id", name=op.f("uq_vote_closings_vote_id")),
    )
    op.create_index(
        "ix_vote_closings_unfinished",
        "vote_closings",
        ["vote_id"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    with op.batch_alter_table("ballots", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("conflict", sa.String(length=1000), nullable=False, server_default="")
        )

    with op.batch_alter_table("charter_versions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("veto_allowed", sa.Boolean(), nullable=False, server_default=sa.false())
        )

    with op.batch_alter_table("electors", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("present", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.create_index(
            "ix_electors_present",
            ["vote_id", "id"],
            unique=False,
            sqlite_where=sa.text("present"),
            postgresql_where=sa.text("present"),
        )

    allow_states("open", "counting", "tallied")


def downgrade() -> None:
    """Take back."""
    op.execute("UPDATE votes SET state = 'open' WHERE state = 'counting'")
    allow_states("open", "tallied")

    with op.batch_alter_table("electors", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_electors_present",
            sqlite_where=sa.text("present"),
            postgresql_where=sa.text("present"),
        )
        batch_op.drop_column("present")

    with op.batch_alter_table("charter_versions", schema=None) as batch_op:
        batch_op.drop_column("veto_allowed")

    with op.batch_alter_table("ballots", schema=None) as batch_op:
        batch_op.drop_column("conflict")

    op.drop_table("vote_closings")
    op.drop_table("window_extensions")
    with op.batch_alter_table("vote_reminders", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_vote_reminders_due",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )

    op.drop_table("vote_reminders")
    op.drop_table("house_turnouts")
