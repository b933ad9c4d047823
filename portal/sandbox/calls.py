"""How a call is answered: by a handler that names the parameters it acts on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.sandbox.account import Account
from portal.sandbox.catalog import update
from portal.sandbox.lists import list_objects
from portal.sandbox.store import JSON


@dataclass(frozen=True, slots=True)
class Call:
    """A request after its parameters were read."""

    account: Account
    params: JSON
    identifier: str
    site: str


Handler = Callable[[Call], JSON]


@dataclass(frozen=True, slots=True)
class Answerer:
    """A handler and the parameters it acts on, as dotted names; others are refused loudly."""

    handler: Handler
    acts_on: frozenset[str]


def get(kind: str) -> Answerer:
    """One object of a kind."""
    return Answerer(lambda call: call.account.get(kind, call.identifier), frozenset())


def listing(kind: str, *filters: str) -> Answerer:
    """A page of a kind's objects."""
    return Answerer(
        lambda call: list_objects(call.account, kind, call.params),
        frozenset({"limit", "starting_after", "ending_before", "created", *filters}),
    )


def creation(handler: Callable[[Account, JSON], JSON], *acts_on: str) -> Answerer:
    """A new object."""
    return Answerer(lambda call: handler(call.account, call.params), frozenset(acts_on))


def changing(kind: str, *acts_on: str) -> Answerer:
    """Other values for an object's members."""
    return Answerer(
        lambda call: update(call.account, call.account.get(kind, call.identifier), call.params),
        frozenset(acts_on),
    )
