"""Contributors, their house, and needs that a person states."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_HOUSES = ("sponsors", "maintainers", "supporters")
_VOICES = ("none", "maintainers", "house")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "contributors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "active",
                "left",
                "withdrawn",
                name="contributorstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("work", sa.String(length=200), nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("invited_by", sa.String(length=120), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "(state = 'active') = (ended_at IS NULL)",
            name=op.f("ck_contributors_ended_with_state"),
        ),
        sa.CheckConstraint("work <> ''", name=op.f("ck_contributors_work_said")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_contributors_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_contributors_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributors")),
    )
    op.create_index(op.f("ix_contributors_person_id"), "contributors", ["person_id"])
    op.create_index(
        "uq_contributors_active",
        "contributors",
        ["project_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    with op.batch_alter_table("invitations") as invitations:
        invitations.add_column(
            sa.Column("work", sa.String(length=200), server_default="", nullable=False)
        )
    with op.batch_alter_table("charter_versions") as versions:
        versions.add_column(
            sa.Column(
                "contributors",
                sa.Enum(
                    *_VOICES,
                    name="contributorsvoice",
                    native_enum=False,
                    create_constraint=True,
                    length=40,
                ),
                server_default="none",
                nullable=False,
            )
        )
    _limit_houses((*_HOUSES, "contributors"))
    _let_need_stand_alone(nullable=True)


def downgrade() -> None:
    """Take back; refused by the database while a contributor is an elector or states a need."""
    _let_need_stand_alone(nullable=False)
    _limit_houses(_HOUSES)
    with op.batch_alter_table("charter_versions") as versions:
        versions.drop_constraint(op.f("ck_charter_versions_contributorsvoice"), type_="check")
        versions.drop_column("contributors")
    with op.batch_alter_table("invitations") as invitations:
        invitations.drop_column("work")
    op.drop_table("contributors")


def _limit_houses(houses: tuple[str, ...]) -> None:
    """Let electors and turnouts belong to these houses and no others."""
    listed = ", ".join(f"'{house}'" for house in houses)
    for table in ("electors", "house_turnouts"):
        name = op.f(f"ck_{table}_house")
        with op.batch_alter_table(table) as rows:
            rows.drop_constraint(name, type_="check")
            rows.create_check_constraint(name, f"house IN ({listed})")


def _let_need_stand_alone(*, nullable: bool) -> None:
    with op.batch_alter_table("needs") as needs:
        needs.alter_column("organization_id", existing_type=sa.Integer(), nullable=nullable)
