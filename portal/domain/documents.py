"""Quotes, invoices, credit notes and receipts: their states, sums, dates and references."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.sponsorship import add_terms
from portal.domain.tax import TaxCharge
from portal.domain.tiers import Interval

BANK = "bank"
ELSEWHERE = "elsewhere"
# The occasion of an invoice for the difference of an upgrade, before the change's reference.
BILLED_CHANGE = "change:"
MOST_MINOR = 999_999_999
LONGEST_AGREEMENT = 20_000
_PREFIX = re.compile("[A-Z][A-Z0-9]{0,7}")


class DocumentKind(StrEnum):
    """What a document is; each kind has a series of numbers of its own in each project."""

    QUOTE = "quote"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    RECEIPT = "receipt"


class DocumentState(StrEnum):
    """Where a document stands; the document itself never changes."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    UNPAID = "unpaid"
    PART_PAID = "part_paid"
    PAID = "paid"
    CREDITED = "credited"
    ISSUED = "issued"


class DocumentAction(StrEnum):
    """What may happen to a document."""

    ACCEPT = "accepted"
    EXPIRE = "withdrawn"
    PAY_PART = "paid in part"
    PAY = "paid"
    CREDIT = "credited"


DOCUMENT_TABLE: Mapping[tuple[DocumentState, DocumentAction], DocumentState] = {
    (DocumentState.OFFERED, DocumentAction.ACCEPT): DocumentState.ACCEPTED,
    (DocumentState.OFFERED, DocumentAction.EXPIRE): DocumentState.EXPIRED,
    (DocumentState.UNPAID, DocumentAction.PAY_PART): DocumentState.PART_PAID,
    (DocumentState.UNPAID, DocumentAction.PAY): DocumentState.PAID,
    (DocumentState.UNPAID, DocumentAction.CREDIT): DocumentState.CREDITED,
    (DocumentState.PART_PAID, DocumentAction.PAY_PART): DocumentState.PART_PAID,
    (DocumentState.PART_PAID, DocumentAction.PAY): DocumentState.PAID,
    (DocumentState.PART_PAID, DocumentAction.CREDIT): DocumentState.CREDITED,
    (DocumentState.PAID, DocumentAction.CREDIT): DocumentState.CREDITED,
}
FIRST_STATES: Mapping[DocumentKind, DocumentState] = {
    DocumentKind.QUOTE: DocumentState.OFFERED,
    DocumentKind.INVOICE: DocumentState.UNPAID,
    DocumentKind.CREDIT_NOTE: DocumentState.ISSUED,
    DocumentKind.RECEIPT: DocumentState.ISSUED,
}
OPEN_STATES = (DocumentState.UNPAID, DocumentState.PART_PAID)
_MARKS = {
    DocumentKind.QUOTE: "Q",
    DocumentKind.INVOICE: "",
    DocumentKind.CREDIT_NOTE: "C",
    DocumentKind.RECEIPT: "R",
}


def next_document(state: DocumentState, action: DocumentAction) -> DocumentState:
    """What follows; refuses with ``document.<state>.<action>``."""
    after = DOCUMENT_TABLE.get((state, action))
    if after is None:
        raise Refusal(
            f"document.{state}.{action.name.lower()}",
            f"A document that is {state.replace('_', ' ')} cannot be {action}.",
        )
    return after


@dataclass(frozen=True, slots=True)
class Line:
    """One position of a document; ``amount`` contains the tax."""

    text: str
    quantity: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Sums:
    """A document's sums: ``net`` and ``tax`` together are ``total``, to the minor unit."""

    net: Money
    tax: Money
    total: Money


def add_up(lines: list[Line], charge: TaxCharge) -> Sums:
    """The sums of a document: tiers' prices contain the tax, which is rounded once, half up.

    Refuses an empty document and one that is not above zero.
    """
    if not lines:
        raise Refusal("document.empty", "A document has at least one line.")
    total = lines[0].amount
    for line in lines[1:]:
        total += line.amount
    if total.amount_minor <= 0:
        raise Refusal("document.nothing", "A document is about an amount above zero.")
    tax = charge.contained_in(total)
    return Sums(total - tax, tax, total)


def check_prefix(prefix: str) -> str:
    """What begins every number of a project's documents; refuses all but capitals and digits."""
    if not _PREFIX.fullmatch(prefix):
        raise Refusal(
            "document.prefix",
            "A prefix has one to eight capital letters and digits, a letter first, such as KELP.",
            field="prefix",
        )
    return prefix


