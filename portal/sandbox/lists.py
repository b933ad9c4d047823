"""Lists with filters and cursors, and the expansion of ids into objects."""

from __future__ import annotations

from collections.abc import Callable

from portal.sandbox.account import Account, public
from portal.sandbox.errors import StripeError, missing_object
from portal.sandbox.objects import listed
from portal.sandbox.store import JSON

_URLS = {
    "balance_transaction": "/v1/balance_transactions",
    "charge": "/v1/charges",
    "checkout.session": "/v1/checkout/sessions",
    "customer": "/v1/customers",
    "dispute": "/v1/disputes",
    "event": "/v1/events",
    "invoice": "/v1/invoices",
    "invoice_payment": "/v1/invoice_payments",
    "payment_intent": "/v1/payment_intents",
    "price": "/v1/prices",
    "product": "/v1/products",
    "refund": "/v1/refunds",
    "subscription": "/v1/subscriptions",
    "subscription_schedule": "/v1/subscription_schedules",
}
_CURSORS = ("limit", "starting_after", "ending_before", "created", "expand")
_DEFAULT_LIMIT, _MAX_LIMIT = 10, 100
_MAX_DEPTH = 4
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda created, bound: created > bound,
    "gte": lambda created, bound: created >= bound,
    "lt": lambda created, bound: created < bound,
    "lte": lambda created, bound: created <= bound,
}


def list_objects(account: Account, kind: str, params: JSON) -> JSON:
    """One page of a kind's objects, the newest first."""
    limit = params.get("limit", _DEFAULT_LIMIT)
    if not 1 <= limit <= _MAX_LIMIT:
        raise StripeError("`limit` must be between 1 and 100.", param="limit")
    things = [thing for thing in account.store.newest_first(kind) if _matches(thing, params)]
    if "ending_before" in params:
        things = things[: _position(things, kind, params, "ending_before")]
        page, more = things[-limit:], len(things) > limit
    else:
        if "starting_after" in params:
            things = things[_position(things, kind, params, "starting_after") + 1 :]
        page, more = things[:limit], len(things) > limit
    return listed(_URLS[kind], [public(thing) for thing in page], has_more=more)


def expand(account: Account, thing: JSON, paths: list[str]) -> JSON:
    """Replace ids by the objects they name; refuses what cannot be expanded."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > _MAX_DEPTH:
            raise StripeError(
                f"You cannot expand more than {_MAX_DEPTH} levels of a property: {path}",
                param="expand",
            )
        _expand(account, thing, steps, path)
    return thing


def _expand(account: Account, thing: JSON, steps: list[str], path: str) -> None:
    name, rest = steps[0], steps[1:]
    if name not in thing and (included := _included(account, thing, name)) is not None:
        thing[name] = included
    if name not in thing:
        raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
    value = thing[name]
    if isinstance(value, str):
        found = account.store.find(value)
        if found is None:
            raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
        value = thing[name] = public(found)
    if rest:
        for child in value if isinstance(value, list) else [value]:
            if child is not None:
                _expand(account, child, rest, path)


def _included(account: Account, thing: JSON, name: str) -> JSON | None:
    """Members that Stripe leaves out unless they are asked for."""
    match thing["object"], name:
        case "checkout.session", "line_items":
            stored = account.get("checkout.session", thing["id"])
            url = f"/v1/checkout/sessions/{thing['id']}/line_items"
            return listed(url, stored["_line_items"])
        case "invoice", "payments":
            payments = [
                payment
                for payment in account.store.newest_first("invoice_payment")
                if payment["invoice"] == thing["id"]
            ]
            return listed(f"/v1/invoice_payments?invoice={thing['id']}", payments)
    return None


def _matches(thing: JSON, params: JSON) -> bool:
    created = params.get("created")
    if isinstance(created, int) and thing["created"] != created:
        return False
    if isinstance(created, dict) and not all(
        _COMPARE[how](thing["created"], bound) for how, bound in created.items()
    ):
        return False
    if thing["object"] == "subscription" and not _status_wanted(thing, params.get("status")):
        return False
    return all(
        _field(thing, name) in (value if isinstance(value, list) else [value])
        for name, value in params.items()
        if name not in _CURSORS and not (thing["object"] == "subscription" and name == "status")
    )


def _status_wanted(subscription: JSON, status: str | None) -> bool:
    """Canceled subscriptions are listed only when they are asked for."""
    match status:
        case None:
            return bool(subscription["status"] != "canceled")
        case "all":
            return True
        case "ended":
            return subscription["status"] in ("canceled", "incomplete_expired")
    return bool(subscription["status"] == status)


def _field(thing: JSON, name: str) -> object:
    if name == "lookup_keys":
        return thing["lookup_key"]
    if thing["object"] == "invoice" and name == "subscription":
        return thing["parent"] and thing["parent"]["subscription_details"]["subscription"]
    return thing[name]


def _position(things: list[JSON], kind: str, params: JSON, cursor: str) -> int:
    for position, thing in enumerate(things):
        if thing["id"] == params[cursor]:
            return position
    raise missing_object(kind, params[cursor], cursor)
