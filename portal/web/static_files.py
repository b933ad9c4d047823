"""Static files under content-hashed addresses: one stylesheet, one script, cached for a year."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort, request

from portal.web.access import public

STYLES = (
    "css/tokens.css",
    "css/text.css",
    "css/layout.css",
    "css/parts.css",
    "css/tables.css",
    "css/forms.css",
    "css/charts.css",
    "css/print.css",
)
SCRIPTS = ("vendor/htmx.min.js", "js/app.js")
YEAR = "public, max-age=31536000, immutable"
DAY = "public, max-age=86400"

_SERVED = frozenset({".css", ".js", ".svg", ".png", ".ico", ".jpg", ".webp", ".woff2"})
_BUNDLED = frozenset({".css", ".js"})
_MIN_GZIP_BYTES = 512
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_BREAK = re.compile(r"\s*\n\s*")
_CSS_URL = re.compile(r"url\(\"?\.\./([^)\"]+)\"?\)")

mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("image/x-icon", ".ico")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it goes over the wire, with its compressed form where that is smaller."""

    path: str
    media_type: str
    body: bytes
    gzipped: bytes | None


class StaticFiles:
    """The files of one static folder, held in memory and found by name or by hashed path.

    Names are paths inside the folder (`mark/stakehold.svg`), and `app.css` and `app.js`
    for the two bundles. The stylesheets and scripts the bundles are made of are not served.
    """

    def __init__(self, folder: Path) -> None:
        """Read every file of `folder`; raise FileNotFoundError if a bundled file is missing."""
        self._by_name: dict[str, StaticFile] = {}
        for file in sorted(folder.rglob("*")):
            if file.suffix in _SERVED - _BUNDLED:
                self._add(file.relative_to(folder).as_posix(), file.read_bytes())
        self._add("app.css", self._stylesheet(folder / name for name in STYLES))
        self._add("app.js", b"\n".join((folder / name).read_bytes() for name in SCRIPTS))
        self._by_path = {file.path: file for file in self._by_name.values()}

    def named(self, name: str) -> StaticFile:
        """Return the file called `name`; raise KeyError when there is none."""
        return self._by_name[name]

    def at(self, path: str) -> StaticFile | None:
        """Return the file whose hashed path is `path`, or None: an old hash is not served."""
        return self._by_path.get(path)

    def _add(self, name: str, body: bytes) -> None:
        stem, _, suffix = name.rpartition(".")
        path = f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{suffix}"
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if media_type.startswith("text/"):
            media_type += "; charset=utf-8"
        self._by_name[name] = StaticFile(path, media_type, body, _smaller(body))

    def _stylesheet(self, sources: Iterable[Path]) -> bytes:
        """Join the sources without comments and point url(../x) at hashed addresses."""
        text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
        text = _CSS_BREAK.sub("\n", _CSS_COMMENT.sub("", text)).strip()
        return _CSS_URL.sub(lambda found: f"url({self._relative(found[1])})", text).encode()

    def _relative(self, name: str) -> str:
        # The bundle lies at the folder's root, so a path is its own relative address.
        return self._by_name[name].path


def _smaller(body: bytes) -> bytes | None:
    # mtime=0 keeps the bytes the same in every process and at every start.
    packed = gzip.compress(body, compresslevel=9, mtime=0)
    return packed if len(body) >= _MIN_GZIP_BYTES and len(packed) < 0.9 * len(body) else None


def init_static(app: Flask) -> None:
    """Serve `app.static_folder` under hashed addresses and give templates `static_url(name)`.

    Takes the place of Flask's own static endpoint; an address with an unknown hash is 404.
    `/favicon.ico` answers at its fixed address because browsers ask for it unasked.
    """
    if app.static_folder is None:
        msg = "init_static needs an application with a static folder"
        raise ValueError(msg)
    files = StaticFiles(Path(app.static_folder))
    prefix = app.static_url_path or "/static"

    def static_url(name: str) -> str:
        return f"{prefix}/{files.named(name).path}"

    @public
    def static(filename: str) -> Response:
        file = files.at(filename)
        return _answer(file, YEAR) if file else abort(404)

    @public
    def favicon() -> Response:
        return _answer(files.named("mark/favicon.ico"), DAY)

    app.jinja_env.globals["static_url"] = static_url
    app.view_functions["static"] = static  # in place of the one Flask installed
    app.add_url_rule("/favicon.ico", "favicon", favicon)


def _answer(file: StaticFile, cache: str) -> Response:
    packed = file.gzipped is not None and request.accept_encodings.quality("gzip") > 0
    response = Response(file.gzipped if packed else file.body, content_type=file.media_type)
    response.headers["Cache-Control"] = cache
    response.headers["X-Content-Type-Options"] = "nosniff"
    if file.gzipped is not None:
        response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response
