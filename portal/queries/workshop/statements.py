"""Statements as others read them: the public, electors, maintainers; never who is behind a name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, case, null, select

from portal.database import db
from portal.domain.charter import StatementsShown
from portal.domain.errors import NotFound
from portal.domain.needs import Credit
from portal.domain.proposals import ProposalState
from portal.domain.statements import StatementPosition, StatementState, stricter
from portal.models.identity import Person
from portal.models.projects import CharterVersion
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.statements import ConsultationSummary, Statement

MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Said:
    """What a statement says beside its position."""

    meaning: str
    changes: str
    conflicts: str


@dataclass(frozen=True, slots=True)
class ShownStatement:
    """A statement as it is shown: ``name`` as its author chose, None unnamed.

    ``said`` is None where only positions are shown. ``is_older`` says that the proposal's text has
    changed since. ``id`` is for stewards alone, ``is_private`` for maintainers.
    """

    position: StatementPosition
    name: str | None
    said: Said | None
    is_older: bool
    is_private: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Consultation:
    """The statements on one proposal side by side, and what maintainers make of them.

    ``shown`` is what the charter lets the public see now.
    """

    number: int
    title: str
    state: ProposalState
    shown: StatementsShown
    statements: tuple[ShownStatement, ...]
    summary: str
    summary_revision: int


def find_public_statements(project_id: int, number: int) -> Consultation | None:
    """What everybody may read of a consultation, in one statement; None of what is not published.

    A statement shows no more than the charter promised when it was handed in, nor more than the
    charter allows now.
    """
    promised = Statement.promised != StatementsShown.NOTHING
    rows = _rows(project_id, number, promised & (Statement.state == StatementState.RELEASED))
    if not rows:
        return None
    first = rows[0]
    public = []
    for row in rows:
        allowed = StatementsShown.NOTHING
        if row.id is not None:
            allowed = stricter(row.promised, first.shown)
        if allowed is StatementsShown.POSITIONS:
            public.append(replace(_shown(row), said=None, id=None))
        elif allowed is StatementsShown.EVERYTHING:
            public.append(replace(_shown(row), id=None))
    summary = first.summary or ""
    if not summary or stricter(first.summary_promised, first.shown) is StatementsShown.NOTHING:
        summary = ""
    return _consultation(first, public, summary)


def get_consultation(
    project_id: int, number: int, *, private: bool = False, handles: bool = False
) -> Consultation:
    """What electors and maintainers read, in one statement; NotFound of what was never published.

    ``private`` adds what stewards keep among maintainers, ``handles`` what stewards act on.
    """
    states = [StatementState.RELEASED, *([StatementState.PRIVATE] if private else [])]
    rows = _rows(project_id, number, Statement.state.in_(states))
    if not rows:
        raise NotFound("proposal")
    shown = [_shown(row) for row in rows if row.id is not None]
    if not handles:
        shown = [replace(each, id=None) for each in shown]
    return _consultation(rows[0], shown, rows[0].summary or "")


def public_name() -> ColumnElement[str | None]:
    """The name of a statement's organization as the maintainers approved it, if it may be shown."""
    newest: ScalarSelect[str | None] = (
        select(case((Sponsorship.is_private, null()), else_=Sponsorship.approved_name))
        .where(
            Sponsorship.organization_id == Statement.organization_id,
            Sponsorship.project_id == Statement.project_id,
            Sponsorship.active_since.is_not(None),
        )
        .order_by(Sponsorship.id.desc())
        .limit(1)
        .correlate(Statement)
        .scalar_subquery()
    )
    return newest


def name_as_chosen(
    credit: Credit, pseudonym: str, person: str, organization: str | None
) -> str | None:
    """Under which name a statement is shown; None is nobody's."""
    return {
        Credit.ORGANIZATION: organization,
        Credit.PERSON: person,
        Credit.PSEUDONYM: pseudonym,
        Credit.NONE: None,
    }[credit]


def _rows(project_id: int, number: int, criterion: ColumnElement[bool]) -> list[Row[Any]]:
    """The proposal with its summary, once for each statement that is shown, or once without any."""
    shown_now = (
        select(CharterVersion.statements_shown)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(
            Proposal.number,
            Proposal.title,
            Proposal.state.label("proposal_state"),
            Proposal.revision.label("proposal_revision"),
            shown_now.label("shown"),
            ConsultationSummary.text.label("summary"),
            ConsultationSummary.revision.label("summary_revision"),
            ConsultationSummary.promised.label("summary_promised"),
            Statement.id,
            Statement.state,
            Statement.position,
            Statement.meaning,
            Statement.changes,
            Statement.conflicts,
            Statement.credit,
            Statement.pseudonym,
            Statement.promised,
            Statement.proposal_revision.label("about"),
            Person.name.label("person"),
            public_name().label("organization"),
        )
        .outerjoin(ConsultationSummary, ConsultationSummary.proposal_id == Proposal.id)
        .outerjoin(Statement, (Statement.proposal_id == Proposal.id) & criterion)
        .outerjoin(Person, Statement.author_id == Person.id)
        .where(
            Proposal.project_id == project_id,
            Proposal.number == number,
            Proposal.published_at.is_not(None),
        )
        .limit(MOST_SHOWN)
    )
    return list(db.session.execute(query).all())


def _shown(row: Row[Any]) -> ShownStatement:
    return ShownStatement(
        position=row.position,
        name=name_as_chosen(row.credit, row.pseudonym, row.person, row.organization),
        said=Said(row.meaning, row.changes, row.conflicts),
        is_older=row.about < row.proposal_revision,
        is_private=row.state is StatementState.PRIVATE,
        id=row.id,
    )


def _consultation(row: Row[Any], shown: list[ShownStatement], summary: str) -> Consultation:
    return Consultation(
        number=row.number,
        title=row.title,
        state=row.proposal_state,
        shown=row.shown,
        statements=tuple(sorted(shown, key=_place)),
        summary=summary,
        summary_revision=row.summary_revision or 0,
    )


def _place(each: ShownStatement) -> tuple[int, bool, str, str]:
    """By position, then by name; an order by time or by number would say who is behind a name."""
    order = tuple(StatementPosition).index(each.position)
    said = each.said.meaning if each.said else ""
    return order, each.name is None, (each.name or "").casefold(), said
