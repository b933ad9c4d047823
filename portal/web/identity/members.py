"""The members of an organization: invited, given roles, removed, leaving."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import OrganizationRole, Permission
from portal.queries.identity.actors import Scope
from portal.queries.identity.organizations import Member, get_members_page
from portal.services.identity.invitations import (
    invite_member,
    resend_invitation,
    withdraw_invitation,
)
from portal.services.identity.memberships import change_roles, leave_organization
from portal.web.access import current_actor, now, requires
from portal.web.addresses import public_url
from portal.web.forms import refused
from portal.web.identity.organization_forms import InviteForm, RolesForm
from portal.web.identity.organization_frame import organization_frame
from portal.web.identity.role_names import ROLE_NOTES
from portal.web.limits import limited

blueprint = Blueprint("members", __name__)


@blueprint.get("/organizations/<organization>/members")
@requires(Permission.ORGANIZATION_DESK_READ)
def show(organization: Scope) -> ResponseReturnValue:
    """Members, open invitations and the form to invite."""
    return _page(organization, InviteForm())


@blueprint.post("/organizations/<organization>/members")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
@limited("60 per hour")
def invite(organization: Scope) -> ResponseReturnValue:
    """Invite somebody by e-mail."""
    form = InviteForm()
    if form.validate():
        try:
            with transaction():
                invite_member(
                    current_actor(),
                    organization.id,
                    email=form.email.data,
                    role=OrganizationRole(form.role.data),
                    link_url=_link,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("The invitation to %(email)s is on its way.", email=form.email.data), "good")
            return _to_members(organization)
    return _page(organization, form), 422


@blueprint.post("/organizations/<organization>/invitations/<int:invitation_id>/resend")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
@limited("60 per hour")
def resend(organization: Scope, invitation_id: int) -> ResponseReturnValue:
    """Send an invitation again, under a new link."""
    with transaction():
        resend_invitation(
            current_actor(), organization.id, invitation_id, link_url=_link, now=now()
        )
    flash(_("The invitation is sent again; its old link no longer works."), "good")
    return _to_members(organization)


@blueprint.post("/organizations/<organization>/invitations/<int:invitation_id>/withdraw")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
def withdraw(organization: Scope, invitation_id: int) -> ResponseReturnValue:
    """Make an invitation worthless."""
    with transaction():
        withdraw_invitation(current_actor(), organization.id, invitation_id, now=now())
    flash(_("The invitation is withdrawn."), "good")
    return _to_members(organization)


@blueprint.get("/organizations/<organization>/members/<int:person_id>")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
def show_roles(organization: Scope, person_id: int) -> ResponseReturnValue:
    """One member's roles."""
    member = _member(organization, person_id)
    return _roles_page(organization, member, RolesForm(data={"roles": sorted(member.roles)}))


@blueprint.post("/organizations/<organization>/members/<int:person_id>")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
def save_roles(organization: Scope, person_id: int) -> ResponseReturnValue:
    """Give a member other roles."""
    form = RolesForm()
    if form.validate() and not form.roles.data:
        form.roles.errors = [_("Choose at least one role, or remove this member below.")]
    elif form.validate():
        try:
            with transaction():
                change_roles(
                    current_actor(),
                    organization.id,
                    person_id,
                    form.read_roles(),
                    replace=form.replace.data,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("The roles are saved."), "good")
            return _to_members(organization)
    return _roles_page(organization, _member(organization, person_id), form), 422


@blueprint.post("/organizations/<organization>/members/<int:person_id>/remove")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
def remove(organization: Scope, person_id: int) -> ResponseReturnValue:
    """Take all roles from a member."""
    try:
        with transaction():
            change_roles(current_actor(), organization.id, person_id, frozenset(), now=now())
    except Refusal as refusal:
        flash(refusal.message, "error")
        return redirect(
            url_for("members.show_roles", organization=organization.slug, person_id=person_id), 303
        )
    flash(_("The member is removed."), "good")
    if person_id == current_actor().person_id:
        return redirect("/desk", 303)
    return _to_members(organization)


@blueprint.post("/organizations/<organization>/leave")
@requires(Permission.ORGANIZATION_DESK_READ)
def leave(organization: Scope) -> ResponseReturnValue:
    """Give up all one's own roles."""
    try:
        with transaction():
            leave_organization(current_actor(), organization.id, now=now())
    except Refusal as refusal:
        flash(refusal.message, "error")
        return _to_members(organization)
    flash(_("You left %(name)s.", name=organization.name), "good")
    return redirect("/desk", 303)


def _link(token: str) -> str:
    return public_url("invitations.show", token=token)


def _member(organization: Scope, person_id: int) -> Member:
    members = get_members_page(organization.id, now=now()).members
    member = next((one for one in members if one.person_id == person_id), None)
    if member is None:
        raise NotFound("member")
    return member


def _page(organization: Scope, form: InviteForm) -> str:
    return render_template(
        "organizations/members.html",
        page=get_members_page(organization.id, now=now()),
        form=form,
        role_notes=ROLE_NOTES,
        myself=current_actor().person_id,
        **organization_frame(organization),
    )


def _roles_page(organization: Scope, member: Member, form: RolesForm) -> str:
    return render_template(
        "organizations/roles.html",
        member=member,
        form=form,
        role_notes=ROLE_NOTES,
        **organization_frame(organization),
    )


def _to_members(organization: Scope) -> ResponseReturnValue:
    return redirect(url_for("members.show", organization=organization.slug), 303)
