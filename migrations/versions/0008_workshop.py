"""Workshop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "intakes",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("pause_note", sa.String(length=300), nullable=False),
        sa.Column("quiet_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_intakes_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_intakes")),
    )
    op.create_table(
        "trusts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("granted_by", sa.String(length=120), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_trusts_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_trusts_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusts")),
    )
    with op.batch_alter_table("trusts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trusts_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "uq_trusts_current",
            ["project_id", "person_id"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.create_table(
        "needs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "waiting",
                "reword",
                "refused",
                "open",
                "answered",
                "taken_up",
                "declined",
                "withdrawn",
                name="needstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("need", sa.String(length=160), nullable=False),
        sa.Column("for_whom", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("cost_of_not", sa.Text(), nullable=False),
        sa.Column("offers", sa.String(length=60), nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
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
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("screened_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["people.id"], name=op.f("fk_needs_author_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_needs_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_needs_project_id_projects")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_needs_proposal_id_proposals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_needs")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_needs_project_id_number")),
    )
    with op.batch_alter_table("needs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_needs_author_id"), ["author_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_needs_organization_id"), ["organization_id"], unique=False
        )
        batch_op.create_index(
            "ix_needs_project_state", ["project_id", "state", "submitted_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_needs_proposal_id"), ["proposal_id"], unique=False)

    op.create_table(
        "need_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("by_project", sa.Boolean(), nullable=False),
        sa.Column("signed", sa.String(length=120), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["people.id"], name=op.f("fk_need_messages_author_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["need_id"], ["needs.id"], name=op.f("fk_need_messages_need_id_needs")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_need_messages_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_messages")),
    )
    with op.batch_alter_table("need_messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_need_messages_need_id"), ["need_id"], unique=False)
        batch_op.create_index(
            "ix_need_messages_waiting",
            ["project_id", "written_at"],
            unique=False,
            sqlite_where=sa.text("released_at IS NULL AND refused_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL AND refused_at IS NULL"),
        )



def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("need_messages", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_need_messages_waiting",
            sqlite_where=sa.text("released_at IS NULL AND refused_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL AND refused_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_need_messages_need_id"))

    op.drop_table("need_messages")
    with op.batch_alter_table("needs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_needs_proposal_id"))
        batch_op.drop_index("ix_needs_project_state")
        batch_op.drop_index(batch_op.f("ix_needs_organization_id"))
        batch_op.drop_index(batch_op.f("ix_needs_author_id"))

    op.drop_table("needs")
    with op.batch_alter_table("trusts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_trusts_current",
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_trusts_person_id"))

    op.drop_table("trusts")
    op.drop_table("intakes")
