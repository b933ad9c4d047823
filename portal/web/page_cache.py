"""Ready bytes of public pages for visitors, as fresh as the database at every request.

A page is kept with the versions it rests on; each request reads those versions and sends the
kept bytes only while they are still the same. It sits in front of Flask: a hit costs one read.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from itsdangerous import BadData
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_cookie
from werkzeug.wrappers import Response

from portal.queries.projects.page_versions import (
    VersionReader,
    Versions,
    VersionsUnreadable,
    find_page_scopes,
    open_version_reader,
)
from portal.web.access import View, public

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

THEMES = ("light", "dark")

_SHARED = "portal.shared"
_MOST_BYTES = 32 * 1024 * 1024
_SECONDS = 60  # text that depends on the clock ("3 days left") is at most this old
_PREFIXES = ("/p/", "/o/")
_QUERY = re.compile(r"(?:[a-z]{1,12}=[\w.-]{1,60})?")
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
_PERSONAL = ("HTTP_AUTHORIZATION", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")
_OWN_HEADERS = frozenset({"content-length", "cache-control", "vary", "etag"})

Key = tuple[str, str, str]
Headers = list[tuple[str, str]]


def public_page(view: View) -> View:
    """Mark a page as open to everybody and the same for every visitor, so that it may be kept."""
    view.portal_shared = True  # type: ignore[attr-defined]
    return public(view)


def record_page(view: View) -> View:
    """Mark a page as ``public_page`` does, one that changes with the project's public record."""
    view.portal_record = True  # type: ignore[attr-defined]
    return public_page(view)


def page_changes_at(instant: datetime | None, *, now: datetime) -> None:
    """Say that the page being rendered reads differently from an instant on, such as a close."""
    rendering: _Rendering | None = request.environ.get(_SHARED)
    if rendering is not None and instant is not None and instant > now:
        rendering.stale_at = min(rendering.stale_at, instant.timestamp())


@dataclass(slots=True)
class _Rendering:
    """A shared page being rendered: the Unix time in seconds at which it goes stale."""

    stale_at: float


@dataclass(frozen=True, slots=True)
class _Ready:
    """A page as it goes over the wire, and what it rests on."""

    scopes: tuple[str, str]
    versions: Versions
    stale_at: float
    etag: str
    plain: bytes
    packed: bytes
    headers: Headers

    @property
    def size(self) -> int:
        return len(self.plain) + len(self.packed)

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the page, or only the word that the browser's copy is still right."""
        known = environ.get("HTTP_IF_NONE_MATCH", "")
        if known and (self.etag in known or known.strip() == "*"):
            start_response("304 NOT MODIFIED", self.headers)
            return []
        headers = list(self.headers)
        body = self.plain
        if _GZIP.search(environ.get("HTTP_ACCEPT_ENCODING", "")):
            body = self.packed
            headers.append(("Content-Encoding", "gzip"))
        headers.append(("Content-Length", str(len(body))))
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


