"""Liveness and readiness, for whoever watches over the process."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue

from portal.queries.readiness import find_readiness, newest_revision
from portal.web.access import now, public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """The process answers; nothing else is asked."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Whether this process can serve: the database answers and its schema is this program's.

    Mail that waits is told but does not take the process out of service: pages still work.
    """
    found = find_readiness(now=now())
    migrated = found.revision == newest_revision(current_app.config["MIGRATIONS"])
    is_ready = found.reachable and migrated
    return jsonify(
        status="ready" if is_ready else "not ready",
        database=found.reachable,
        migrated=migrated,
        outbox_seconds=found.outbox_seconds,
    ), 200 if is_ready else 503
