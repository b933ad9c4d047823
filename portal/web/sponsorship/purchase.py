"""The way to the hosted checkout and back: our row, the processor's answer, what came of it."""

from __future__ import annotations

from flask import flash
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import ProcessorUnavailable, Refusal
from portal.domain.permissions import Actor
from portal.queries.sponsorship.purchases import MYSELF, BuyPage, Choice, find_own_organization
from portal.queries.sponsorship.sponsorships import find_payer_return
from portal.services.billing.online_invoices import fall_back, find_asked, keep_opened
from portal.services.identity.supporters import get_own_organization
from portal.services.payments.processor_events import converge, look_at
from portal.services.payments.settlement import abandon_checkout, record_opened
from portal.services.sponsorship.checkouts import (
    StartedCheckout,
    find_other_checkout,
    start_checkout,
)
from portal.web.access import collaborators, current_actor, now


def go_to_checkout(page: BuyPage, *, version: int) -> str:
    """The address of the hosted page for a purchase, started now or before.

    Our row is committed before the processor is called with our reference as idempotency key: a
    crash in between is found by the reconciler, and a second press gets the same page.
    """
    actor, organization_id = _buyer(page)
    site = collaborators().settings.base_url
    other = find_other_checkout(organization_id, page.project_id, page.tier_slug, site=site)
    if other is not None:
        _leave(other)
    with transaction():
        started = start_checkout(
            actor,
            page.project_id,
            page.tier_slug,
            organization_id,
            version=version,
            site=site,
            now=now(),
        )
    return started.url or _open(started)[1]


def welcome_back(organization_id: int, reference: str, checkout_reference: str) -> None:
    """Look once at the checkout that a payer returns from; if that fails, its event will tell."""
    checkout_id = find_payer_return(organization_id, reference, checkout_reference)
    if checkout_id is None:
        return
    try:
        _look_again(checkout_id)
    except (ProcessorUnavailable, Refusal):
        return


def open_page(invoice: str) -> None:
    """Have the processor make a page on which an invoice of ours is paid.

    Ours is committed; while the processor is out of reach, a sweep asks again and mails the link.
    """
    asked = find_asked(invoice)
    if asked is None:
        return
    world = collaborators()
    site = world.settings.base_url
    try:
        opened = world.payments.open_invoiced_renewal(asked, idempotency_key=asked.reference)
    except ProcessorUnavailable:
        flash(_("The processor cannot be reached now. The link to pay follows by mail."), "info")
    except Refusal as refusal:
        with transaction():
            fall_back(invoice, refusal.message, site=site, now=now())
        flash(_("The processor refused: please pay by bank transfer."), "bad")
    else:
        with transaction():
            keep_opened(invoice, opened, site=site, now=now())


def chosen_buyer(page: BuyPage) -> Choice:
    """The buyer that was chosen; refuses while none is."""
    if page.chosen is None:
        raise Refusal("buy.buyer", "Choose for whom you buy.")
    return page.chosen


def _buyer(page: BuyPage) -> tuple[Actor, int]:
    """The actor with the roles to buy; a person's organization of one is made silently."""
    chosen = chosen_buyer(page)
    if chosen.slug != MYSELF:
        return current_actor(), chosen.organization_id
    if page.obstacles:
        raise Refusal(page.obstacles[0].code, page.obstacles[0].message)
    with transaction():
        return get_own_organization(current_actor(), read_own=find_own_organization, now=now())


def _open(started: StartedCheckout) -> tuple[str, str]:
    """Call the processor and keep its answer: its id and the address of its page."""
    gateway = collaborators().payments
    try:
        opened = gateway.open_checkout(started.request, idempotency_key=started.reference)
    except Refusal as refusal:
        with transaction():
            abandon_checkout(started.reference, refusal.message, now=now())
        raise
    with transaction():
        return opened.checkout_id, record_opened(started.reference, opened)


def _leave(other: StartedCheckout) -> None:
    """Close the page of another tier at the processor; it might just have been paid."""
    checkout_id = other.processor_checkout_id or _open(other)[0]
    collaborators().payments.expire_checkout(checkout_id)
    _look_again(checkout_id)


def _look_again(checkout_id: str) -> None:
    world = collaborators()
    look = look_at(world.payments, {"checkout": checkout_id})
    with transaction():
        converge(look, site=world.settings.base_url, now=now())