def number_text(prefix: str, kind: DocumentKind, number: int) -> str:
    """A number as it is written: ``KELP-00012`` for an invoice, ``KELP-C00003`` a credit note."""
    return f"{prefix}-{_MARKS[kind]}{number:05d}"


def payment_reference(number: str) -> str:
    """The creditor reference (ISO 11649) that a payer quotes: ``RF``, check digits, the number.

    Check digits are 98 minus the remainder by 97 of the number, letters read as 10 to 35, followed
    by ``RF00``.
    """
    body = re.sub("[^A-Z0-9]", "", number.upper())[:21]
    return f"RF{98 - _remainder(f'{body}RF00'):02d}{body}"


def is_reference(text: str) -> bool:
    """Whether a text, spaces ignored, is a creditor reference whose check digits hold."""
    plain = re.sub(r"\s", "", text.upper())
    well_formed = re.fullmatch("RF[0-9]{2}[A-Z0-9]{1,21}", plain) is not None
    return well_formed and _remainder(plain[4:] + plain[:4]) == 1


def in_groups(reference: str) -> str:
    """A reference or account number in groups of four, as it is printed."""
    return " ".join(reference[start : start + 4] for start in range(0, len(reference), 4))


def check_iban(text: str) -> str:
    """An account number without spaces; refuses one whose check digits are wrong (ISO 13616).

    A wrong tax id is only doubted, but money sent to a wrong account is gone.
    """
    plain = re.sub(r"\s", "", text.upper())
    well_formed = re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", plain) is not None
    if plain and not (well_formed and _remainder(plain[4:] + plain[:4]) == 1):
        raise Refusal("seller.iban", "This is not an IBAN: its check digits differ.", field="iban")
    return plain


def check_bic(text: str) -> str:
    """A bank's code; refuses what has not the form of one (ISO 9362)."""
    plain = re.sub(r"\s", "", text.upper())
    if plain and not re.fullmatch("[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", plain):
        raise Refusal("seller.bic", "A BIC has 8 or 11 letters and digits.", field="bic")
    return plain


@dataclass(frozen=True, slots=True)
class RenewalDates:
    """When the invoice for the next term goes out, when it is due, and the term it pays."""

    issue_on: date
    due_on: date
    term_starts_at: datetime
    term_ends_at: datetime


def renewal_dates(
    anchor: datetime, starts_at: datetime, ends_at: datetime, interval: Interval, *, net_days: int
) -> RenewalDates:
    """The invoice for the term after this one: due on the last paid day, sent ``net_days`` before.

    Where a term is shorter than that, it goes out when the term begins. ``anchor`` is when the
    first term began; its day is kept after a short month.
    """
    due_on = ends_at.date() - timedelta(days=1)
    issue_on = max(due_on - timedelta(days=net_days), starts_at.date())
    return RenewalDates(
        issue_on, max(due_on, issue_on), ends_at, next_end(anchor, ends_at, interval)
    )


def next_end(anchor: datetime, ends_at: datetime, interval: Interval) -> datetime:
    """The end of the term that follows ``ends_at``, in the row of terms that began at ``anchor``.

    An end that is not in that row begins a row of its own.
    """
    terms = 1
    while add_terms(anchor, interval, terms) < ends_at:
        terms += 1
    if add_terms(anchor, interval, terms) == ends_at:
        return add_terms(anchor, interval, terms + 1)
    return add_terms(ends_at, interval)


@dataclass(frozen=True, slots=True)
class Received:
    """How a payment divides: what settles the invoice, and what is left as credit."""

    settled: Money
    surplus: Money
    action: DocumentAction


def receive(amount: Money, open_: Money) -> Received:
    """Divide a payment; refuses nothing, another currency, and more than can be written down."""
    if amount.currency != open_.currency:
        raise Refusal(
            "payment.currency",
            f"The invoice is in {open_.currency}; record what arrived in that currency.",
            field="amount",
        )
    if not 0 < amount.amount_minor <= MOST_MINOR:
        raise Refusal("payment.amount", "A payment is above zero.", field="amount")
    settled = min(amount, open_, key=lambda money: money.amount_minor)
    action = DocumentAction.PAY if settled == open_ else DocumentAction.PAY_PART
    return Received(settled, amount - settled, action)


def _remainder(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text)) % 97
