"""Reviews of decisions; in whose hands an item of the roadmap is, by role."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "decision_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column(
            "finding",
            sa.Enum(
                "stands",
                "done",
                "revisit",
                name="reviewfinding",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("next_review_on", sa.Date(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=120), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("text <> ''", name=op.f("ck_decision_reviews_text_given")),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision_records.id"],
            name=op.f("fk_decision_reviews_decision_id_decision_records"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_reviews")),
    )
    op.create_index(op.f("ix_decision_reviews_decision_id"), "decision_reviews", ["decision_id"])
    with op.batch_alter_table("roadmap_items") as items:
        items.add_column(
            sa.Column(
                "owner_role",
                sa.Enum(
                    "nobody",
                    "maintainers",
                    "lead",
                    "contributor",
                    "sponsor",
                    name="roadmapowner",
                    native_enum=False,
                    create_constraint=True,
                    length=40,
                ),
                nullable=False,
                server_default="maintainers",
            )
        )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("roadmap_items") as items:
        items.drop_constraint(op.f("ck_roadmap_items_roadmapowner"), type_="check")
        items.drop_column("owner_role")
    op.drop_table("decision_reviews")
