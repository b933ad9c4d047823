"""Which open invoice an incoming payment is probably for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from portal.domain.money import Money

_SHOWN = 3
_LEGAL_FORMS = frozenset(
    "ab ag as asa aps bv bvba co corp company ev gmbh inc kg kft llc llp ltd limited nv oy oyj"
    " plc pty sa sarl sas se sl spa srl sro the und and".split()
)


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice that waits for money."""

    reference: str
    number: str
    payment_reference: str
    open: Money
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An invoice and why it fits: by its reference, the amount, the name."""

    invoice: OpenInvoice
    by_reference: bool
    by_amount: bool
    by_name: bool

    @property
    def certain(self) -> bool:
        """Whether the payer quoted the reference and paid exactly what is open."""
        return self.by_reference and self.by_amount

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """A quoted reference counts more than an equal amount, that more than a like name."""
        return (self.by_reference, self.by_amount, self.by_name)


def suggest(
    money: Money, payer: str, purpose: str, invoices: Iterable[OpenInvoice]
) -> list[Suggestion]:
    """At most three invoices that a payment may be for, the likeliest first."""
    said, words = f"{purpose} {payer}".upper(), _words(payer) | _words(purpose)
    marks = _marks(said)
    found = []
    for invoice in invoices:
        if invoice.open.currency != money.currency:
            continue
        suggestion = Suggestion(
            invoice,
            by_reference=_is_quoted(invoice, said, marks),
            by_amount=invoice.open == money,
            by_name=any(_is_named(name, words) for name in invoice.names),
        )
        if any(suggestion.rank):
            found.append(suggestion)
    return sorted(found, key=lambda each: each.rank, reverse=True)[:_SHOWN]


def _is_quoted(invoice: OpenInvoice, said: str, marks: str) -> bool:
    """Whether the reference or the number stands in the text, not as part of a longer one.

    Banks part them anywhere, and a date or an amount may follow: what parts them is kept in
    ``said``, and left out of ``marks``, which is quicker to search.
    """
    for mark in (invoice.payment_reference, invoice.number):
        plain = _marks(mark)
        if plain and plain in marks and re.search(rf"{'[^A-Z0-9]*'.join(plain)}(?![0-9])", said):
            return True
    return False


def _is_named(name: str, words: frozenset[str]) -> bool:
    """Whether at least half of a name's telling words were said."""
    telling = _words(name)
    return bool(telling) and 2 * len(telling & words) >= len(telling)


def _marks(text: str) -> str:
    return re.sub("[^A-Z0-9]", "", text.upper())


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    found = re.findall(r"\w{2,}", letters.replace(".", ""))
    return frozenset(found) - _LEGAL_FORMS
