"""A hosted checkout's life: opened, paid with a test card, expired."""

from __future__ import annotations

from typing import Any

from portal.sandbox.account import Account
from portal.sandbox.billing import start_subscription
from portal.sandbox.cards import NOT_AUTHENTICATED, TestCard
from portal.sandbox.charging import ask_bank, attempt, refuse_authentication
from portal.sandbox.errors import StripeError
from portal.sandbox.objects import (
    new_customer,
    new_line_item,
    new_payment_intent,
    new_payment_method,
    new_session,
)
from portal.sandbox.store import JSON

_SHORTEST, _LONGEST = 30 * 60, 24 * 3600
_COPIED = ("cancel_url", "client_reference_id", "customer", "customer_email", "success_url")


def open_session(account: Account, params: JSON, site: str) -> JSON:
    """Open a checkout; refuses unknown prices, mixed currencies and a mode the prices lack."""
    mode = _required(params, "mode")
    if mode == "setup":
        raise StripeError("The sandbox opens checkouts of mode payment and subscription only.")
    for address in ("success_url", "cancel_url"):
        if not params.get(address, "https://").startswith(("http://", "https://")):
            raise StripeError("Not a valid URL", code="url_invalid", param=address)
    _required(params, "success_url")
    lines = [_line(account, mode, item) for item in _required(params, "line_items")]
    if len({line["currency"] for line in lines}) != 1:
        raise StripeError("All prices must use the same currency.", param="line_items")
    session = new_session(
        account, mode, lines[0]["currency"], sum(line["amount_total"] for line in lines)
    )
    session |= {name: params[name] for name in _COPIED if name in params}
    session |= {
        "metadata": params.get("metadata", {}),
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "expires_at": _expiry(account, session, params),
        "url": f"{site}/c/pay/{session['id']}",
        "_line_items": lines,
        "_subscription_metadata": params.get("subscription_data", {}).get("metadata", {}),
        "_intent_metadata": params.get("payment_intent_data", {}).get("metadata", {}),
        "_intent": None,
    }
    if session["customer"]:
        payer = account.get("customer", session["customer"], "customer")
        session["customer_email"] = None
        session["customer_details"] = _details(payer["name"], payer["email"])
    return account.save(session)


def pay(account: Account, session: JSON, card: TestCard, email: str | None, site: str) -> None:
    """Try to pay with a card; a checkout that is no longer open is left as it is.

    Afterwards the checkout is complete, or its intent says what is missing.
    """
    if session["status"] != "open":
        return
    intent = _intent_of(account, session, email)
    method = account.save(new_payment_method(account, card, session["customer"]))
    if card.challenged:
        ask_bank(account, intent, method, f"{session['url']}/challenge")
        return
    attempt(account, intent, method, card.declined, site=site)
    if card.declined is None:
        _complete(account, session, intent, method, site)


def answer_challenge(account: Account, session: JSON, *, confirmed: bool, site: str) -> None:
    """The payer's bank answers; only a waiting intent of an open checkout can change by it."""
    intent = find_intent(account, session)
    if session["status"] != "open" or intent is None or intent["status"] != "requires_action":
        return
    if not confirmed:
        refuse_authentication(account, intent, NOT_AUTHENTICATED)
        return
    method = account.get("payment_method", intent["payment_method"])
    attempt(account, intent, method, None, site=site)
    _complete(account, session, intent, method, site)


def find_intent(account: Account, session: JSON) -> JSON | None:
    """The one intent of a checkout, None before the first attempt to pay."""
    return account.store.find(session["_intent"]) if session["_intent"] else None


def expire_session(account: Account, session: JSON) -> JSON:
    """Close an open checkout; refuses one that is not open."""
    if session["status"] != "open":
        raise StripeError(
            f"Only open Checkout Sessions can be expired, this one is {session['status']}."
        )
    session |= {"status": "expired", "url": None}
    account.save(session)
    account.emit("checkout.session.expired", session)
    return session


def _complete(account: Account, session: JSON, intent: JSON, method: JSON, site: str) -> None:
    if session["mode"] == "subscription":
        start_subscription(account, session, intent, method, site=site)
    else:
        session["payment_intent"] = intent["id"]
    session |= {"status": "complete", "payment_status": "paid", "url": None}
    account.save(session)
    account.emit("checkout.session.completed", session)


def _intent_of(account: Account, session: JSON, email: str | None) -> JSON:
    """The checkout's intent, made with its customer at the first attempt to pay."""
    if (known := find_intent(account, session)) is not None:
        return known
    if session["customer"] is None:
        customer = new_customer(account) | {"email": session["customer_email"] or email}
        account.save(customer)
        session["customer"] = customer["id"]
        session["customer_details"] = _details(None, customer["email"])
    intent = new_payment_intent(
        account, session["currency"], session["amount_total"], session["customer"]
    )
    intent["metadata"] = dict(session["_intent_metadata"])
    account.save(intent)
    account.emit("payment_intent.created", intent)
    session["_intent"] = intent["id"]
    account.save(session)
    return intent


def _line(account: Account, mode: str, item: JSON) -> JSON:
    if "price" not in item:
        raise StripeError(
            "Missing required param: line_items[0][price].",
            code="parameter_missing",
            param="line_items[0][price]",
        )
    price = account.get("price", item["price"], "line_items[0][price]")
    if not price["active"]:
        raise StripeError("The price specified is inactive.", param="line_items[0][price]")
    if (mode == "subscription") != (price["recurring"] is not None):
        raise StripeError(
            f"In `{mode}` mode the sandbox sells "
            f"{'recurring' if mode == 'subscription' else 'one-time'} prices only.",
            param="line_items[0][price]",
        )
    name = account.get("product", price["product"])["name"]
    return new_line_item(account, price, name, item.get("quantity", 1))


def _expiry(account: Account, session: JSON, params: JSON) -> int:
    expires_at: int = params["expires_at"] if "expires_at" in params else session["expires_at"]
    if not _SHORTEST <= expires_at - account.now() <= _LONGEST:
        raise StripeError(
            "`expires_at` must be between 30 minutes and 24 hours from now.", param="expires_at"
        )
    return expires_at


def _required(params: JSON, name: str) -> Any:  # noqa: ANN401 - a decoded parameter
    if not params.get(name):
        raise StripeError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    return params[name]


def _details(name: str | None, email: str | None) -> JSON:
    return {
        "address": None,
        "email": email,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
