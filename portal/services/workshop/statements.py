"""Put, change and withdraw the one statement of an elector on a proposal in consultation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.chambers import Elector
from portal.domain.charter import StatementsShown
from portal.domain.electorate import Electorate
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.needs import Credit
from portal.domain.permissions import Actor, Permission, may, require
from portal.domain.statements import (
    RELATED,
    StatementAction,
    StatementPosition,
    StatementState,
    StatementText,
    check_in_consultation,
    find_elector,
    find_statement_obstacles,
    has_ended,
    move,
    skips_screening,
)
from portal.models.proposals import Proposal
from portal.models.statements import Statement
from portal.services.audit import record_change
from portal.services.votes.proposals import lock_proposal
from portal.services.workshop.needs import is_trusted
from portal.services.workshop.pseudonyms import claim_pseudonym
from portal.services.workshop.workshop_mail import announce_statement

ReadStanding = Callable[[], Electorate]


@dataclass(frozen=True, slots=True)
class _Seat:
    """For whom somebody speaks: an organization, or themselves, with a ballot of their own."""

    actor: Actor
    project_id: int
    organization_id: int | None = None

    @property
    def person_id(self) -> int | None:
        """Who speaks in person."""
        return self.actor.person_id if self.organization_id is None else None


def put_statement(
    actor: Actor,
    organization_id: int,
    project_id: int,
    number: int,
    text: StatementText,
    *,
    seen: int,
    read_standing: ReadStanding,
    now: datetime,
) -> None:
    """Hand in an organization's statement on a proposal, or a changed one; a steward reads it next.

    ``seen`` is the revision that the form was opened on, 0 without any; ``read_standing`` gives the
    electorate of this instant. Refuses a proposal that is not in consultation, or whose last day
    is over, whoever would have no ballot, a second statement of related companies, one that a
    steward refused, an incomplete text by field, somebody else's pseudonym, and with Conflict a
    text over an older revision.
    """
    require(actor, Permission.ORGANIZATION_STATEMENT_WRITE, organization_id=organization_id)
    seat = _Seat(actor, project_id, organization_id)
    _put(seat, number, text, seen=seen, read_standing=read_standing, now=now)


def put_own_statement(
    actor: Actor,
    project_id: int,
    number: int,
    text: StatementText,
    *,
    seen: int,
    read_standing: ReadStanding,
    now: datetime,
) -> None:
    """Hand in the statement of a maintainer or contributor who has a ballot in person.

    Refuses as for organizations, and also the credit of an organization: there is none to name.
    """
    _require_own(actor, project_id)
    if text.credit is Credit.ORGANIZATION:
        sentence = "You speak for yourself here: choose your name, a pseudonym, or nobody."
        raise Refusal("statement.credit", sentence, field="credit")
    seat = _Seat(actor, project_id)
    _put(seat, number, text, seen=seen, read_standing=read_standing, now=now)


def withdraw_statement(
    actor: Actor, organization_id: int, project_id: int, number: int, *, now: datetime
) -> None:
    """Take an organization's statement back while the consultation runs; its words are deleted."""
    require(actor, Permission.ORGANIZATION_STATEMENT_WRITE, organization_id=organization_id)
    _withdraw(_Seat(actor, project_id, organization_id), number, now)


def withdraw_own_statement(actor: Actor, project_id: int, number: int, *, now: datetime) -> None:
    """Take one's own statement back while the consultation runs; its words are deleted."""
    _require_own(actor, project_id)
    _withdraw(_Seat(actor, project_id), number, now)


def _require_own(actor: Actor, project_id: int) -> None:
    """Contributors put statements from pages of their own, maintainers from the project's desk."""
    if not may(actor, Permission.CONTRIBUTOR_STATEMENT_WRITE, project_id=project_id):
        require(actor, Permission.PROJECT_STATEMENT_WRITE, project_id=project_id)


def _put(
    seat: _Seat,
    number: int,
    text: StatementText,
    *,
    seen: int,
    read_standing: ReadStanding,
    now: datetime,
) -> None:
    proposal = _lock_published(seat.project_id, number)
    electorate = read_standing()
    statement = _lock_statement(seat, proposal)
    before = None if statement is None else statement.state
    ended = has_ended(proposal.consulted_until, before, now=now)
    _check_may_speak(seat, proposal, electorate, ended=ended)
    following = move(before or StatementState.WAITING, StatementAction.PUT)
    if seen != (0 if statement is None else statement.revision):
        raise Conflict(
            "statement.revision",
            "A colleague saved this statement after you opened it. Your text is kept below: "
            "compare it with the saved text, then hand it in again.",
        )
    for refusal in text.missing():
        raise refusal
    if text.credit is Credit.PSEUDONYM:
        claim_pseudonym(
            seat.project_id,
            text.pseudonym,
            organization_id=seat.organization_id,
            person_id=seat.person_id,
        )
    promised = electorate.charter.statements_shown
    if statement is not None and statement.text == text and before in _STANDING:
        # Said once more on the newest text, and under the rule of today: nothing new to read.
        statement.proposal_revision, statement.promised = proposal.revision, promised
        return
    if statement is None:
        statement = _begin(seat, proposal, now)
    else:
        statement.revision += 1
    _write(statement, text, promised, proposal.revision)
    skips = skips_screening(text.credit, before, trusted=_is_trusted(seat))
    statement.author_id = seat.actor.person_id or 0
    statement.state = move(following, StatementAction.RELEASE) if skips else following
    statement.submitted_at, statement.screened_at = now, None
    statement.reason = ""
    db.session.add(statement)
    db.session.flush()
    _note(seat, statement, number, "put" if before is None else "changed", now)
    announce_statement(statement, now=now)


