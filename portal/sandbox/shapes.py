"""Objects checked against the resource types that the installed SDK ships."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import types
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from stripe import ListObject, StripeObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._stripe_object import UntypedStripeObject

from portal.sandbox.store import JSON

_PLAIN: dict[object, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (int, float),
    str: (str,),
}


def find_problems(thing: JSON, path: str = "") -> list[str]:
    """Where an object differs from the SDK's type of its kind, one line each.

    Named are members that the SDK requires and are missing, members it does not know, and values
    of another type. Enumerations are taken as closed: the pinned version knows all its members.
    """
    kind = thing.get("object")
    if kind == "list":
        return _check(thing, ListObject[Any], path or "list")
    if kind not in OBJECT_CLASSES:
        return [f"{path}: {kind!r} is no kind of object"]
    module, name = OBJECT_CLASSES[kind]
    return _check_members(thing, getattr(import_module(module), name), path or kind)


def _check_members(thing: JSON, declared: type, path: str) -> list[str]:
    hints = _hints_of(declared)
    problems = [f"{path}.{name}: not known to the SDK" for name in thing if name not in hints]
    for name, hint in hints.items():
        if name in thing:
            problems += _check(thing[name], hint, f"{path}.{name}")
        elif type(None) not in _members(hint):
            problems.append(f"{path}.{name}: required but missing")
    return problems


def _check(value: Any, hint: Any, path: str) -> list[str]:  # noqa: ANN401 - JSON and its types
    """Problems of one value; of a union, those of the member that comes nearest."""
    members = _members(hint)
    literals = [name for member in members if get_origin(member) is Literal
                for name in get_args(member)]  # fmt: skip
    if literals and isinstance(value, str) and set(members) <= _open_enumeration(members):
        return [] if value in literals else [f"{path}: {value!r} is not one of {literals}"]
    found = [_check_one(value, member, path) for member in members]
    fitting = [problems for problems in found if problems is not None]
    return min(fitting, key=len) if fitting else [f"{path}: {value!r:.60} is not {hint}"]


def _open_enumeration(members: tuple[Any, ...]) -> set[Any]:
    return {str, type(None), *(member for member in members if get_origin(member) is Literal)}


def _check_one(value: Any, hint: Any, path: str) -> list[str] | None:  # noqa: ANN401
    """Problems inside a value of this type, None if it is not of this type at all."""
    origin = get_origin(hint)
    if hint in _PLAIN:
        fits = isinstance(value, _PLAIN[hint]) and isinstance(value, bool) is (hint is bool)
    elif hint is Decimal:
        fits = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    elif origin is Literal:
        fits = value in get_args(hint)
    elif origin is list:
        return _check_all(value, get_args(hint)[0], path) if isinstance(value, list) else None
    elif isinstance(value, dict) and hint is not Any:
        return _check_object(value, hint, path)
    else:
        fits = hint is Any or (value is None and hint is type(None))
    return [] if fits else None


def _check_object(value: JSON, hint: Any, path: str) -> list[str] | None:  # noqa: ANN401
    origin = get_origin(hint) or hint
    if origin is ListObject:
        (inner,) = get_args(hint)
        problems = _check_members({**value, "data": []}, ListObject, path)
        return problems + _check_all(value.get("data", []), inner, f"{path}.data")
    if origin in (UntypedStripeObject, dict):
        inner = (get_args(hint) or (Any,))[-1]
        return [line for name, item in value.items()
                for line in _check(item, inner, f"{path}.{name}")]  # fmt: skip
    if not (isinstance(origin, type) and issubclass(origin, StripeObject)):
        return None
    expected = getattr(origin, "OBJECT_NAME", None)
    if expected is None:
        return _check_members(value, origin, path)
    return find_problems(value, path) if value.get("object") == expected else None


def _check_all(values: list[Any], inner: Any, path: str) -> list[str]:  # noqa: ANN401
    found = []
    for position, value in enumerate(values):
        if inner is Any and isinstance(value, dict) and "object" in value:
            found += find_problems(value, f"{path}[{position}]")
        else:
            found += _check(value, inner, f"{path}[{position}]")
    return found


def _members(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(inner for member in get_args(hint) for inner in _members(member))
    return (hint,)


@cache
def _hints_of(declared: type) -> dict[str, Any]:
    """Resolved annotations of one of the SDK's classes, its constants left out."""
    own = dict(inspect.get_annotations(declared))
    if declared is ListObject:
        own |= {"object": Literal["list"], "data": list[Any]}
    bearer = type("Members", (), {"__annotations__": own, "__module__": declared.__module__})
    hints = get_type_hints(bearer, localns=_imported_for_types(declared.__module__))
    return {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar}


@cache
def _imported_for_types(module: str) -> dict[str, Any]:
    """What a module of the SDK imports for type checkers only."""
    source = ast.parse(inspect.getsource(sys.modules[module]))
    found: dict[str, Any] = {}
    for node in source.body:
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            continue
        for line in node.body:
            if isinstance(line, ast.ImportFrom) and ".params" not in str(line.module):
                origin = import_module(str(line.module))
                found |= {
                    alias.asname or alias.name: getattr(origin, alias.name) for alias in line.names
                }
    return found
