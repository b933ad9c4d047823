"""The control page: the clock, the objects, the log of requests and deliveries."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from portal.sandbox.account import Account
from portal.sandbox.clock import advance, catch_up
from portal.sandbox.periods import period_end

blueprint = Blueprint("control", __name__)

_SHOWN = 50
_KINDS = ("checkout.session", "subscription", "invoice", "charge", "customer", "price", "product")
_STEPS = {
    "1 day": ("day", 1),
    "1 week": ("week", 1),
    "1 month": ("month", 1),
    "1 year": ("year", 1),
}


@blueprint.get("/")
def control_page() -> BaseResponse:
    """Everything at a glance, the newest first."""
    account = _account()
    with account.store.transaction():
        catch_up(account)
        objects = {kind: account.store.newest_first(kind)[:_SHOWN] for kind in _KINDS}
        deliveries = account.store.rows(
            "SELECT * FROM deliveries ORDER BY seq DESC LIMIT ?", _SHOWN
        )
        requests = account.store.rows("SELECT * FROM requests ORDER BY seq DESC LIMIT ?", _SHOWN)
    page = render_template(
        "sandbox/control.html",
        now=datetime.fromtimestamp(account.now(), UTC),
        steps=_STEPS,
        objects=objects,
        deliveries=deliveries,
        requests=requests,
    )
    return Response(
        page,
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
            "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        },
    )


@blueprint.post("/clock")
def advance_clock() -> BaseResponse:
    """Move the clock forward; terms end and checkouts expire on the way."""
    step = _STEPS.get(request.form.get("step", ""))
    if step is None:
        abort(400)
    account = _account()
    with account.store.transaction():
        advance(account, period_end(account.now(), *step, 1))
    return redirect("/", 303)


@blueprint.post("/deliveries/<event_id>")
def send_again(event_id: str) -> BaseResponse:
    """Send an event once more, whatever became of it before."""
    account = _account()
    event = account.store.find(event_id)
    if event is None or event["object"] != "event":
        abort(404)
    account.queue(event)
    return redirect("/#deliveries", 303)


def _account() -> Account:
    account: Account = current_app.extensions["account"]
    return account
