"""Where payment processors post their events."""

from __future__ import annotations

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.ports.payments import SignatureInvalid
from portal.services.payments.processor_events import store_event
from portal.web.access import collaborators, now, public

blueprint = Blueprint("webhooks", __name__)

_MOST_BYTES = 512 * 1024


@blueprint.post("/webhooks/stripe")
@public
def receive_event() -> ResponseReturnValue:
    """Store a signed event and answer at once; it is handled afterwards.

    A wrong, missing or stale signature, and an event of the other of test and live mode, get 400
    and leave nothing. An event that is there already gets 200, so that it is not sent again.
    """
    request.max_content_length = _MOST_BYTES
    gateway = collaborators().payments
    try:
        event = gateway.read_event(request.get_data(), request.headers.get("Stripe-Signature", ""))
        with transaction():
            store_event(gateway.name, event, livemode=gateway.livemode, now=now())
    except SignatureInvalid:
        current_app.logger.warning("an event with a wrong or stale signature was refused")
        return "The signature is wrong or stale.", 400
    except Refusal as refusal:
        current_app.logger.warning("an event was refused: %s", refusal.code)
        return refusal.message, 400
    return "", 200
