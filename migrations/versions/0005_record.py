"""The public record: logs, their trees, checkpoints, waiting entries; nonces of ballots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

GUARDED = ("log_heads", "log_entries", "log_nodes", "log_checkpoints")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "log_heads",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_log_heads_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_log_heads")),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["log_heads.project_id"],
            name=op.f("fk_log_checkpoints_project_id_log_heads"),
        ),
        sa.PrimaryKeyConstraint("project_id", "size", name=op.f("pk_log_checkpoints")),
    )
    op.create_table(
        "log_nodes",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["log_heads.project_id"], name=op.f("fk_log_nodes_project_id_log_heads")
        ),
        sa.PrimaryKeyConstraint("project_id", "start", "length", name=op.f("pk_log_nodes")),
    )
    op.create_table(
        "log_entries",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "charter_changed",
                "vote_opened",
                "ballot_cast",
                "ballot_superseded",
                "ballot_voided",
                "window_extended",
                "vote_closed",
                "tallied",
                "decided",
                "vetoed",
                "corrected",
                name="entrytype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leaf", sa.Text(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ballot_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ballot_id"], ["ballots.id"], name=op.f("fk_log_entries_ballot_id_ballots")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["log_heads.project_id"],
            name=op.f("fk_log_entries_project_id_log_heads"),
        ),
        sa.PrimaryKeyConstraint("project_id", "index", name=op.f("pk_log_entries")),
        sa.UniqueConstraint(
            "project_id", "subject", "seq", name=op.f("uq_log_entries_project_id_subject_seq")
        ),
    )
    with op.batch_alter_table("log_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_log_entries_ballot_id"), ["ballot_id"], unique=False)

    op.create_table(
        "log_waiting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "charter_changed",
                "vote_opened",
                "ballot_cast",
                "ballot_superseded",
                "ballot_voided",
                "window_extended",
                "vote_closed",
                "tallied",
                "decided",
                "vetoed",
                "corrected",
                name="entrytype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("ballot_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ballot_id"], ["ballots.id"], name=op.f("fk_log_waiting_ballot_id_ballots")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_log_waiting_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_waiting")),
    )
    with op.batch_alter_table("log_waiting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_log_waiting_subject"), ["subject"], unique=False)

    with op.batch_alter_table("ballots", schema=None) as batch_op:
        batch_op.add_column(sa.Column("nonce", sa.LargeBinary(length=32), nullable=True))
    _guard()


def _guard() -> None:
    """Let the database refuse whatever would change what a log has said."""
    if op.get_bind().dialect.name == "sqlite":
        refuse = "BEGIN SELECT RAISE(ABORT, 'a log is never changed'); END"
        for table in GUARDED:
            shrinks = " WHEN NEW.size <= OLD.size" if table == "log_heads" else ""
            op.execute(
                f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table}{shrinks} {refuse}"
            )
            op.execute(f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}")
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION log_refuses() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'a log is never changed'; END $$"
    )
    refuse = "EXECUTE FUNCTION log_refuses()"
    for table in GUARDED:
        shrinks = " WHEN (NEW.size <= OLD.size)" if table == "log_heads" else ""
        op.execute(
            f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table}"
            f" FOR EACH ROW{shrinks} {refuse}"
        )
        op.execute(
            f"CREATE TRIGGER {table}_delete BEFORE DELETE OR TRUNCATE ON {table}"
            f" FOR EACH STATEMENT {refuse}"
        )


def downgrade() -> None:
    """Take back."""
    op.drop_table("log_waiting")
    op.drop_table("log_entries")
    op.drop_table("log_nodes")
    op.drop_table("log_checkpoints")
    op.drop_table("log_heads")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION log_refuses()")
    with op.batch_alter_table("ballots", schema=None) as batch_op:
        batch_op.drop_column("nonce")
