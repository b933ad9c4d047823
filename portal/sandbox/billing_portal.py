"""The page on which a payer changes the card on file and finds the invoices."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.billing import running
from portal.sandbox.cards import TestCard
from portal.sandbox.objects import new_payment_method
from portal.sandbox.store import JSON


def open_portal(account: Account, params: JSON, site: str) -> JSON:
    """A session of the page for one customer."""
    customer = account.get("customer", params.get("customer", ""), "customer")
    identifier = account.new_id("bps")
    return account.save(
        {
            "id": identifier,
            "object": "billing_portal.session",
            "configuration": "bpc_sandbox",
            "created": account.now(),
            "customer": customer["id"],
            "customer_account": None,
            "flow": None,
            "livemode": False,
            "locale": None,
            "on_behalf_of": None,
            "return_url": params.get("return_url"),
            "url": f"{site}/p/session/{identifier}",
        }
    )


def put_card_on_file(account: Account, customer: JSON, card: TestCard) -> JSON:
    """Charge this card from now on, for all that the customer is charged automatically."""
    method = account.save(new_payment_method(account, card, customer["id"]))
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    account.save(customer)
    account.emit("payment_method.attached", method)
    for subscription in running(account):
        if subscription["customer"] == customer["id"]:
            subscription["default_payment_method"] = method["id"]
            account.save(subscription)
            account.emit("customer.subscription.updated", subscription, {})
    return method


def card_on_file(account: Account, customer: JSON) -> JSON | None:
    """The card that is charged without the payer, None if there is none."""
    chosen = [customer["invoice_settings"]["default_payment_method"]]
    chosen += [
        subscription["default_payment_method"]
        for subscription in running(account)
        if subscription["customer"] == customer["id"]
    ]
    identifier = next((one for one in chosen if one), None)
    return account.get("payment_method", identifier) if identifier else None
