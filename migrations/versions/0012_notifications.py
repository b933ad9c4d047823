"""How people want to get mail; mail that is collected for digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COLLECTED = sa.text("in_digest AND sent_at IS NULL")
_REFERENCES = {
    "person_id": "people",
    "about_id": "people",
    "project_id": "projects",
    "digest_id": "outbox_messages",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "mail_choices",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "way",
            sa.Enum(
                "immediately",
                "daily",
                "weekly",
                "never",
                name="way",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("before", sa.String(length=40), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_mail_choices_person_id_people")
        ),
        sa.PrimaryKeyConstraint("person_id", "kind", name=op.f("pk_mail_choices")),
    )
    with op.batch_alter_table("outbox_messages") as messages:
        messages.add_column(
            sa.Column("kind", sa.String(length=40), nullable=False, server_default="")
        )
        messages.add_column(
            sa.Column("in_digest", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        for name in _REFERENCES:
            messages.add_column(sa.Column(name, sa.Integer(), nullable=True))
    with op.batch_alter_table("outbox_messages") as messages:
        messages.alter_column("kind", existing_type=sa.String(length=40), server_default=None)
        messages.alter_column("in_digest", existing_type=sa.Boolean(), server_default=None)
        for name, target in _REFERENCES.items():
            messages.create_foreign_key(
                op.f(f"fk_outbox_messages_{name}_{target}"), target, [name], ["id"]
            )
    op.create_index("ix_outbox_messages_digest_id", "outbox_messages", ["digest_id"])
    op.create_index(
        "ix_outbox_messages_collected",
        "outbox_messages",
        ["due_at", "person_id"],
        sqlite_where=_COLLECTED,
        postgresql_where=_COLLECTED,
    )


def downgrade() -> None:
    """Take back; what was collected and not sent is sent by itself."""
    op.drop_index(
        "ix_outbox_messages_collected",
        "outbox_messages",
        sqlite_where=_COLLECTED,
        postgresql_where=_COLLECTED,
    )
    op.drop_index("ix_outbox_messages_digest_id", "outbox_messages")
    with op.batch_alter_table("outbox_messages") as messages:
        for name, target in _REFERENCES.items():
            messages.drop_constraint(f"fk_outbox_messages_{name}_{target}", type_="foreignkey")
    with op.batch_alter_table("outbox_messages") as messages:
        for name in ("kind", "in_digest", *_REFERENCES):
            messages.drop_column(name)
    op.drop_table("mail_choices")
