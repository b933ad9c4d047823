"""Vote methods."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


_OUTCOMES = sa.table(
    "outcomes",
    sa.column("id", sa.Integer),
    sa.column("figures", sa.JSON),
    sa.column("roll", sa.JSON(none_as_null=True)),
)

_OPENED_FROM = "SELECT proposal_id FROM votes WHERE votes.id = decision_records.vote_id"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("outcomes") as outcomes:
        outcomes.add_column(sa.Column("roll", sa.JSON(none_as_null=True), nullable=True))
    _move_rolls(down=False)
    op.create_table(
        "vote_proposals",
        sa.Column("vote_id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("carried", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_vote_proposals_proposal_id_proposals")
        ),
        sa.ForeignKeyConstraint(
            ["vote_id"], ["votes.id"], name=op.f("fk_vote_proposals_vote_id_votes")
        ),
        sa.PrimaryKeyConstraint("vote_id", "proposal_id", name=op.f("pk_vote_proposals")),
    )
    op.create_index("ix_vote_proposals_proposal_id", "vote_proposals", ["proposal_id"])
    op.execute(
        "INSERT INTO vote_proposals (vote_id, proposal_id, carried) "
        "SELECT votes.id, votes.proposal_id, outcomes.carried FROM votes "
        "LEFT JOIN outcomes ON outcomes.vote_id = votes.id"
    )
    with op.batch_alter_table("decision_records") as records:
        records.add_column(sa.Column("proposal_id", sa.Integer(), nullable=True))
    op.execute(f"UPDATE decision_records SET proposal_id = ({_OPENED_FROM})")
    with op.batch_alter_table("decision_records") as records:
        records.alter_column("proposal_id", existing_type=sa.Integer(), nullable=False)
        records.drop_constraint("uq_decision_records_vote_id", type_="unique")
        records.create_unique_constraint(
            op.f("uq_decision_records_vote_id_proposal_id"), ["vote_id", "proposal_id"]
        )
        records.create_foreign_key(
            op.f("fk_decision_records_proposal_id_proposals"),
            "proposals",
            ["proposal_id"],
            ["id"],
        )


def downgrade() -> None:
    """Take back; of several decisions on one vote, that on its own proposal stays."""
    op.execute(f"DELETE FROM decision_records WHERE proposal_id <> ({_OPENED_FROM})")
    with op.batch_alter_table("decision_records") as records:
        records.drop_constraint("fk_decision_records_proposal_id_proposals", type_="foreignkey")
        records.drop_constraint("uq_decision_records_vote_id_proposal_id", type_="unique")
        records.create_unique_constraint(op.f("uq_decision_records_vote_id"), ["vote_id"])
        records.drop_column("proposal_id")
    op.drop_table("vote_proposals")
    _move_rolls(down=True)
    with op.batch_alter_table("outcomes") as outcomes:
        outcomes.drop_column("roll")


def _move_rolls(*, down: bool) -> None:
    """Move every roll call out of its figures, or back into them."""
    connection = op.get_bind()
    ids = connection.execute(sa.select(_OUTCOMES.c.id)).scalars().all()
    for outcome_id in ids:
        which = _OUTCOMES.c.id == outcome_id
        found = connection.execute(sa.select(_OUTCOMES).where(which)).one()
        figures, roll = dict(found.figures), found.roll
        if down:
            figures["roll"] = roll
        else:
            roll = figures.pop("roll", None)
        connection.execute(_OUTCOMES.update().where(which).values(figures=figures, roll=roll))
