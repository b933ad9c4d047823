"""Form parameters in Stripe's bracket notation, decoded and checked against the SDK's types."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

import typing_extensions
from stripe import StripeObject
from stripe._request_options import RequestOptions

from portal.sandbox.dialect import Route
from portal.sandbox.errors import StripeError

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_METADATA_KEYS, _MAX_METADATA_NAME, _MAX_METADATA_VALUE = 50, 40, 500
_INTEGER_LIMIT = 2**63


def read_parameters(route: Route, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The request's parameters as typed values.

    Refuses, with Stripe's codes, what the SDK does not declare for this route
    (``parameter_unknown``), what it requires and is absent (``parameter_missing``), and values of
    another type (``parameter_invalid_integer``, ``parameter_invalid_empty``, or no code).
    """
    decoded = _decode(pairs)
    declared = route.params_type()
    if declared is None:
        if decoded:
            raise _unknown(next(iter(decoded)))
        return {}
    return _read_fields(decoded, declared, "")


def _decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nest ``a[b][0]=x`` as dictionaries; lists become lists when their type is known."""
    root: dict[str, Any] = {}
    for key, value in pairs:
        match = _KEY.fullmatch(key)
        if match is None:
            raise _unknown(key)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        node = root
        for step in path[:-1]:
            child = node.setdefault(step or str(len(node)), {})
            if not isinstance(child, dict):
                raise StripeError(f"Invalid object: {key}", param=key)
            node = child
        node[path[-1] or str(len(node))] = value
    return root


@cache
def _fields_of(declared: Any) -> dict[str, Any]:  # noqa: ANN401 - a TypedDict class
    """Field types of one of the SDK's parameter TypedDicts, without its request options."""
    own = dict(declared.__annotations__)
    if RequestOptions in declared.__orig_bases__:
        for option in RequestOptions.__annotations__:
            own.pop(option)
    bearer = type("Fields", (), {"__annotations__": own, "__module__": declared.__module__})
    return typing_extensions.get_type_hints(bearer)


def _read_fields(values: dict[str, Any], declared: Any, path: str) -> dict[str, Any]:  # noqa: ANN401
    fields = _fields_of(declared)
    for name in values:
        if name not in fields:
            raise _unknown(_join(path, name))
    for name in sorted(declared.__required_keys__):
        if name in fields and name not in values:
            where = _join(path, name)
            raise StripeError(
                f"Missing required param: {where}.", code="parameter_missing", param=where
            )
    return {name: _read(value, fields[name], _join(path, name)) for name, value in values.items()}


def _read(value: Any, hint: Any, path: str) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """One value as its declared type; of a union, the first member that can hold it."""
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    literals = [name for member in members if get_origin(member) is Literal
                for name in get_args(member)]  # fmt: skip
    if isinstance(value, dict):
        return _read_nested(value, members, path)
    if value in literals:
        return value
    if value == "":
        raise StripeError(f"Empty value for '{path}'.", code="parameter_invalid_empty", param=path)
    if any(literals) and not {int, float} & set(members):
        # The SDK leaves enumerations open for later versions; this one knows no more members.
        allowed = ", ".join(str(name) for name in literals if name)
        raise StripeError(f"Invalid {path}: must be one of {allowed}", param=path)
    return _read_scalar(value, members, path)


def _read_nested(value: dict[str, Any], members: tuple[Any, ...], path: str) -> Any:  # noqa: ANN401
    for member in members:
        origin = get_origin(member)
        if hasattr(member, "__required_keys__"):
            return _read_fields(value, member, path)
        if origin is list and all(name.isdigit() for name in value):
            (inner,) = get_args(member)
            ordered = sorted(value.items(), key=lambda item: int(item[0]))
            return [_read(item, inner, f"{path}[{name}]") for name, item in ordered]
        if origin is dict:
            return _read_map(value, get_args(member)[1], path)
    raise StripeError(f"Invalid value for '{path}'.", param=path)


def _read_map(value: dict[str, Any], inner: Any, path: str) -> dict[str, Any]:  # noqa: ANN401
    """A free map such as metadata, within Stripe's limits; an empty value unsets its key."""
    if len(value) > _MAX_METADATA_KEYS:
        raise StripeError(f"Too many keys in '{path}'.", param=path)
    for name, item in value.items():
        if len(name) > _MAX_METADATA_NAME:
            raise StripeError(f"Key too long in '{path}': {name}", param=path)
        if isinstance(item, str) and len(item) > _MAX_METADATA_VALUE:
            raise StripeError(f"Value too long for '{path}[{name}]'.", param=_join(path, name))
    return {
        name: item if item == "" else _read(item, inner, _join(path, name))
        for name, item in value.items()
    }


def _read_scalar(value: str, members: tuple[Any, ...], path: str) -> Any:  # noqa: ANN401
    if bool in members:
        if value in ("true", "false"):
            return value == "true"
        raise StripeError(f"Invalid boolean: {value}", param=path)
    if int in members:
        if re.fullmatch(r"-?\d+", value, re.ASCII) and abs(int(value)) < _INTEGER_LIMIT:
            return int(value)
        raise StripeError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=path)
    if str in members:
        return value
    if any(
        hasattr(member, "__required_keys__")
        or get_origin(member) in (list, dict)
        or (isinstance(member, type) and issubclass(member, StripeObject))
        for member in members
    ):
        raise StripeError(f"Invalid object: {value}", param=path)
    # What remains are decimals, which travel as strings.
    if not re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII):
        raise StripeError(f"Invalid decimal: {value}", param=path)
    return value


def _unknown(name: str) -> StripeError:
    return StripeError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
