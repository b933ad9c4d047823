"""How much goes over the wire when somebody sees the portal for the first time."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

from flask import Flask

from tests.bench.lines import Line

_MOST_KB = 100
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"')
_FONT = re.compile(r"url\(([^)]+-latin-wght-normal[^)]*\.woff2)\)")


def measure(app: Flask) -> Iterator[Line]:
    """The first view of a project page, without pictures: page, style, script, Latin fonts."""
    client = app.test_client()
    packed = {"Accept-Encoding": "gzip"}
    page = client.get("/p/kelp", headers=packed)
    text = gzip.decompress(page.data).decode()
    assets = sorted(set(_ASSET.findall(text)))
    style = next(each for each in assets if each.endswith(".css"))
    fonts = [f"/static/{each}" for each in _FONT.findall(client.get(style).text)]
    sizes = {path: len(client.get(path, headers=packed).data) for path in (*assets, *fonts)}
    total = (len(page.data) + sum(sizes.values())) / 1024
    yield Line("wire: project page, gzip", len(page.data) / 1024, "KB")
    yield Line("wire: style and script, gzip", sum(sizes[each] for each in assets) / 1024, "KB")
    yield Line("wire: first view with fonts", total, "KB", most=_MOST_KB)
