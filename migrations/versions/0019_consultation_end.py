"""The last instant at which a consultation takes statements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "proposals", sa.Column("consulted_until", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("proposals") as proposals:
        proposals.drop_column("consulted_until")
