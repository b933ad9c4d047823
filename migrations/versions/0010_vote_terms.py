"""The electorate of a vote apart from its other terms, so that pages need not read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_JSON = sa.JSON()
_VOTES = sa.table(
    "votes",
    sa.column("id", sa.Integer),
    sa.column("rules", _JSON),
    sa.column("terms", _JSON),
    sa.column("electorate", _JSON),
)


def upgrade() -> None:
    """Apply."""
    _add("terms", "electorate")
    for vote in _each(_VOTES.c.rules):
        terms = dict(vote.rules)
        electorate = terms.pop("electorate")
        _write(vote.id, terms=terms, electorate=electorate)
    _settle(kept=("terms", "electorate"), dropped=("rules",))


def downgrade() -> None:
    """Take back."""
    _add("rules")
    for vote in _each(_VOTES.c.terms, _VOTES.c.electorate):
        _write(vote.id, rules=vote.terms | {"electorate": vote.electorate})
    _settle(kept=("rules",), dropped=("terms", "electorate"))


def _add(*names: str) -> None:
    with op.batch_alter_table("votes") as votes:
        for name in names:
            votes.add_column(sa.Column(name, _JSON, nullable=True))


def _each(*columns: sa.ColumnClause[Any]) -> Iterator[sa.Row[Any]]:
    """The votes, one at a time: one may name a hundred thousand electors."""
    connection = op.get_bind()
    for vote_id in connection.scalars(sa.select(_VOTES.c.id)).all():
        yield connection.execute(
            sa.select(_VOTES.c.id, *columns).where(_VOTES.c.id == vote_id)
        ).one()


def _write(vote_id: int, **values: object) -> None:
    op.execute(_VOTES.update().where(_VOTES.c.id == vote_id).values(**values))


def _settle(*, kept: tuple[str, ...], dropped: tuple[str, ...]) -> None:
    with op.batch_alter_table("votes") as votes:
        for name in kept:
            votes.alter_column(name, existing_type=_JSON, nullable=False)
        for name in dropped:
            votes.drop_column(name)
