"""The program that goes into every bundle: the rule book's own sources, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]
_CHECKER = "portal.domain.record.bundle"
# Where a bundle is checked there is no NumPy: the same count with whole numbers alone.
_PLAIN = {"portal.domain.tally.schulze": "portal.domain.tally.schulze_plain"}


def pack_program(script: bytes) -> dict[str, bytes]:
    """The files of the program, by their place in the bundle."""
    return {"verify.py": script} | _sources()


@lru_cache(maxsize=1)
def _sources() -> dict[str, bytes]:
    """Every module that the check needs, found by following the imports."""
    packed: dict[str, bytes] = {}
    waiting = [_CHECKER]
    while waiting:
        name = waiting.pop()
        source = _find(_PLAIN.get(name, name))
        where = _find(name)
        if source is None or where is None:
            continue
        place = where.relative_to(_PACKAGE.parent).as_posix()
        if place not in packed:
            packed[place] = source.read_bytes()
            waiting += _imports(packed[place])
            waiting += [name.rpartition(".")[0]] if "." in name else []
    return packed


def _find(name: str) -> Path | None:
    """The file of a module or package of the portal; None for anything else."""
    path = _PACKAGE.parent.joinpath(*name.split("."))
    for place in (path.with_suffix(".py"), path / "__init__.py"):
        if name.split(".", maxsplit=1)[0] == "portal" and place.is_file():
            return place
    return None


def _imports(source: bytes) -> Iterator[str]:
    """The modules that a source imports when it runs, and what it may import from packages."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
