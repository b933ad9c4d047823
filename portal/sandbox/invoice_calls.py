"""Invoices made, issued, paid and withdrawn by API."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.catalog import update
from portal.sandbox.changes import charge_again, invoice_paid
from portal.sandbox.errors import StripeError
from portal.sandbox.invoice_objects import new_invoice, set_lines, single_line
from portal.sandbox.invoicing import draft, pay_outside
from portal.sandbox.store import JSON


def create_invoice(account: Account, params: JSON, site: str) -> JSON:
    """A draft without lines, to be sent; invoice items put lines on it."""
    customer = account.get("customer", params.get("customer", ""), "customer")
    if params.get("collection_method") != "send_invoice" or "days_until_due" not in params:
        raise StripeError(
            "The sandbox makes single invoices only with collection_method=send_invoice and "
            "days_until_due.",
            param="collection_method",
        )
    currency = params.get("currency", "eur").lower()
    invoice = new_invoice(account, customer, currency, "manual")
    invoice |= {
        "collection_method": "send_invoice",
        "custom_fields": params.get("custom_fields"),
        "metadata": {
            name: value for name, value in params.get("metadata", {}).items() if value != ""
        },
        "_days_until_due": params["days_until_due"],
    }
    return draft(account, invoice, site=site, hold=False)


def add_line(account: Account, params: JSON) -> JSON:
    """An invoice item, put on a draft at once."""
    if "invoice" not in params or "price" not in params.get("pricing", {}):
        raise StripeError("The sandbox puts prices on drafts only.", param="invoice")
    invoice = account.get("invoice", params["invoice"], "invoice")
    price = account.get("price", params["pricing"]["price"], "pricing[price]")
    if invoice["status"] != "draft":
        raise StripeError("Finalized invoices can't be edited.", code="invoice_not_editable")
    if price["currency"] != invoice["currency"]:
        raise StripeError("The currency of an invoice cannot change.", param="pricing[price]")
    quantity = params.get("quantity", 1)
    item = account.save(_new_item(account, invoice, price, quantity))
    line = single_line(account, invoice, price, quantity, item["id"])
    account.save(set_lines(invoice, [*invoice["lines"]["data"], line]))
    return item


def update_invoice(account: Account, invoice: JSON, params: JSON) -> JSON:
    """Change a draft; an issued invoice keeps all but its metadata."""
    if invoice["status"] != "draft" and set(params) - {"metadata"}:
        raise StripeError("Finalized invoices can't be edited.", code="invoice_not_editable")
    return update(account, invoice, params)


def pay_invoice(account: Account, invoice: JSON, params: JSON) -> JSON:
    """Pay an open invoice outside, or by the card on file."""
    if params.get("paid_out_of_band"):
        pay_outside(account, invoice)
        invoice_paid(account, invoice)
        return invoice
    if invoice["status"] != "open" or invoice["parent"] is None:
        raise StripeError("Only open invoices of subscriptions can be charged.")
    if not charge_again(account, invoice):
        raise StripeError(
            "The card was declined.", status=402, kind="card_error", code="card_declined"
        )
    return invoice


def _new_item(account: Account, invoice: JSON, price: JSON, quantity: int) -> JSON:
    now = account.now()
    return {
        "id": account.new_id("ii"),
        "object": "invoiceitem",
        "amount": price["unit_amount"] * quantity,
        "currency": price["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "date": now,
        "description": None,
        "discountable": True,
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": False,
        "metadata": {},
        "net_amount": price["unit_amount"] * quantity,
        "parent": None,
        "period": {"end": now, "start": now},
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "proration": False,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "tax_rates": [],
        "test_clock": None,
    }
