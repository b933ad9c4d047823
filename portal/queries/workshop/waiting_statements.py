"""Statements that wait for a steward, as they would be shown: the words, not who is behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, func, select

from portal.database import db
from portal.domain.needs import Credit
from portal.domain.statements import OPEN_CREDITS, StatementState, StatementText
from portal.models.identity import Person
from portal.models.proposals import Proposal
from portal.models.statements import STATEMENT_HELD, Statement
from portal.queries.workshop.statements import name_as_chosen, public_name

STATEMENT_WAITS = (Statement.state == StatementState.WAITING, ~STATEMENT_HELD)


@dataclass(frozen=True, slots=True)
class WaitingStatement:
    """A statement that waits; ``author`` and ``author_id`` only where it is signed openly.

    ``name`` is the one it would be shown under, None unnamed.
    """

    id: int
    revision: int
    number: int
    title: str
    text: StatementText
    name: str | None
    author: str | None
    author_id: int | None
    since: datetime


def list_waiting_statements(project_id: int, *, limit: int) -> tuple[WaitingStatement, ...]:
    """What waits in a project, the oldest first, in one statement."""
    rows = db.session.execute(
        select(Statement, Proposal.number, Proposal.title, Person.name, public_name())
        .join(Proposal, Statement.proposal_id == Proposal.id)
        .join(Person, Statement.author_id == Person.id)
        .where(Statement.project_id == project_id, *STATEMENT_WAITS)
        .order_by(Statement.submitted_at, Statement.id)
        .limit(limit)
    )
    return tuple(_waiting(*row) for row in rows)


def count_waiting_statements(project_id: int) -> ScalarSelect[int]:
    """How many statements wait in a project, as a part of a larger statement."""
    return (
        select(func.count(Statement.id))
        .where(Statement.project_id == project_id, *STATEMENT_WAITS)
        .scalar_subquery()
    )


def _waiting(
    statement: Statement, number: int, title: str, author: str, organization: str | None
) -> WaitingStatement:
    openly = statement.credit in OPEN_CREDITS
    # An organization that keeps its name private is not given away by its representative's.
    openly = openly and not (statement.credit is Credit.ORGANIZATION and organization is None)
    return WaitingStatement(
        id=statement.id,
        revision=statement.revision,
        number=number,
        title=title,
        text=statement.text,
        name=name_as_chosen(statement.credit, statement.pseudonym, author, organization),
        author=author if openly else None,
        author_id=statement.author_id if openly else None,
        since=statement.submitted_at,
    )
