"""Where payment processors post their events."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from portal.web.access import public

blueprint = Blueprint("webhooks", __name__)


@blueprint.post("/webhooks/stripe")
@public
def receive_event() -> ResponseReturnValue:
    """Store a signed event and answer at once."""
    return "", 404
