"""New objects in the shape of the pinned API version, every nullable member present."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.cards import Decline, TestCard
from portal.sandbox.store import JSON

_NO_TAX: JSON = {"enabled": False, "liability": None, "provider": None, "status": None}
_NO_ADDRESS: JSON = dict.fromkeys(
    ("city", "country", "line1", "line2", "postal_code", "state"), None
)
_CHECKOUT_LASTS = 24 * 3600


def listed(url: str, things: list[JSON], *, has_more: bool = False) -> JSON:
    """A list object."""
    return {"object": "list", "data": things, "has_more": has_more, "url": url}


def _stamped(account: Account, prefix: str, kind: str) -> JSON:
    return {
        "id": account.new_id(prefix),
        "object": kind,
        "created": account.now(),
        "livemode": False,
        "metadata": {},
    }


def new_product(account: Account, name: str) -> JSON:
    """A product: what a tier is sold as."""
    product = _stamped(account, "prod", "product")
    return product | {
        "active": True,
        "default_price": None,
        "description": None,
        "images": [],
        "marketing_features": [],
        "name": name,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": product["created"],
        "url": None,
    }


def new_price(account: Account, product: str, currency: str, amount: int) -> JSON:
    """A price of one unit, one-time until ``recurring`` is set."""
    return _stamped(account, "price", "price") | {
        "active": True,
        "billing_scheme": "per_unit",
        "currency": currency,
        "custom_unit_amount": None,
        "lookup_key": None,
        "nickname": None,
        "product": product,
        "recurring": None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }


def new_customer(account: Account) -> JSON:
    """Somebody who pays."""
    customer = _stamped(account, "cus", "customer")
    return customer | {
        "address": None,
        "balance": 0,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": customer["id"][-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def new_session(account: Account, mode: str, currency: str, amount: int) -> JSON:
    """A hosted checkout, open for 24 hours."""
    session = _stamped(account, "cs_test", "checkout.session")
    return session | {
        "adaptive_pricing": None,
        "after_expiration": None,
        "allow_promotion_codes": None,
        "allowed_payment_method_types": None,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": dict(_NO_TAX),
        "billing_address_collection": None,
        "cancel_url": None,
        "client_reference_id": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"), None
        ),
        "customer": None,
        "customer_account": None,
        "customer_creation": "if_required" if mode == "payment" else "always",
        "customer_details": None,
        "customer_email": None,
        "discounts": [],
        "expires_at": session["created"] + _CHECKOUT_LASTS,
        "invoice": None,
        "invoice_creation": None,
        "locale": None,
        "mode": mode,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required" if mode == "payment" else "always",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": None,
        "wallet_options": None,
    }


def new_line_item(account: Account, price: JSON, name: str, quantity: int) -> JSON:
    """One line of a checkout, with its price as it is now."""
    amount = price["unit_amount"] * quantity
    return {
        "id": account.new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": name,
        "price": price,
        "quantity": quantity,
    }


def new_payment_method(account: Account, card: TestCard, customer: str | None) -> JSON:
    """A card on file; its number stays with the sandbox."""
    method = _stamped(account, "pm", "payment_method")
    return method | {
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": dict(_NO_ADDRESS),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "card": {
            "brand": "visa",
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": "US",
            "display_brand": "visa",
            "exp_month": 12,
            "exp_year": 2099,
            "fingerprint": card.number[-8:],
            "funding": "credit",
            "generated_from": None,
            "last4": card.number[-4:],
            "networks": {"available": ["visa"], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "customer": customer,
        "type": "card",
        "_number": card.number,
    }


def new_payment_intent(account: Account, currency: str, amount: int, customer: str | None) -> JSON:
    """The intention to collect an amount, before any attempt."""
    intent = _stamped(account, "pi", "payment_intent")
    return intent | {
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent['id']}_secret_sandbox",
        "confirmation_method": "automatic",
        "currency": currency,
        "customer": customer,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def new_charge(account: Account, intent: JSON, method: JSON, declined: Decline | None) -> JSON:
    """One attempt to collect an intent's amount, succeeded or failed."""
    charge = _stamped(account, "ch", "charge")
    paid = declined is None
    return charge | {
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": paid,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": declined.code if declined else None,
        "failure_message": declined.message if declined else None,
        "fraud_details": {},
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network" if paid else "declined_by_network",
            "reason": declined.decline_code if declined else None,
            "seller_message": "Payment complete." if paid else "The bank declined the payment.",
            "type": "authorized" if paid else "issuer_declined",
        },
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": None,
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded" if paid else "failed",
        "transfer_data": None,
        "transfer_group": None,
    }
