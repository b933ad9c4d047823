"""What an address may name: whole numbers that a column takes, and text without NUL."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, request
from werkzeug.routing import IntegerConverter, Map

_LARGEST = 2**31 - 1


class RowNumber(IntegerConverter):
    """A number that a column takes; any larger one names nothing, so it is not found."""

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:  # noqa: A002, ANN401
        """Take the router's options, with the largest number as upper end."""
        super().__init__(map, *args, **{"max": _LARGEST} | options)


def asked_number(name: str) -> int | None:
    """A number after the question mark; None if it is missing or names nothing."""
    number = request.args.get(name, type=int)
    return number if number is not None and 0 < number <= _LARGEST else None


def read_number(text: str | None) -> int:
    """A number that a page handed out; 0, which no row has, if it came back as something else."""
    well_formed = text is not None and text.isascii() and text.isdecimal() and len(text) < 10  # noqa: PLR2004 - figures
    return int(text) if text is not None and well_formed else 0


def init_row_numbers(app: Flask) -> None:
    """Let every ``<int:…>`` end where columns end; refuse addresses that no database takes."""
    app.url_map.converters["int"] = RowNumber

    @app.before_request
    def refuse_nul() -> None:
        """PostgreSQL keeps no NUL, so an address with one names nothing."""
        if "\0" in request.path or any("\0" in asked for asked in request.args.values()):
            abort(404)
