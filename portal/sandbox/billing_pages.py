"""The hosted pages of billing: an invoice to pay, and the payer's cards and invoices."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from portal.sandbox.account import Account
from portal.sandbox.billing_portal import card_on_file, put_card_on_file
from portal.sandbox.cards import CARDS, NOT_AUTHENTICATED, TestCard, find_card
from portal.sandbox.changes import invoice_paid
from portal.sandbox.clock import catch_up
from portal.sandbox.invoicing import pay_by_card
from portal.sandbox.objects import new_payment_method
from portal.sandbox.store import JSON

blueprint = Blueprint("billing_pages", __name__)

_NO_CARD = "This is not a test card. Take one of those below."


@blueprint.get("/i/<identifier>")
def invoice_page(identifier: str) -> BaseResponse:
    """What is asked, until when, under which PO number, and the cards to pay with."""
    account = _account()
    with account.store.transaction():
        catch_up(account)
        invoice = _find(account, identifier, "invoice")
    return _show_invoice(invoice)


@blueprint.post("/i/<identifier>")
def pay_invoice(identifier: str) -> BaseResponse:
    """Pay an open invoice; a second press finds it paid."""
    account = _account()
    card = _chosen_card()
    with account.store.transaction():
        catch_up(account)
        invoice = _find(account, identifier, "invoice")
        if card is None:
            return _show_invoice(invoice, problem=_NO_CARD)
        if card.challenged and "answer" not in request.form:
            return _page("invoice_challenge.html", invoice=invoice, card=card)
        problem = _pay(account, invoice, card)
    if problem:
        return _show_invoice(invoice, problem=problem)
    return redirect(f"/i/{identifier}", 303)


@blueprint.get("/p/session/<identifier>")
def portal_page(identifier: str) -> BaseResponse:
    """The card on file and the invoices of one payer."""
    account = _account()
    with account.store.transaction():
        catch_up(account)
        session = _find(account, identifier, "billing_portal.session")
    return _show_portal(account, session)


@blueprint.post("/p/session/<identifier>")
def change_card(identifier: str) -> BaseResponse:
    """Put another card on file."""
    account = _account()
    card = _chosen_card()
    with account.store.transaction():
        session = _find(account, identifier, "billing_portal.session")
        if card is None or card.declined is not None:
            problem = card.declined.message if card and card.declined else _NO_CARD
            return _show_portal(account, session, problem=problem)
        put_card_on_file(account, account.get("customer", session["customer"]), card)
    return redirect(f"/p/session/{identifier}", 303)


def _pay(account: Account, invoice: JSON, card: TestCard) -> str:
    """Charge the card the payer chose; empty, or why it failed."""
    if invoice["status"] != "open":
        return ""
    declined = card.declined
    if card.challenged and request.form["answer"] != "confirm":
        declined = NOT_AUTHENTICATED
    method = account.save(new_payment_method(account, card, invoice["customer"]))
    if not pay_by_card(account, invoice, method, declined, card):
        return declined.message if declined else ""
    invoice_paid(account, invoice)
    return ""


def _show_invoice(invoice: JSON, *, problem: str = "") -> BaseResponse:
    response = _page("invoice.html", invoice=invoice, cards=CARDS, problem=problem)
    response.status_code = 422 if problem else 200
    return response


def _show_portal(account: Account, session: JSON, *, problem: str = "") -> BaseResponse:
    customer = account.get("customer", session["customer"])
    invoices = [
        invoice
        for invoice in account.store.newest_first("invoice")
        if invoice["customer"] == customer["id"] and invoice["status"] != "draft"
    ]
    response = _page(
        "portal.html",
        session=session,
        customer=customer,
        method=card_on_file(account, customer),
        invoices=invoices,
        cards=CARDS,
        problem=problem,
    )
    response.status_code = 422 if problem else 200
    return response


def _page(template: str, session: JSON | None = None, **context: object) -> BaseResponse:
    """A page whose forms stay here; its links may lead back to the seller."""
    response = Response(render_template(f"sandbox/{template}", session=session, **context))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    )
    return response


def _chosen_card() -> TestCard | None:
    return find_card(request.form.get("number", "").strip() or request.form.get("card", ""))


def _find(account: Account, identifier: str, kind: str) -> JSON:
    found = account.store.find(identifier)
    if found is None or found["object"] != kind:
        abort(404)
    return found


def _account() -> Account:
    account: Account = current_app.extensions["account"]
    return account
