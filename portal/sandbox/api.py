"""The HTTP API: who asks, what is asked, answered once per idempotency key."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, current_app, request

from portal.sandbox.account import API_VERSION, Account, public
from portal.sandbox.calls import Call
from portal.sandbox.clock import catch_up
from portal.sandbox.dialect import Route, find_route
from portal.sandbox.errors import StripeError
from portal.sandbox.lists import expand
from portal.sandbox.parameters import read_parameters
from portal.sandbox.resources import ANSWERERS
from portal.sandbox.store import JSON

blueprint = Blueprint("api", __name__)

_LOGGED = 1000  # requests that the log keeps


@blueprint.route("/v1/<path:_rest>", methods=["GET", "POST", "DELETE"])
def answer(_rest: str) -> Response:
    """Answer one call in Stripe's shape, and log it."""
    account: Account = current_app.extensions["account"]
    request_id = account.new_id("req")
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
    note = ""
    try:
        _check_caller(current_app.config["API_KEY"])
        with account.store.transaction():
            catch_up(account)
            body, replayed = _answer_once(account)
        status = 200
        if replayed:
            headers["Idempotent-Replayed"] = "true"
            note = "replayed"
    except StripeError as error:
        body, status = json.dumps(error.body(request_id)), error.status
        note = error.message
    _log(account, request_id, status, note)
    return Response(body, status, headers, mimetype="application/json")


def _check_caller(api_key: str) -> None:
    """Refuse a wrong key with 401, and another API version than the pinned one with 400."""
    given = request.authorization
    secret = None
    if given is not None:
        secret = given.token if given.type == "bearer" else given.username
    if not hmac.compare_digest((secret or "").encode(), api_key.encode()):
        raise StripeError("Invalid API Key provided.", status=401)
    version = request.headers.get("Stripe-Version", API_VERSION)
    if version != API_VERSION:
        raise StripeError(f"The sandbox speaks API version {API_VERSION} only, not {version}.")


def _answer_once(account: Account) -> tuple[str, bool]:
    """The answer's body, and whether it is the stored answer of an earlier call with this key."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method == "GET":
        return _perform(account), False
    fingerprint = _fingerprint()
    stored = account.store.rows("SELECT * FROM answers WHERE idempotency_key = ?", key)
    if stored:
        if stored[0]["fingerprint"] != fingerprint:
            raise StripeError(
                f"The idempotency key '{key}' was first used with other parameters.",
                kind="idempotency_error",
            )
        return stored[0]["body"], True
    body = _perform(account)
    account.store.rows("INSERT INTO answers VALUES (?, ?, ?)", key, fingerprint, body)
    return body, False


def _perform(account: Account) -> str:
    found = find_route(request.method, request.path)
    if found is None:
        raise StripeError(
            f"Unrecognized request URL ({request.method}: {request.path}).", status=404
        )
    route, placeholders = found
    answerer = ANSWERERS.get((route.method, route.path))
    if answerer is None:
        raise StripeError(f"The sandbox does not answer {route.method} {route.path}.", status=400)
    params = read_parameters(route, _pairs())
    wanted = params.pop("expand", [])
    _refuse_ignored(route, params, answerer.acts_on)
    call = Call(
        account=account,
        params=params,
        identifier=next(iter(placeholders.values()), ""),
        site=request.host_url.rstrip("/"),
    )
    return json.dumps(expand(account, public(answerer.handler(call)), wanted))


def _refuse_ignored(route: Route, params: JSON, acts_on: frozenset[str]) -> None:
    """A parameter Stripe knows but the sandbox would ignore is refused, never dropped."""
    for name in _dotted(params):
        if not any(name == known or name.startswith(f"{known}.") for known in acts_on):
            raise StripeError(
                f"The sandbox does not act on '{name}' of {route.method} {route.path}.",
                status=400,
                param=name,
            )


def _dotted(value: Any, prefix: str = "") -> Iterator[str]:  # noqa: ANN401 - decoded parameters
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from _dotted(child, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list) and value:
        for child in value:
            yield from _dotted(child, prefix)
    elif prefix:
        yield prefix


def _pairs() -> list[tuple[str, str]]:
    return [*request.args.items(multi=True), *request.form.items(multi=True)]


def _fingerprint() -> str:
    asked = [request.method, request.path, sorted(_pairs())]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _log(account: Account, request_id: str, status: int, note: str) -> None:
    account.store.rows(
        "INSERT INTO requests (id, at, method, path, status, note) VALUES (?, ?, ?, ?, ?, ?)",
        request_id,
        account.now(),
        request.method,
        request.full_path.rstrip("?"),
        status,
        note,
    )
    account.store.rows(
        "DELETE FROM requests WHERE seq <= (SELECT max(seq) FROM requests) - ?", _LOGGED
    )
