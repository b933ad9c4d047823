"""The control page: the clock, webhooks, disputes, the objects, the log of requests."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as BaseResponse

from portal.sandbox import deliveries
from portal.sandbox.account import Account
from portal.sandbox.clock import advance, catch_up
from portal.sandbox.clock_walk import Walker
from portal.sandbox.errors import StripeError
from portal.sandbox.periods import period_end
from portal.sandbox.returns import close_dispute, dispute

blueprint = Blueprint("control", __name__)

_SHOWN = 50
_KINDS = (
    "checkout.session", "subscription", "subscription_schedule", "invoice", "charge", "refund",
    "dispute", "customer", "price", "product",
)  # fmt: skip
_STEPS = {
    "1 day": ("day", 1),
    "1 week": ("week", 1),
    "1 month": ("month", 1),
    "1 year": ("year", 1),
}
_DISPUTE_STEPS = ("open", "won", "lost")


@blueprint.get("/")
def control_page() -> BaseResponse:
    """Everything at a glance, the newest first."""
    account = _account()
    with account.store.transaction():
        catch_up(account)
        objects = {kind: account.store.newest_first(kind)[:_SHOWN] for kind in _KINDS}
        shown = account.store.rows("SELECT * FROM deliveries ORDER BY seq DESC LIMIT ?", _SHOWN)
        requests = account.store.rows("SELECT * FROM requests ORDER BY seq DESC LIMIT ?", _SHOWN)
    page = render_template(
        "sandbox/control.html",
        now=datetime.fromtimestamp(account.now(), UTC),
        steps=_STEPS,
        walking=_walker().walking,
        objects=objects,
        deliveries=shown,
        held=deliveries.count_held(account),
        paused=bool(account.setting("paused")),
        requests=requests,
    )
    return Response(
        page,
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
            "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        },
    )


@blueprint.get("/clock")
def read_clock() -> BaseResponse:
    """How far the clock is ahead, for whoever keeps the same time."""
    account = _account()
    return jsonify({"now": account.now(), "offset_seconds": account.offset})


@blueprint.post("/clock")
def advance_clock() -> BaseResponse:
    """Move the clock forward at once, or day by day; terms end and invoices fall due on the way."""
    wish = request.form.get("step", "")
    if wish == "halt":
        _walker().halt()
        return redirect("/", 303)
    walk = wish.endswith(" by days")
    step = _STEPS.get(wish.removesuffix(" by days"))
    if step is None:
        abort(400)
    account = _account()
    target = period_end(account.now(), *step, 1)
    if walk:
        _walker().walk_to(target)
    else:
        with account.store.transaction():
            advance(account, target)
    return redirect("/", 303)


@blueprint.post("/webhooks")
def steer_webhooks() -> BaseResponse:
    """Hold deliveries back, let them go: one, all, in another order, or never."""
    account = _account()
    step = deliveries.STEPS.get(request.form.get("action", ""))
    if step is None:
        abort(400)
    with account.store.transaction():
        step(account)
    account.wake()
    return redirect("/#deliveries", 303)


@blueprint.post("/deliveries/<event_id>")
def send_again(event_id: str) -> BaseResponse:
    """Send an event once more, whatever became of it before."""
    account = _account()
    event = account.store.find(event_id)
    if event is None or event["object"] != "event":
        abort(404)
    account.queue(event)
    return redirect("/#deliveries", 303)


@blueprint.post("/disputes/<identifier>")
def decide_dispute(identifier: str) -> BaseResponse:
    """Play the payer's bank: dispute a charge, or decide a dispute."""
    account = _account()
    step = request.form.get("step", "")
    with account.store.transaction():
        found = account.store.find(identifier)
        if found is None or step not in _DISPUTE_STEPS:
            abort(404)
        try:
            if found["object"] == "charge" and step == "open":
                dispute(account, found)
            elif found["object"] == "dispute" and step != "open":
                close_dispute(account, found, won=step == "won")
            else:
                abort(400)
        except StripeError:
            abort(409)
    return redirect("/#objects", 303)


def _account() -> Account:
    account: Account = current_app.extensions["account"]
    return account


def _walker() -> Walker:
    walker: Walker = current_app.extensions["walker"]
    return walker
