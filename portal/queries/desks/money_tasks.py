"""Money notes on a project's desk, for those who look after it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement

from portal.domain.documents import BANK, OPEN_STATES
from portal.domain.money_back import DisputeStanding
from portal.domain.sponsorship import Term
from portal.domain.tasks import ENDING_WITHIN, TaskKind
from portal.models.bank_imports import BankLine, LineState
from portal.models.billing import Checkout, CheckoutStatus
from portal.models.documents import Document, DocumentStanding
from portal.models.money_back import Dispute
from portal.models.organizations import Organization
from portal.models.reconciliation import ReconciliationFinding
from portal.models.sponsorship import Sponsorship
from portal.queries.desks.task_rows import Scopes, Waiting, waiting

_UNSETTLED = (DisputeStanding.WARNED, DisputeStanding.OPEN)


def money_tasks(scopes: Scopes, now: datetime) -> list[Waiting]:
    """Payments that are missing or not as sold, terms that end, what the processor says else."""
    return [*_stakes(scopes, now), _mismatches(scopes), _findings(scopes), _disputes(scopes)]


def dated_money_tasks(scopes: Scopes, now: datetime) -> list[Waiting]:
    """Overdue invoices, and payments of a bank statement that no invoice has yet."""
    overdue, line = TaskKind.PROJECT_INVOICE, TaskKind.PROJECT_BANK_LINE
    return [
        waiting(
            overdue, Document.project_id, Document.reference, Organization.name,
            detail=Document.number, due=DocumentStanding.due_on,
        )
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .join(Organization, Organization.id == Document.organization_id)
        .where(
            Document.project_id.in_(scopes[overdue]),
            DocumentStanding.state.in_(OPEN_STATES),
            DocumentStanding.due_on < now.date(),
        ),
        waiting(
            line, BankLine.project_id, BankLine.id, BankLine.payer, detail=BankLine.purpose,
            since=BankLine.booked_on,
        ).where(
            BankLine.project_id.in_(scopes[line]), BankLine.state == LineState.TO_MATCH
        ),
    ]  # fmt: skip


def _stakes(scopes: Scopes, now: datetime) -> list[Waiting]:
    grace, ending = TaskKind.PROJECT_GRACE, TaskKind.PROJECT_ENDING
    return [
        waiting(
            grace, Sponsorship.project_id, Sponsorship.reference, Organization.name,
            due=Sponsorship.grace_ends_at,
        )
        .join(Organization, Organization.id == Sponsorship.organization_id)
        .where(Sponsorship.project_id.in_(scopes[grace]), Sponsorship.term == Term.GRACE),
        waiting(
            ending, Sponsorship.project_id, Sponsorship.reference, Organization.name,
            due=Sponsorship.term_ends_at,
        )
        .join(Organization, Organization.id == Sponsorship.organization_id)
        .where(Sponsorship.project_id.in_(scopes[ending]), *ending_soon(now)),
    ]  # fmt: skip


def ending_soon(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What tells a sponsorship that runs out before long, with no term to follow."""
    renews = Sponsorship.renewal_id.is_not(None) | (Sponsorship.processor == BANK)
    return (
        Sponsorship.term == Term.ACTIVE,
        Sponsorship.term_ends_at <= now + ENDING_WITHIN,
        Sponsorship.cancel_at_term_end | ~renews,
    )


def _mismatches(scopes: Scopes) -> Waiting:
    kind = TaskKind.PROJECT_MISMATCH
    return (
        waiting(
            kind, Sponsorship.project_id, Checkout.reference, Organization.name,
            detail=Checkout.problem, since=Checkout.started_at, start=Checkout,
        )
        .join(Sponsorship, Sponsorship.id == Checkout.sponsorship_id)
        .join(Organization, Organization.id == Sponsorship.organization_id)
        .where(
            Sponsorship.project_id.in_(scopes[kind]), Checkout.status == CheckoutStatus.MISMATCHED
        )
    )  # fmt: skip


def _findings(scopes: Scopes) -> Waiting:
    kind, table = TaskKind.PROJECT_FINDING, ReconciliationFinding
    return waiting(
        kind, table.project_id, table.id, table.sentence, since=table.first_seen_at
    ).where(table.project_id.in_(scopes[kind]), table.closed_at.is_(None))


def _disputes(scopes: Scopes) -> Waiting:
    kind = TaskKind.PROJECT_DISPUTE
    return (
        waiting(
            kind, Sponsorship.project_id, Sponsorship.reference, Organization.name,
            since=Dispute.opened_at, due=Dispute.answer_until, start=Dispute,
        )
        .join(Sponsorship, Sponsorship.id == Dispute.sponsorship_id)
        .join(Organization, Organization.id == Sponsorship.organization_id)
        .where(Sponsorship.project_id.in_(scopes[kind]), Dispute.state.in_(_UNSETTLED))
    )  # fmt: skip
