"""Stripe's routes, read at run time from the services of the installed SDK."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import stripe

_METHOD = re.compile(r"\n    def ")
_CALL = re.compile(r'self\._request\(\s*"(get|post|delete)",\s*"(/v1/[^"]+)"')
_PARAMS = re.compile(r'params: (?:Optional\[\s*)?"(\w+)"')
_IMPORT = re.compile(r"from (stripe\.params\.[\w.]+) import \(?\s*([\w,\s]+?)\s*(?:\)|\n)")


@dataclass(frozen=True, slots=True)
class Route:
    """One call of Stripe's API: method, path template, and where its parameters are declared."""

    method: str
    path: str
    pattern: re.Pattern[str]
    params_module: str | None
    params_name: str | None

    def params_type(self) -> Any | None:  # noqa: ANN401 - a TypedDict class has no common type
        """The SDK's TypedDict of this call's parameters, None if it takes none."""
        if self.params_module is None or self.params_name is None:
            return None
        return getattr(import_module(self.params_module), self.params_name)


@cache
def routes() -> tuple[Route, ...]:
    """All (method, path) pairs of the v1 API that the SDK can call; fixed paths come first."""
    root = Path(stripe.__file__).parent
    found: list[Route] = []
    for source in sorted(root.rglob("*_service.py")):
        if "v2" not in source.relative_to(root).parts:
            found.extend(_routes_in(source.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda route: (route.path.count("{"), route.path)))


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route a request means, with the values of its path's placeholders."""
    for route in routes():
        if route.method == method and (match := route.pattern.fullmatch(path)):
            return route, match.groupdict()
    return None


def _routes_in(text: str) -> list[Route]:
    modules = {
        name.strip(): match[1] for match in _IMPORT.finditer(text) for name in match[2].split(",")
    }
    found = []
    for chunk in _METHOD.split(text)[1:]:
        if call := _CALL.search(chunk.split("\n    async def ")[0]):
            params = _PARAMS.search(chunk)
            name = params[1] if params else None
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(call[2]))
            found.append(
                Route(
                    method=call[1].upper(),
                    path=call[2],
                    pattern=re.compile(pattern),
                    params_module=modules.get(name) if name else None,
                    params_name=name,
                )
            )
    return found
