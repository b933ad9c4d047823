"""The hosted pages a payer sees: checkout, the bank's challenge, receipts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from portal.sandbox.account import Account
from portal.sandbox.cards import CARDS, find_card
from portal.sandbox.checkout import answer_challenge, find_intent, pay
from portal.sandbox.clock import catch_up
from portal.sandbox.store import JSON

blueprint = Blueprint("pages", __name__)

_NO_MINOR_UNIT = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THOUSANDTHS = frozenset("bhd jod kwd omr tnd".split())


def amount_text(amount: int, currency: str) -> str:
    """An amount as people read it, e.g. ``EUR 1,200.00``."""
    places = 0 if currency in _NO_MINOR_UNIT else 3 if currency in _THOUSANDTHS else 2
    return f"{currency.upper()} {Decimal(amount).scaleb(-places):,.{places}f}"


def day_text(instant: int) -> str:
    """A day as people read it, e.g. ``3 May 2027``."""
    moment = datetime.fromtimestamp(instant, UTC)
    return f"{moment.day} {moment:%B %Y}"


def interval_text(price: JSON) -> str:
    """How often a price is charged, e.g. ``every year``; empty for a one-time price."""
    recurring = price["recurring"]
    if recurring is None:
        return ""
    count, unit = recurring["interval_count"], recurring["interval"]
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


@blueprint.get("/c/pay/<identifier>")
def checkout_page(identifier: str) -> BaseResponse:
    """What is bought, for how much, the test cards, and why the last attempt failed."""
    account = _account()
    with account.store.transaction():
        catch_up(account)
        session = _session(account, identifier)
        intent = find_intent(account, session)
    failure = (intent and intent["last_payment_error"]) or {}
    return _show(session, problem=failure.get("message", ""))


@blueprint.post("/c/pay/<identifier>")
def pay_checkout(identifier: str) -> BaseResponse:
    """Pay; a second press finds the checkout paid and goes the same way."""
    card = find_card(request.form.get("number", "").strip() or request.form.get("card", ""))
    email = request.form.get("email", "").strip() or None
    account = _account()
    with account.store.transaction():
        catch_up(account)
        session = _session(account, identifier)
        if card is None:
            return _refuse(session, "This is not a test card. Take one of those below.")
        if not (session["customer"] or session["customer_email"] or email):
            return _refuse(session, "Enter the e-mail address for the receipt.")
        pay(account, session, card, email, _site())
        return _after(account, session)


@blueprint.get("/c/pay/<identifier>/challenge")
def challenge_page(identifier: str) -> BaseResponse:
    """The payer's bank asks whether this payment is theirs."""
    session = _session(_account(), identifier)
    if session["status"] != "open":
        return _onward(session)
    return _page("challenge.html", session=session)


@blueprint.post("/c/pay/<identifier>/challenge")
def answer_bank(identifier: str) -> BaseResponse:
    """Confirm or deny before the bank."""
    account = _account()
    with account.store.transaction():
        session = _session(account, identifier)
        confirmed = request.form.get("answer") == "confirm"
        answer_challenge(account, session, confirmed=confirmed, site=_site())
        return _after(account, session)


@blueprint.get("/receipts/<identifier>")
def receipt(identifier: str) -> BaseResponse:
    """What was paid, or is due, under a charge's or an invoice's id."""
    thing = _account().store.find(identifier)
    if thing is None or thing["object"] not in ("charge", "invoice"):
        abort(404)
    return _page("receipt.html", thing=thing)


def _after(account: Account, session: JSON) -> BaseResponse:
    """Where an attempt to pay leads: to the bank, back to the cards, or to the seller."""
    if session["status"] != "open":
        return _onward(session)
    intent = find_intent(account, session)
    asked = intent is not None and intent["status"] == "requires_action"
    return redirect(f"/c/pay/{session['id']}{'/challenge' if asked else ''}", 303)


def _onward(session: JSON) -> BaseResponse:
    """A paid checkout leads back to the seller, an expired one says so."""
    if session["status"] == "complete":
        return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)
    return _page("closed.html", session=session)


def _show(session: JSON, *, problem: str = "") -> BaseResponse:
    if session["status"] != "open":
        return _page("closed.html", session=session)
    lines = session["_line_items"]
    return _page("checkout.html", session=session, lines=lines, cards=CARDS, problem=problem)


def _refuse(session: JSON, problem: str) -> BaseResponse:
    response = _show(session, problem=problem)
    response.status_code = 422
    return response


def _page(template: str, session: JSON | None = None, **context: object) -> BaseResponse:
    """A page whose forms may lead to the seller's own addresses and nowhere else."""
    response = Response(render_template(f"sandbox/{template}", session=session, **context))
    targets = {"'self'"}
    for name in ("success_url", "cancel_url"):
        if session is not None and session[name]:
            parts = urlsplit(session[name])
            targets.add(f"{parts.scheme}://{parts.netloc}")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {' '.join(sorted(targets))}"
    )
    return response


def _session(account: Account, identifier: str) -> JSON:
    session = account.store.find(identifier)
    if session is None or session["object"] != "checkout.session":
        abort(404)
    return session


def _account() -> Account:
    account: Account = current_app.extensions["account"]
    return account


def _site() -> str:
    return request.host_url.rstrip("/")
