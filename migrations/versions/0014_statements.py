"""Statements on proposals in consultation, pseudonyms, summaries, and what the public sees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_SHOWN = sa.Enum(
    "nothing",
    "positions",
    "everything",
    name="statementsshown",
    native_enum=False,
    create_constraint=True,
    length=40,
)


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("charter_versions") as batch_op:
        batch_op.add_column(
            sa.Column("statements_shown", _SHOWN, nullable=False, server_default="nothing")
        )
    op.create_table(
        "statements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "reword",
                "refused",
                "private",
                "released",
                "withdrawn",
                name="statementstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "position",
            sa.Enum(
                "support",
                "with_changes",
                "object",
                "no_position",
                name="statementposition",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("conflicts", sa.Text(), nullable=False),
        sa.Column(
            "credit",
            sa.Enum(
                "organization",
                "person",
                "pseudonym",
                "none",
                name="credit",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("pseudonym", sa.String(length=60), nullable=False),
        sa.Column(
            "promised",
            sa.Enum(
                "nothing",
                "positions",
                "everything",
                name="statementsshown",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("proposal_revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("screened_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["people.id"], name=op.f("fk_statements_author_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_statements_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_statements_project_id_projects")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_statements_proposal_id_proposals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sa.UniqueConstraint(
            "proposal_id", "organization_id", name=op.f("uq_statements_proposal_id_organization_id")
        ),
    )
    op.create_index(
        "uq_statements_in_person",
        "statements",
        ["proposal_id", "author_id"],
        unique=True,
        sqlite_where=sa.text("organization_id IS NULL"),
        postgresql_where=sa.text("organization_id IS NULL"),
    )
    op.create_index(
        "ix_statements_project_state",
        "statements",
        ["project_id", "state", "submitted_at"],
        unique=False,
    )
    op.create_index(op.f("ix_statements_author_id"), "statements", ["author_id"], unique=False)
    op.create_index(
        op.f("ix_statements_organization_id"), "statements", ["organization_id"], unique=False
    )
    op.create_table(
        "pseudonyms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("folded", sa.String(length=180), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_pseudonyms_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_pseudonyms_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_pseudonyms_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pseudonyms")),
        sa.UniqueConstraint("project_id", "folded", name=op.f("uq_pseudonyms_project_id_folded")),
    )
    op.create_index(
        op.f("ix_pseudonyms_organization_id"), "pseudonyms", ["organization_id"], unique=False
    )
    op.create_index(op.f("ix_pseudonyms_person_id"), "pseudonyms", ["person_id"], unique=False)
    op.create_table(
        "consultation_summaries",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("promised", _SHOWN, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("written_by", sa.String(length=120), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_consultation_summaries_project_id_projects"),
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["proposals.id"],
            name=op.f("fk_consultation_summaries_proposal_id_proposals"),
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_consultation_summaries")),
    )
    op.create_index(
        op.f("ix_consultation_summaries_project_id"),
        "consultation_summaries",
        ["project_id"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("consultation_summaries")
    op.drop_table("pseudonyms")
    op.drop_table("statements")
    with op.batch_alter_table("charter_versions") as batch_op:
        batch_op.drop_constraint(op.f("ck_charter_versions_statementsshown"), type_="check")
        batch_op.drop_column("statements_shown")
