"""The guard of every route: who is asking, and whether they may."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from flask import Flask, current_app, g, session
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user

from portal.domain.errors import NotFound
from portal.domain.permissions import VISITOR, Actor, Permission, require
from portal.domain.tokens import hash_token
from portal.ports.collaborators import Collaborators
from portal.queries.identity.actors import find_actor, find_organization, find_project

View = Callable[..., ResponseReturnValue]

login_manager = LoginManager()
login_manager.login_view = "sign_in.ask"
login_manager.session_protection = None
login_manager.login_message = None


class SignedIn(UserMixin):  # type: ignore[misc]
    """What Flask-Login keeps of a signed-in person: the session token and the actor."""

    def __init__(self, token: str, actor: Actor) -> None:
        """Wrap an actor under the token that its browser holds."""
        self.id = token
        self.actor = actor

    @property
    def name(self) -> str:
        """The person's name, as the header shows it."""
        return self.actor.name


def now() -> datetime:
    """The instant of this request, the same throughout: time enters the portal here."""
    if "now" not in g:
        g.now = collaborators().clock.now()
    return cast("datetime", g.now)


def this_moment() -> datetime:
    """The instant at which this is asked, for what must be read inside a transaction."""
    return collaborators().clock.now()


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_signed_in(token: str) -> SignedIn | None:
    """Find the live session behind the cookie's token."""
    actor = find_actor(hash_token(token), now=now())
    return None if actor is None else SignedIn(token, actor)


def current_actor() -> Actor:
    """Whoever sent this request; the visitor if nobody is signed in."""
    return current_user.actor if current_user.is_authenticated else VISITOR


def collaborators() -> Collaborators:
    """The adapters and settings that app.py chose."""
    return cast("Collaborators", current_app.extensions["stakehold"])


def public(view: View) -> View:
    """Mark a route as open to everybody."""
    view.portal_access = "public"  # type: ignore[attr-defined]
    return view


def requires(permission: Permission) -> Callable[[View], View]:
    """Let a view run only for actors who hold the permission.

    The permission's scope says which part of the URL counts: ``<organization>`` or ``<project>``,
    which contributors' permissions take too, is looked up and handed to the view as a Scope.
    Strangers get 404, visitors are asked to sign in first, members without the right get 403 and
    the reason.
    """
    scope_of = permission.split(":", 1)[0]
    kind = "project" if scope_of == "contributor" else scope_of

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(**values: Any) -> ResponseReturnValue:  # noqa: ANN401 - the URL's parts
            if not current_user.is_authenticated:
                return cast("ResponseReturnValue", login_manager.unauthorized())
            ids: dict[str, int] = {}
            if kind in {"organization", "project"}:
                find = find_organization if kind == "organization" else find_project
                scope = find(values[kind])
                if scope is None:
                    raise NotFound(kind)
                values[kind] = scope
                ids[f"{kind}_id"] = scope.id
            require(current_actor(), permission, **ids)
            return view(**values)

        guarded.portal_access = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def init_access(app: Flask) -> None:
    """Install the session loader; templates look up who is signed in only where they ask."""
    login_manager.init_app(app, add_context_processor=False)
    app.jinja_env.globals["current_user"] = current_user


def sign_in_browser(token: str, actor: Actor) -> None:
    """Give the browser a session token, in a fresh cookie session."""
    session.clear()
    session.permanent = True
    login_user(SignedIn(token, actor))
