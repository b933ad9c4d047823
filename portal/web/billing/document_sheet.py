"""A document as a sheet of words, from which both its page and its file are made.

It is written in the document's own language and in one fixed form, whoever reads it: an invoice
does not change with its reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel import Locale
from flask_babel import force_locale
from flask_babel import gettext as _

from portal.domain.documents import DocumentKind, in_groups
from portal.domain.money import Money
from portal.domain.sellers import Seller
from portal.domain.tax import Treatment, rate_text
from portal.queries.billing.documents import BuyerShown, Issued, SoldLine, interval_of


@dataclass(frozen=True, slots=True)
class Sum:
    """One line below the positions; the last one is strong."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A heading and lines under it."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything a document says, in the order in which it says it."""

    title: str
    number: str
    seller: Block
    buyer: Block
    facts: tuple[tuple[str, str], ...]
    columns: tuple[str, str, str]
    rows: tuple[tuple[str, str, str], ...]
    sums: tuple[Sum, ...]
    payment: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    language: str

    @property
    def file_name(self) -> str:
        """The name under which the file is saved."""
        return f"{self.title} {self.number}.pdf".replace(" ", "-")


def make_sheet(issued: Issued) -> Sheet:
    """Put a document into words."""
    with force_locale(issued.language):
        return Sheet(
            title=_titles()[issued.kind],
            number=issued.number,
            seller=_seller(issued.seller, issued.language),
            buyer=_buyer(issued.buyer, issued.language),
            facts=tuple(_facts(issued)),
            columns=(_("Description"), _("Quantity"), _("Amount")),
            rows=tuple(_row(line) for line in issued.lines),
            sums=tuple(_sums(issued)),
            payment=tuple(_payment(issued)),
            notes=tuple(_notes(issued)),
            language=issued.language,
        )


def exact_money(money: Money) -> str:
    """An amount with all its decimals and the currency's code: ``2,400.00 EUR``."""
    return f"{money.decimal:,} {money.currency}"


def _titles() -> dict[DocumentKind, str]:
    return {
        DocumentKind.QUOTE: _("Quote"),
        DocumentKind.INVOICE: _("Invoice"),
        DocumentKind.CREDIT_NOTE: _("Credit note"),
        DocumentKind.RECEIPT: _("Receipt"),
    }


def _seller(seller: Seller, language: str) -> Block:
    lines = [seller.legal_name, *seller.address.splitlines(), _country(seller.country, language)]
    if seller.tax_id:
        lines.append(_("Tax id: %(id)s", id=seller.tax_id))
    if seller.email:
        lines.append(seller.email)
    return Block(_("Seller"), tuple(line for line in lines if line))


def _buyer(buyer: BuyerShown, language: str) -> Block:
    lines = [buyer.legal_name, *buyer.address.splitlines(), _country(buyer.country, language)]
    if buyer.tax_id:
        lines.append(_("Tax id: %(id)s", id=buyer.tax_id))
    return Block(_("Buyer"), tuple(line for line in lines if line))


def _facts(issued: Issued) -> list[tuple[str, str]]:
    facts = [(_("Number"), issued.number), (_("Date"), _day(issued.issued_on))]
    if issued.due_on is not None:
        quoted = issued.kind is DocumentKind.QUOTE
        facts.append((_("Valid until") if quoted else _("Due on"), _day(issued.due_on)))
    if issued.po_number:
        facts.append((_("Purchase order"), issued.po_number))
    if issued.follows:
        label = _("Quote") if issued.kind is DocumentKind.INVOICE else _("Invoice")
        facts.append((label, issued.follows))
    if issued.kind in {DocumentKind.QUOTE, DocumentKind.INVOICE}:
        facts.append((_("Period"), _period(issued)))
    if issued.kind is DocumentKind.RECEIPT:
        facts.append((_("Received on"), _day(date.fromisoformat(issued.notes["paid_on"]))))
    return facts


def _period(issued: Issued) -> str:
    if issued.term_starts_at is not None and issued.term_ends_at is not None:
        return _(
            "%(first)s to %(last)s",
            first=_day(issued.term_starts_at.date()),
            last=_day(issued.term_ends_at.date()),
        )
    if issued.notes.get("online"):
        # The processor's first term begins with its invoice.
        spans = {
            "week": _("one week from the date of this invoice"),
            "month": _("one month from the date of this invoice"),
            "year": _("one year from the date of this invoice"),
            "one_time": _("one year from payment, not renewed"),
        }
    else:
        spans = {
            "week": _("one week from payment"),
            "month": _("one month from payment"),
            "year": _("one year from payment"),
            "one_time": _("one year from payment, not renewed"),
        }
    interval = interval_of(issued)
    return spans[interval.value] if interval else ""


