"""Signing in and out: mailed links and identity providers."""

from __future__ import annotations

import secrets

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, logout_user

from portal.database import transaction
from portal.domain.errors import NotFound, Refusal
from portal.domain.identity import local_path
from portal.domain.tokens import hash_token
from portal.ports.identity import IdentityProvider, SignInFailed
from portal.queries.billing.accounts import find_link_state
from portal.queries.identity.actors import find_actor
from portal.services.identity.sessions import sign_out
from portal.services.identity.signing_in import (
    SessionBegun,
    ask_for_link,
    explain_link,
    sign_in_with_identity,
    use_link,
)
from portal.web.access import collaborators, now, public, sign_in_browser
from portal.web.addresses import public_url
from portal.web.browsers import describe_browser
from portal.web.forms import refused
from portal.web.identity.identity_forms import SignInForm
from portal.web.limits import limited

blueprint = Blueprint("sign_in", __name__)

DESK = "/desk"
_SECRET = "link_secret"  # noqa: S105 - the name of a session entry
_ASKED = "asked_for"
_AWAY = "away_at_provider"


@blueprint.get("/sign-in")
@public
def ask() -> ResponseReturnValue:
    """Offer the ways to sign in."""
    next_path = local_path(request.args.get("next"), "")
    if current_user.is_authenticated:
        return redirect(next_path or DESK, 303)
    return _ask_page(SignInForm(data={"next": next_path}))


@blueprint.post("/sign-in")
@public
@limited("10 per minute; 60 per hour")
def send_link() -> ResponseReturnValue:
    """Mail a sign-in link; the answer is the same for every address."""
    form = SignInForm()
    if form.validate():
        secret = session.setdefault(_SECRET, secrets.token_urlsafe(32))
        try:
            with transaction():
                ask_for_link(
                    form.email.data,
                    browser_secret=secret,
                    next_path=form.next.data or "",
                    link_url=lambda token: public_url("sign_in.open_link", token=token),
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            session[_ASKED] = form.email.data
            return redirect(url_for("sign_in.sent"), 303)
    return _ask_page(form), 422


@blueprint.get("/sign-in/sent")
@public
def sent() -> ResponseReturnValue:
    """Say where to look for the mail."""
    return render_template("sign_in/sent.html", email=session.get(_ASKED, ""))


@blueprint.get("/sign-in/link/<token>")
@public
def open_link(token: str) -> ResponseReturnValue:
    """Show the button that signs in: opening the page, as mail scanners do, uses nothing up."""
    state = find_link_state(token, browser_secret=session.get(_SECRET, ""), now=now())
    problem = explain_link(state)
    page = render_template("sign_in/link.html", problem=problem)
    return page, 422 if problem else 200


@blueprint.post("/sign-in/link/<token>")
@public
def enter_by_link(token: str) -> ResponseReturnValue:
    """Use the link up and sign in."""
    try:
        with transaction():
            begun = use_link(
                token, browser_secret=session.get(_SECRET, ""), browser=browser_name(), now=now()
            )
    except Refusal as refusal:
        return render_template("sign_in/link.html", problem=refusal.message), 422
    return enter(begun)


@blueprint.get("/sign-in/with/<provider>")
@public
def leave(provider: str) -> ResponseReturnValue:
    """Send the browser to an identity provider; its secrets wait in the session."""
    chosen = _provider(provider)
    next_path = local_path(request.args.get("next"), "")
    try:
        begun = chosen.begin(public_url("sign_in.come_back", provider=provider))
    except SignInFailed as failure:
        return _failed(chosen, failure, next_path)
    session[_AWAY] = {
        "provider": provider,
        "secrets": dict(begun.secrets),
        "next": next_path,
    }
    return redirect(begun.url, 303)


@blueprint.get("/sign-in/return/<provider>")
@public
def come_back(provider: str) -> ResponseReturnValue:
    """Check what the provider says and sign in; the waiting secrets are good for one answer."""
    chosen = _provider(provider)
    away = session.pop(_AWAY, None) or {}
    next_path = away.get("next", "")
    waiting = away.get("secrets", {}) if away.get("provider") == provider else {}
    try:
        seen = chosen.finish(
            public_url("sign_in.come_back", provider=provider), request.args.to_dict(), waiting
        )
        with transaction():
            begun = sign_in_with_identity(
                seen, next_path=next_path, browser=browser_name(), now=now()
            )
    except SignInFailed as failure:
        return _failed(chosen, failure, next_path)
    except Refusal as refusal:
        flash(refusal.message, "error")
        return _ask_again(next_path)
    return enter(begun)


@blueprint.post("/sign-out")
@public
def leave_portal() -> ResponseReturnValue:
    """End this browser's session, here and on the server."""
    if current_user.is_authenticated:
        with transaction():
            sign_out(current_user.get_id(), now=now())
    logout_user()
    session.clear()
    flash(_("You are signed out."), "good")
    return redirect("/", 303)


def enter(begun: SessionBegun) -> ResponseReturnValue:
    """Hand the browser its new session and send it on; newcomers are asked for their name first."""
    actor = find_actor(hash_token(begun.token), now=now())
    if actor is None:
        raise NotFound("session")
    sign_in_browser(begun.token, actor)
    next_path = begun.next_path or DESK
    if begun.is_new_person:
        return redirect(url_for("account.name", next=next_path), 303)
    return redirect(next_path, 303)


def _ask_page(form: SignInForm) -> str:
    return render_template(
        "sign_in/ask.html", form=form, providers=collaborators().identity.values()
    )


def _provider(key: str) -> IdentityProvider:
    provider = collaborators().identity.get(key)
    if provider is None:
        raise NotFound
    return provider


def _failed(
    provider: IdentityProvider, failure: SignInFailed, next_path: str
) -> ResponseReturnValue:
    current_app.logger.warning("sign-in with %s failed: %s", provider.key, failure)
    flash(
        _(
            "Signing in with %(provider)s did not work. Try again, or use a link by e-mail.",
            provider=provider.label,
        ),
        "error",
    )
    return _ask_again(next_path)


def _ask_again(next_path: str) -> ResponseReturnValue:
    return redirect(url_for("sign_in.ask", next=next_path or None), 303)


def browser_name() -> str:
    """How the list of sessions calls the browser that asks."""
    return describe_browser(request.user_agent.string)
