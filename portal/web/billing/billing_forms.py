"""Forms of billing: a buyer's data, a quote accepted, and what the treasurer writes down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, FileField, HiddenField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice

from portal.domain.documents import BANK, ELSEWHERE, LONGEST_AGREEMENT
from portal.domain.organizations import PROFILE_LENGTHS
from portal.domain.sellers import MOST_NET_DAYS, SELLER_LENGTHS, BillingData, Seller
from portal.domain.tax import parse_rate, rate_text
from portal.web.exact_fields import MoneyField, WholeField
from portal.web.forms import EmailField, Form, LongTextField, OnceForm, TextField
from portal.web.identity.organization_forms import country_choices


class BillingDataForm(Form):
    """What documents say of a buyer."""

    legal_name = TextField(
        _l("Legal name"), max_length=PROFILE_LENGTHS["legal_name"], required=True
    )
    address = LongTextField(
        _l("Address"),
        max_length=PROFILE_LENGTHS["address"],
        required=True,
        description=_l("Street, postal code and town, as they stand on an invoice."),
    )
    country = SelectField(_l("Country"))
    tax_id = TextField(
        _l("Tax id"),
        max_length=PROFILE_LENGTHS["tax_id"],
        description=_l("VAT number or the like, with its country prefix if it has one."),
    )

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - whatever the form takes
        """Offer the countries in the reader's language."""
        super().__init__(**values)
        self.country.choices = country_choices()

    def read_data(self) -> BillingData:
        """The data as typed."""
        return BillingData(
            legal_name=self.legal_name.data,
            address=self.address.data,
            country=self.country.data or "",
            tax_id=self.tax_id.data,
        )


class QuoteForm(BillingDataForm, OnceForm):
    """A quote for a buyer: which, by its version, and what to print of the buyer."""

    organization = HiddenField()
    version = HiddenField()


class AcceptForm(Form):
    """A quote accepted: the order's number at the buyer's, and the agreement that was shown."""

    agreement = HiddenField()
    po_number = TextField(
        _l("Purchase order number"),
        max_length=80,
        description=_l("Yours, if your company uses them. It stands on the invoice."),
    )
    way = RadioField(
        _l("How it will be paid"),
        choices=[
            SelectChoice("bank", _l("By bank transfer to the account on the invoice")),
            SelectChoice("online", _l("Online, on the processor's page, by card or transfer")),
        ],
        default="bank",
        validate_choice=False,
    )
    accepted = BooleanField(_l("I accept the agreement for my organization"))


class OrderNumberForm(Form):
    """The purchase order number that the next invoices quote."""

    po_number = TextField(_l("Purchase order number"), max_length=80)


class SellerForm(Form):
    """What documents say of the seller."""

    legal_name = TextField(_l("Legal name"), max_length=SELLER_LENGTHS["legal_name"], required=True)
    address = LongTextField(_l("Address"), max_length=SELLER_LENGTHS["address"], required=True)
    country = SelectField(_l("Country"))
    tax_id = TextField(
        _l("Tax id"),
        max_length=SELLER_LENGTHS["tax_id"],
        description=_l("With its country prefix if it has one, such as DE123456788."),
    )
    email = EmailField(
        _l("Address for questions"), description=_l("Printed on documents; may stay empty.")
    )
    account_holder = TextField(
        _l("Account holder"),
        max_length=SELLER_LENGTHS["account_holder"],
        description=_l("Empty if it is the legal name."),
    )
    iban = TextField(_l("IBAN"), max_length=SELLER_LENGTHS["iban"])
    bic = TextField(_l("BIC"), max_length=SELLER_LENGTHS["bic"])
    bank_note = LongTextField(
        _l("Other account details"),
        max_length=SELLER_LENGTHS["bank_note"],
        description=_l("Where there is no IBAN: bank, routing and account number."),
    )
    charges_tax = BooleanField(_l("Tax is charged"))
    tax_name = TextField(_l("Name of the tax"), max_length=SELLER_LENGTHS["tax_name"])
    tax_rate = TextField(
        _l("Rate"), max_length=10, description=_l("In percent. Prices of tiers contain it.")
    )
    prefix = TextField(
        _l("Prefix of numbers"),
        max_length=SELLER_LENGTHS["prefix"],
        required=True,
        description=_l("Capital letters and digits, such as KELP: invoices are KELP-00001 and on."),
    )
    net_days = WholeField(_l("Days to pay"), least=0, most=MOST_NET_DAYS, required=True)

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - whatever the form takes
        """Offer the countries in the reader's language."""
        super().__init__(**values)
        self.country.choices = country_choices()

    def show(self, seller: Seller) -> None:
        """Fill in a seller as one would type it."""
        for name in Seller.__slots__:
            self[name].data = getattr(seller, name)
        self.tax_rate.data = rate_text(seller.tax_rate)
        self.net_days.data = str(seller.net_days)

    def read_seller(self) -> Seller:
        """The seller as typed; refuses a rate that is none."""
        values: dict[str, Any] = {name: self[name].data or "" for name in Seller.__slots__}
        values |= {
            "charges_tax": bool(self.charges_tax.data),
            "tax_rate": parse_rate(self.tax_rate.data or "0"),
            "net_days": self.net_days.number or 0,
        }
        return Seller(**values)


