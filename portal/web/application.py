"""Flask without what it would find out anew at each request, though it never changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class SignedCookies(SecureCookieSessionInterface):
    """Flask's sessions, with a signer that is made once."""

    _signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer by the secret key with which the portal was started."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer


class Application(Flask):
    """A portal's Flask."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - whatever Flask takes
        """Make it as Flask is made."""
        super().__init__(*args, **options)
        self.session_interface = SignedCookies()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is a coroutine, and nobody needs to look."""
        return func