_STANDING = frozenset({StatementState.WAITING, StatementState.PRIVATE, StatementState.RELEASED})


def _begin(seat: _Seat, proposal: Proposal, now: datetime) -> Statement:
    return Statement(
        project_id=seat.project_id,
        proposal_id=proposal.id,
        organization_id=seat.organization_id,
        revision=1,
        created_at=now,
    )


def _write(
    statement: Statement, text: StatementText, promised: StatementsShown, proposal_revision: int
) -> None:
    statement.text = text
    statement.promised, statement.proposal_revision = promised, proposal_revision


def _withdraw(seat: _Seat, number: int, now: datetime) -> None:
    proposal = _lock_published(seat.project_id, number)
    statement = _lock_statement(seat, proposal)
    if statement is None:
        raise NotFound("statement")
    check_in_consultation(proposal.state)
    statement.state = move(statement.state, StatementAction.WITHDRAW)
    openly = statement.credit
    statement.text = StatementText(
        StatementPosition.NO_POSITION, "", "", "", credit=Credit.NONE, pseudonym=""
    )
    statement.revision += 1
    statement.reason = ""
    _note(seat, statement, number, "withdrawn", now, credit=openly)


def _check_may_speak(
    seat: _Seat, proposal: Proposal, electorate: Electorate, *, ended: bool
) -> None:
    who = {"organization_id": seat.organization_id, "person_id": seat.person_id}
    for obstacle in find_statement_obstacles(proposal.state, electorate, ended=ended, **who):
        raise Refusal(obstacle.code, obstacle.message)
    elector = find_elector(electorate, **who)
    if elector is not None and _group_has_spoken(seat, proposal, elector):
        raise Refusal(RELATED.code, RELATED.message)


def _group_has_spoken(seat: _Seat, proposal: Proposal, elector: Elector) -> bool:
    """Related companies are one elector, so one statement of theirs stands at a time."""
    others = {each.organization_id for each in elector.members} - {seat.organization_id}
    spoken = select(Statement.id).where(
        Statement.proposal_id == proposal.id,
        Statement.organization_id.in_(others),
        Statement.state != StatementState.WITHDRAWN,
    )
    return db.session.scalar(spoken.limit(1)) is not None


def _lock_published(project_id: int, number: int) -> Proposal:
    """The proposal, locked: statements on it follow each other, and the opening of its vote."""
    proposal = lock_proposal(project_id, number)
    if proposal.published_at is None:
        raise NotFound("proposal")
    return proposal


def _lock_statement(seat: _Seat, proposal: Proposal) -> Statement | None:
    query = select(Statement).where(Statement.proposal_id == proposal.id)
    if seat.organization_id is None:
        query = query.where(
            Statement.organization_id.is_(None), Statement.author_id == seat.person_id
        )
    else:
        query = query.where(Statement.organization_id == seat.organization_id)
    return db.session.scalar(
        query.with_for_update(of=Statement).execution_options(populate_existing=True)
    )


def _is_trusted(seat: _Seat) -> bool:
    """Maintainers speak for the project already; others where a steward trusts them."""
    if may(seat.actor, Permission.PROJECT_PROPOSAL_EDIT, project_id=seat.project_id):
        return True
    return is_trusted(seat.project_id, seat.actor.person_id)


def _note(
    seat: _Seat,
    statement: Statement,
    number: int,
    done: str,
    now: datetime,
    *,
    credit: Credit | None = None,
) -> None:
    """In the organization's list alone: in the project's it would say who is behind a pseudonym.

    Whoever speaks in person under an open name stands in the project's; under a pseudonym in none.
    """
    in_person = seat.organization_id is None
    openly = in_person and (credit or statement.credit) is Credit.PERSON
    record_change(
        f"statement:text:{done}",
        f"Statement on proposal {number} {done}",
        actor=seat.actor,
        now=now,
        organization_id=seat.organization_id,
        project_id=seat.project_id if openly else None,
        details={"proposal": number, "revision": statement.revision},
    )