def _row(line: SoldLine) -> tuple[str, str, str]:
    return line.text, str(line.quantity), exact_money(line.amount)


def _sums(issued: Issued) -> list[Sum]:
    charged = issued.treatment is Treatment.CHARGED
    name = issued.seller.tax_name
    sums = []
    if issued.treatment is not Treatment.NONE:
        rate = _("%(name)s %(rate)s%%", name=name, rate=rate_text(issued.tax_rate))
        sums = [
            Sum(_("Net"), exact_money(issued.net)),
            Sum(rate if charged else name, exact_money(issued.tax)),
        ]
    sums.append(Sum(_("Total"), exact_money(issued.total), strong=True))
    credit = _credit(issued)
    if credit.amount_minor:
        sums.append(
            Sum(
                _("Paid from your credit"),
                exact_money(Money(-credit.amount_minor, credit.currency)),
            )
        )
        sums.append(Sum(_("To pay"), exact_money(issued.total - credit), strong=True))
    return sums


def _credit(issued: Issued) -> Money:
    """What credit of the buyer had paid of an invoice when it was issued."""
    used = issued.notes.get("credit_minor") if issued.kind is DocumentKind.INVOICE else None
    return Money(int(used or 0), issued.total.currency)


def _is_settled(issued: Issued) -> bool:
    """Whether credit paid all of an invoice, so that nobody has to pay it."""
    return _credit(issued) == issued.total


def _payment(issued: Issued) -> list[tuple[str, str]]:
    """Where an invoice is paid to, and what to quote."""
    if issued.kind is not DocumentKind.INVOICE or _is_settled(issued):
        return []
    seller, lines = issued.seller, []
    lines.append((_("Pay to"), seller.account_holder or seller.legal_name))
    if seller.iban:
        lines.append((_("IBAN"), in_groups(seller.iban)))
    if seller.bic:
        lines.append((_("BIC"), seller.bic))
    if seller.bank_note:
        lines.append((_("Account"), seller.bank_note))
    lines.append((_("Reference to quote"), in_groups(issued.payment_reference)))
    return lines


def _notes(issued: Issued) -> list[str]:
    notes = []
    name = issued.seller.tax_name
    if issued.treatment is Treatment.REVERSE_CHARGE:
        notes.append(
            _(
                "Reverse charge: the buyer owes the %(name)s (articles 44 and 196 of Directive"
                " 2006/112/EC).",
                name=name,
            )
        )
    elif issued.treatment is Treatment.OUTSIDE:
        notes.append(_("Not subject to the seller's %(name)s: the buyer is abroad.", name=name))
    elif issued.treatment is Treatment.NONE:
        notes.append(_("No tax is charged."))
    else:
        notes.append(_("Amounts of positions contain the %(name)s.", name=name))
    if issued.kind is DocumentKind.INVOICE and issued.due_on is not None:
        notes.append(_payable(issued, issued.due_on))
    if agreement := issued.notes.get("agreement"):
        notes.append(
            _(
                "Agreement, version %(number)s, accepted by %(person)s on %(day)s.",
                number=agreement["number"],
                person=agreement["person"],
                day=_day(date.fromisoformat(agreement["on"])),
            )
        )
    if issued.kind is DocumentKind.QUOTE:
        notes.append(_("This is an offer, not an invoice: nothing is owed yet."))
    if issued.kind is DocumentKind.CREDIT_NOTE:
        notes.append(_("This takes back the amount of the invoice that it names."))
    if issued.kind is DocumentKind.RECEIPT:
        left = Money(int(issued.notes["open_minor"]), issued.total.currency)
        if left.amount_minor:
            notes.append(_("Still open of the invoice: %(left)s.", left=exact_money(left)))
        else:
            notes.append(_("The invoice is paid in full."))
    return notes


def _payable(issued: Issued, due_on: date) -> str:
    if _is_settled(issued):
        return _("Paid from your credit. Nothing is left to pay.")
    return _(
        "Payable within %(days)s days, until %(day)s, without deduction.",
        days=(due_on - issued.issued_on).days,
        day=_day(due_on),
    )


def _country(code: str, language: str) -> str:
    return str(Locale.parse(language).territories.get(code, code)) if code else ""


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