class PageCache:
    """WSGI middleware that answers visitors with kept pages and renders what is not kept.

    A shared page is rendered without the visitor's cookies (except the choice of appearance), so
    nothing personal can get into it; whoever is signed in, or is owed a message, never meets the
    cache. Bounded by bytes, least recently used first out.
    """

    def __init__(self, app: Flask) -> None:
        """Stand in front of a Flask application."""
        self._flask = app
        self._next: WSGIApplication = app.wsgi_app
        self._pages: OrderedDict[Key, _Ready] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._gates = tuple(Lock() for _ in range(64))
        self._reader: VersionReader | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        key = self._key(environ)
        if key is None:
            return self._next(environ, start_response)
        try:
            ready = self._find(key)
            answer = ready.answer if ready else self._render(key, environ)
        except VersionsUnreadable:
            answer = self._next
        return answer(environ, start_response)

    def _key(self, environ: WSGIEnvironment) -> Key | None:
        """What tells one shared page from another; None where the answer is not a shared page."""
        path = environ.get("PATH_INFO", "")
        query = environ.get("QUERY_STRING", "")
        if (
            (path != "/" and not path.startswith(_PREFIXES))
            or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}
            or not _QUERY.fullmatch(query)
            or not self._flask.config["PAGE_CACHE_BYTES"]
        ):
            return None
        cookie = environ.get("HTTP_COOKIE")
        theme = self._visitor_theme(cookie) if cookie else ""
        return None if theme is None else (path, query, theme)

    def _visitor_theme(self, cookie: str) -> str | None:
        """The appearance a visitor chose; None for somebody with a session of their own."""
        cookies = parse_cookie(cookie)
        config = self._flask.config
        if config.get("REMEMBER_COOKIE_NAME", "remember_token") in cookies:
            return None
        session = cookies.get(config["SESSION_COOKIE_NAME"])
        if session and not self._is_empty(session):
            return None
        theme = cookies.get("theme", "")
        return theme if theme in THEMES else ""

    def _is_empty(self, session: str) -> bool:
        """Whether a session cookie neither signs in nor carries a message to show."""
        serializer = self._flask.session_interface.get_signing_serializer(self._flask)  # type: ignore[attr-defined]
        try:
            values: dict[str, Any] = serializer.loads(session)
        except BadData:
            return True
        return "_user_id" not in values and "_flashes" not in values

    def _find(self, key: Key) -> _Ready | None:
        with self._lock:
            ready = self._pages.get(key)
            if ready is None:
                return None
            self._pages.move_to_end(key)
        fresh = time.time() < ready.stale_at and self._read(ready.scopes) == ready.versions
        return ready if fresh else None

    def _read(self, scopes: tuple[str, str]) -> Versions:
        if self._reader is None:
            with self._flask.app_context():
                self._reader = open_version_reader()
        return self._reader.read(scopes)

    def _render(self, key: Key, environ: WSGIEnvironment) -> WSGIApplication:
        """Render a page that is marked as shared and keep it; leave all else to Flask.

        The versions are read before the page: a change in between makes the page newer than its
        versions, never older. Of several requests for one stale page, one renders it.
        """
        try:
            endpoint, values = self._flask.url_map.bind("").match(key[0], method="GET")
        except HTTPException:
            return self._next
        view = self._flask.view_functions[endpoint]
        if not getattr(view, "portal_shared", False):
            return self._next
        of_record = getattr(view, "portal_record", False)
        with self._gates[hash(key) % len(self._gates)]:
            if found := self._find(key):
                return found.answer
            with self._flask.app_context():
                scopes = find_page_scopes(values.get("project"), of_record=of_record)
            if scopes is None:
                return self._next
            versions = self._read(scopes)
            rendering = _Rendering((time.time() // _SECONDS + 1) * _SECONDS)
            response = Response.from_app(
                self._next, _shared_environ(environ, key, rendering), buffered=True
            )
            if "Set-Cookie" in response.headers:
                return self._next
            if response.status_code != HTTPStatus.OK:
                return response
            ready = _make_ready(response, scopes, versions, rendering.stale_at)
            self._keep(key, ready)
            return ready.answer

    def _keep(self, key: Key, ready: _Ready) -> None:
        with self._lock:
            if previous := self._pages.pop(key, None):
                self._bytes -= previous.size
            self._pages[key] = ready
            self._bytes += ready.size
            while self._bytes > self._flask.config["PAGE_CACHE_BYTES"]:
                self._bytes -= self._pages.popitem(last=False)[1].size


def _shared_environ(environ: WSGIEnvironment, key: Key, rendering: _Rendering) -> WSGIEnvironment:
    """The request without anything that tells one visitor from another, but for the appearance."""
    shared = {name: value for name, value in environ.items() if name not in _PERSONAL}
    cookie = f"theme={key[2]}" if key[2] else ""
    return shared | {"REQUEST_METHOD": "GET", "HTTP_COOKIE": cookie, _SHARED: rendering}


def _make_ready(
    response: Response, scopes: tuple[str, str], versions: Versions, stale_at: float
) -> _Ready:
    body = response.get_data()
    # The opaque part of a weak tag: the compressed and the plain form are the same page.
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = [
        *((name, value) for name, value in response.headers if name.lower() not in _OWN_HEADERS),
        ("Cache-Control", "no-cache"),
        ("Vary", "Cookie, Accept-Encoding"),
        ("ETag", f"W/{etag}"),
    ]
    packed = gzip.compress(body, compresslevel=6, mtime=0)
    return _Ready(scopes, versions, stale_at, etag, body, packed, headers)


def init_page_cache(app: Flask) -> None:
    """Put the cache in front of the application and tell templates whom they render for."""
    app.config.setdefault("PAGE_CACHE_BYTES", _MOST_BYTES)

    @app.context_processor
    def appearance() -> dict[str, object]:
        theme = request.cookies.get("theme")
        return {"shared": _SHARED in request.environ, "theme": theme if theme in THEMES else ""}

    app.wsgi_app = PageCache(app)  # type: ignore[method-assign]
