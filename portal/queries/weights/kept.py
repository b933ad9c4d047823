"""What is kept between requests for as long as nothing that public pages show changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, ScalarSelect, String, cast, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.database import db
from portal.models.freshness import SITE, PageVersion

_MOST = 64

T = TypeVar("T")


class Kept(Generic[T]):
    """The newest value for each of the last projects asked for, on each database.

    A value holds while its ``state`` does: the versions of the project's pages, and the minute,
    since standing also changes by the clock alone.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._lock = Lock()
        self._values: WeakKeyDictionary[Any, OrderedDict[Hashable, tuple[Hashable, T]]] = (
            WeakKeyDictionary()
        )

    def get(self, key: Hashable, state: Hashable, make: Callable[[], T]) -> T:
        """The value kept for a key in this state; made anew in any other."""
        bind = db.session.get_bind()
        with self._lock:
            values = self._values.setdefault(bind, OrderedDict())
            found = values.get(key)
        if found is not None and found[0] == state:
            return found[1]
        value = make()
        with self._lock:
            values[key] = state, value
            values.move_to_end(key)
            while len(values) > _MOST:
                values.popitem(last=False)
        return value


def project_versions(
    project_id: ColumnElement[int] | InstrumentedAttribute[int] | int,
) -> tuple[ScalarSelect[int], ...]:
    """The versions on which a project's pages rest, as two columns of another statement."""
    scopes = literal("project:") + cast(project_id, String), SITE
    return tuple(
        select(PageVersion.version).where(PageVersion.scope == scope).scalar_subquery()
        for scope in scopes
    )


def project_state(versions: Iterable[int | None], now: datetime) -> Hashable:
    """The state in which what was computed of a project still holds."""
    return tuple(versions), now.replace(second=0, microsecond=0)