class AgreementForm(Form):
    """A new version of the agreement."""

    number = HiddenField()
    text = LongTextField(_l("Text"), max_length=LONGEST_AGREEMENT, required=True)


class PaymentForm(Form):
    """Money that arrived for an invoice."""

    seen_open = HiddenField()
    amount = MoneyField(_l("Amount"), required=True)
    received_on = DateField(_l("Arrived on"))
    reference = TextField(
        _l("Reference"),
        max_length=80,
        required=True,
        description=_l("What to find it by: the statement's number, or the platform's."),
    )
    source = RadioField(
        _l("How it was paid"),
        choices=[
            SelectChoice(BANK, _l("By bank transfer")),
            SelectChoice(ELSEWHERE, _l("Elsewhere")),
        ],
        default=BANK,
    )

    def show(self, open_minor: int, today: date) -> None:
        """Begin with what is open, today."""
        self.seen_open.data = str(open_minor)
        self.received_on.data = today


class CreditForm(OnceForm):
    """An invoice, or a part of it, taken back."""

    amount = MoneyField(_l("Amount"), required=True)
    reason = TextField(
        _l("Reason"), max_length=200, required=True, description=_l("The buyer reads it.")
    )


class UploadForm(Form):
    """A bank statement."""

    statement = FileField(
        _l("Statement"),
        description=_l("A CSV file as the bank exports it, at most 20 MB."),
        render_kw={"accept": ".csv,text/csv,text/plain"},
    )


class LayoutForm(Form):
    """How a bank statement is read, where that cannot be told from it alone."""

    day_order = RadioField(
        _l("Dates are written"),
        choices=[
            SelectChoice("dmy", _l("day, month, year")),
            SelectChoice("mdy", _l("month, day, year")),
            SelectChoice("ymd", _l("year, month, day")),
        ],
    )
    decimal = RadioField(
        _l("Decimals follow"),
        choices=[
            SelectChoice(",", _l("a comma: 1.234,56")),
            SelectChoice(".", _l("a point: 1,234.56")),
        ],
    )


class ColumnsForm(Form):
    """Which column of a bank statement holds what; the empty choice is none."""

    date = SelectField(_l("Date"))
    amount = SelectField(_l("Amount, with its sign"))
    credit = SelectField(_l("What came in"))
    debit = SelectField(_l("What went out"))
    payer = SelectField(_l("Name of the payer"))
    purpose = SelectField(_l("Text or reference"))

    def offer(self, names: tuple[str, ...], first: tuple[str, ...]) -> None:
        """Offer the columns, by their name and what stands in the first row."""
        columns = [SelectChoice("", _l("none"))] + [
            SelectChoice(str(number), f"{number + 1}. {name or '–'}: {cell[:30]}")
            for number, (name, cell) in enumerate(
                zip(names, (*first, *[""] * len(names)), strict=False)
            )
        ]
        for field in self:
            if isinstance(field, SelectField):
                field.choices = columns

    def show(self, columns: Mapping[str, int], purpose: tuple[int, ...]) -> None:
        """Fill in what is known."""
        for name, column in (*columns.items(), *[("purpose", each) for each in purpose[:1]]):
            if name in self:
                self[name].data = str(column)

    def read_columns(self) -> dict[str, int | None]:
        """The choice, without the text of the payment."""
        names = ("date", "amount", "credit", "debit", "payer")
        return {name: int(self[name].data) if self[name].data else None for name in names}

    def read_purpose(self) -> tuple[int, ...]:
        """The column of the text, if there is one."""
        return (int(self.purpose.data),) if self.purpose.data else ()


class MatchForm(Form):
    """A line of a bank statement put to an invoice."""

    invoice = SelectField(_l("Invoice"))
