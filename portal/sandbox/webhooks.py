"""Events on their way to the endpoint: signed like Stripe's, sent again until accepted."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus

import requests

from portal.sandbox.store import JSON, Store

_TIMEOUT_SECONDS = 10
_LONGEST_WAIT_SECONDS = 300.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events go; ``first_wait`` seconds pass before the second attempt, then twice that."""

    url: str
    secret: str
    first_wait: float = 1.0


def sign(payload: str, secret: str, timestamp: int) -> str:
    """The ``Stripe-Signature`` header of a payload (HMAC-SHA256 over ``timestamp.payload``)."""
    digest = hmac.new(secret.encode(), f"{timestamp}.{payload}".encode(), hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"


class Deliverer:
    """A thread that sends what is due, one event after another, from the store's queue."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Nothing runs before the first ``wake``."""
        self._endpoint = endpoint
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.store: Store | None = None

    def wake(self) -> None:
        """Look at the queue now; starts the thread when it does not run yet."""
        self._wake.set()
        with self._start_lock:
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread after the attempt it is making."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        if self.store is None:
            raise RuntimeError("a deliverer needs a store before it is woken")
        with requests.Session() as session:
            # The endpoint is a neighbor: a proxy from the environment has no say.
            session.trust_env = False
            while not self._stopped.is_set():
                self._wake.clear()
                wait = self._send_due(self.store, session)
                self._wake.wait(wait)

    def _send_due(self, store: Store, session: requests.Session) -> float | None:
        """Send what is due; returns the seconds until the next attempt, None if none waits."""
        while not self._stopped.is_set():
            due = store.rows(
                "SELECT * FROM deliveries WHERE status = 'pending' ORDER BY due_at, seq LIMIT 1"
            )
            if not due:
                return None
            wait: float = due[0]["due_at"] - time.time()
            if wait > 0:
                return wait
            status, note = self._post(session, store.find(due[0]["event"]) or {})
            self._record(store, due[0]["seq"], due[0]["attempts"] + 1, status, note)
        return None

    def _post(self, session: requests.Session, event: JSON) -> tuple[str, str]:
        payload = json.dumps(event, indent=2)
        signature = sign(payload, self._endpoint.secret, int(time.time()))
        try:
            answer = session.post(
                self._endpoint.url,
                data=payload.encode(),
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "Stripe-Signature": signature,
                },
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return "pending", type(error).__name__
        accepted = HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES
        return ("delivered" if accepted else "pending"), str(answer.status_code)

    def _record(self, store: Store, seq: int, attempts: int, status: str, note: str) -> None:
        wait = min(self._endpoint.first_wait * 2 ** (attempts - 1), _LONGEST_WAIT_SECONDS)
        due_at = time.time() + wait if status == "pending" else None
        store.rows(
            "UPDATE deliveries SET attempts = ?, due_at = ?, status = ?, note = ? WHERE seq = ?",
            attempts,
            due_at,
            status,
            note,
            seq,
        )
        if status == "pending":
            _log.info("event not accepted (%s), next attempt in %.0f s", note, wait)
