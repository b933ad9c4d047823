"""A person's own account: name, sessions, linked accounts."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user, logout_user

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.identity import local_path
from portal.domain.permissions import Permission
from portal.queries.billing.accounts import Account, get_account
from portal.services.identity.people import rename_person, unlink_identity
from portal.services.identity.sessions import end_session, end_sessions
from portal.web.access import current_actor, now, requires
from portal.web.forms import refused
from portal.web.identity.identity_forms import NameForm
from portal.web.identity.role_names import role_name, role_names

blueprint = Blueprint("account", __name__)
blueprint.add_app_template_filter(role_name)
blueprint.add_app_template_filter(role_names)


@blueprint.get("/account")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def show() -> ResponseReturnValue:
    """Name, roles, linked accounts and the browsers that are signed in."""
    account = _account()
    return _page(account, NameForm(data={"name": account.name}))


@blueprint.post("/account")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def rename() -> ResponseReturnValue:
    """Change the name."""
    form = NameForm()
    if _renamed(form):
        flash(_("Your name is saved."), "good")
        return redirect(url_for("account.show"), 303)
    return _page(_account(), form), 422


@blueprint.get("/account/name")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def name() -> ResponseReturnValue:
    """Ask a newcomer for a name."""
    next_path = local_path(request.args.get("next"), "/desk")
    form = NameForm(data={"name": current_actor().name, "next": next_path})
    return render_template("account/name.html", form=form)


@blueprint.post("/account/name")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def choose_name() -> ResponseReturnValue:
    """Keep a newcomer's name and go on to where they were going."""
    form = NameForm()
    if _renamed(form):
        return redirect(local_path(form.next.data, "/desk"), 303)
    return render_template("account/name.html", form=form), 422


@blueprint.post("/account/sessions/<int:session_id>/end")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def end_one(session_id: int) -> ResponseReturnValue:
    """End one browser's session."""
    with transaction():
        end_session(current_actor(), session_id, now=now())
    flash(_("That browser is signed out."), "good")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/account/sessions/end-others")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def end_others() -> ResponseReturnValue:
    """End all sessions but this browser's."""
    with transaction():
        ended = end_sessions(current_actor(), keep_token=current_user.get_id(), now=now())
    flash(
        ngettext(
            "%(num)d other browser is signed out.", "%(num)d other browsers are signed out.", ended
        ),
        "good",
    )
    return redirect(url_for("account.show"), 303)


@blueprint.post("/account/sessions/end-all")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def end_everywhere() -> ResponseReturnValue:
    """End all sessions, this one too."""
    with transaction():
        end_sessions(current_actor(), keep_token=None, now=now())
    logout_user()
    session.clear()
    flash(_("You are signed out everywhere."), "good")
    return redirect("/", 303)


@blueprint.post("/account/identities/<int:identity_id>/remove")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def remove_identity(identity_id: int) -> ResponseReturnValue:
    """Forget a linked account."""
    with transaction():
        unlink_identity(current_actor(), identity_id, now=now())
    flash(_("That account no longer signs you in."), "good")
    return redirect(url_for("account.show"), 303)


def _account() -> Account:
    return get_account(current_actor().person_id or 0, token=current_user.get_id() or "", now=now())


def _renamed(form: NameForm) -> bool:
    if not form.validate():
        return False
    try:
        with transaction():
            rename_person(current_actor(), form.name.data)
    except Refusal as refusal:
        refused(form, refusal)
        return False
    return True


def _page(account: Account, form: NameForm) -> str:
    return render_template("account/show.html", account=account, form=form)
