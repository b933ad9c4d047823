"""Blocks; who handed a need in and when, and since when maintainers have it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NEEDS = sa.table(
    "needs",
    sa.column("state", sa.String),
    sa.column("author_id", sa.Integer),
    sa.column("submitted_at", sa.DateTime),
    sa.column("screened_at", sa.DateTime),
    sa.column("handed_in_at", sa.DateTime),
    sa.column("handed_in_by", sa.Integer),
    sa.column("released_at", sa.DateTime),
)
_RELEASED = ("open", "answered", "taken_up", "declined")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "workshop_blocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("set_by", sa.String(length=120), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.String(length=120), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_workshop_blocks_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_workshop_blocks_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_blocks")),
    )
    op.create_index(
        "uq_workshop_blocks_current",
        "workshop_blocks",
        ["project_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_index(op.f("ix_workshop_blocks_person_id"), "workshop_blocks", ["person_id"])
    op.create_table(
        "person_blocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("blocker_id", sa.Integer(), nullable=False),
        sa.Column("blocked_id", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("blocker_id <> blocked_id", name=op.f("ck_person_blocks_two_people")),
        sa.ForeignKeyConstraint(
            ["blocked_id"], ["people.id"], name=op.f("fk_person_blocks_blocked_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["blocker_id"], ["people.id"], name=op.f("fk_person_blocks_blocker_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_blocks")),
        sa.UniqueConstraint(
            "blocker_id", "blocked_id", name=op.f("uq_person_blocks_blocker_id_blocked_id")
        ),
    )
    op.create_index(op.f("ix_person_blocks_blocked_id"), "person_blocks", ["blocked_id"])
    with op.batch_alter_table("needs") as needs:
        needs.add_column(sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=True))
        needs.add_column(sa.Column("handed_in_by", sa.Integer(), nullable=True))
        needs.add_column(sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
        needs.create_foreign_key(
            op.f("fk_needs_handed_in_by_people"), "people", ["handed_in_by"], ["id"]
        )
    op.execute(
        _NEEDS.update()
        .where(_NEEDS.c.submitted_at.is_not(None))
        .values(handed_in_at=_NEEDS.c.submitted_at, handed_in_by=_NEEDS.c.author_id)
    )
    # What was withdrawn before may never have been released: it stays out of sight.
    op.execute(
        _NEEDS.update()
        .where(_NEEDS.c.state.in_(_RELEASED))
        .values(released_at=_NEEDS.c.screened_at)
    )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("needs") as needs:
        needs.drop_constraint(op.f("fk_needs_handed_in_by_people"), type_="foreignkey")
        needs.drop_column("released_at")
        needs.drop_column("handed_in_by")
        needs.drop_column("handed_in_at")
    op.drop_table("person_blocks")
    op.drop_table("workshop_blocks")
