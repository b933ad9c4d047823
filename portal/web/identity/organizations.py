"""An organization's desk: founding it, its overview, profile, relations and audit list."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.identity import local_path
from portal.domain.organizations import OrganizationKind
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.identity.audit import list_organization_audit
from portal.queries.identity.organizations import (
    get_organization_desk,
    get_profile,
)
from portal.services.billing.tax_ids import looks_wrong
from portal.services.identity.organizations import (
    agree_parent,
    ask_parent,
    edit_profile,
    found_organization,
    leave_parent,
    refuse_parent,
)
from portal.services.sent_forms import take_form
from portal.web.access import current_actor, now, requires
from portal.web.forms import refused
from portal.web.identity.organization_forms import FoundForm, ParentForm, ProfileForm
from portal.web.identity.organization_frame import organization_frame
from portal.web.limits import limited
from portal.web.row_numbers import asked_number

blueprint = Blueprint("organizations", __name__)


@blueprint.get("/organizations/new")
@requires(Permission.PERSON_ORGANIZATION_FOUND)
def ask_found() -> ResponseReturnValue:
    """Ask for the new organization's name; ``next`` is where somebody was about to buy."""
    form = FoundForm(data={"next": local_path(request.args.get("next"), "")})
    return render_template("organizations/new.html", form=form)


@blueprint.post("/organizations/new")
@requires(Permission.PERSON_ORGANIZATION_FOUND)
@limited("20 per hour")
def found() -> ResponseReturnValue:
    """Found an organization."""
    form = FoundForm()
    if form.validate():
        try:
            with transaction():
                take_form(form.sent, now=now())
                slug = found_organization(
                    current_actor(),
                    name=form.name.data,
                    kind=OrganizationKind(form.kind.data),
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("The organization is founded. You are its owner and representative."), "good")
            here = url_for("organizations.show", organization=slug)
            return redirect(local_path(form.next.data, here), 303)
    return render_template("organizations/new.html", form=form), 422


@blueprint.get("/organizations/<organization>")
@requires(Permission.ORGANIZATION_DESK_READ)
def show(organization: Scope) -> ResponseReturnValue:
    """The overview: what waits, sponsorships, members."""
    return render_template(
        "organizations/show.html",
        desk=get_organization_desk(organization.id, now=now()),
        **organization_frame(organization),
    )


@blueprint.get("/organizations/<organization>/profile")
@requires(Permission.ORGANIZATION_PROFILE_EDIT)
def show_profile(organization: Scope) -> ResponseReturnValue:
    """The profile's editor."""
    profile = get_profile(organization.id).profile
    return _profile_page(organization, ProfileForm(data=asdict(profile)), ParentForm())


@blueprint.post("/organizations/<organization>/profile")
@requires(Permission.ORGANIZATION_PROFILE_EDIT)
def save_profile(organization: Scope) -> ResponseReturnValue:
    """Save the profile; a doubtful tax id is saved, and the doubt told."""
    form = ProfileForm()
    if form.validate():
        try:
            with transaction():
                reviewed = edit_profile(
                    current_actor(),
                    organization.id,
                    form.read_profile(),
                    picture=form.picture,
                    remove_picture=form.remove_logo.data,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            _tell_saved(form, reviewed=reviewed)
            return redirect(
                url_for("organizations.show_profile", organization=organization.slug), 303
            )
    return _profile_page(organization, form, ParentForm(formdata=None)), 422


@blueprint.post("/organizations/<organization>/parent")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
def name_parent(organization: Scope) -> ResponseReturnValue:
    """Say which organization this one belongs to."""
    form = ParentForm()
    if form.validate():
        try:
            with transaction():
                ask_parent(current_actor(), organization.id, form.parent.data, now=now())
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("It holds once an owner of the parent company agrees."), "good")
            return _to_profile(organization)
    profile = get_profile(organization.id).profile
    page = _profile_page(organization, ProfileForm(formdata=None, data=asdict(profile)), form)
    return page, 422


@blueprint.post("/organizations/<organization>/parent/leave")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
def end_parent(organization: Scope) -> ResponseReturnValue:
    """End the relation to the parent, or take back the question."""
    with transaction():
        leave_parent(current_actor(), organization.id, now=now())
    flash(_("The relation is ended. Votes that are open keep their electors."), "good")
    return _to_profile(organization)


@blueprint.post("/organizations/<organization>/daughters/<daughter>/agree")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
def agree_daughter(organization: Scope, daughter: str) -> ResponseReturnValue:
    """Agree that a company belongs to this one."""
    with transaction():
        agree_parent(current_actor(), organization.id, daughter, now=now())
    flash(_("From the next record date you share one ballot."), "good")
    return redirect(url_for("organizations.show", organization=organization.slug), 303)


@blueprint.post("/organizations/<organization>/daughters/<daughter>/refuse")
@requires(Permission.ORGANIZATION_MEMBERS_EDIT)
def refuse_daughter(organization: Scope, daughter: str) -> ResponseReturnValue:
    """Say that a company does not, or no longer, belong to this one."""
    with transaction():
        refuse_parent(current_actor(), organization.id, daughter, now=now())
    flash(_("The relation does not hold."), "good")
    return redirect(url_for("organizations.show", organization=organization.slug), 303)


@blueprint.get("/organizations/<organization>/audit")
@requires(Permission.ORGANIZATION_AUDIT_READ)
def audit(organization: Scope) -> ResponseReturnValue:
    """Every change, newest first."""
    before = asked_number("before")
    return render_template(
        "organizations/audit.html",
        page=list_organization_audit(organization.id, before=before),
        before=before,
        **organization_frame(organization),
    )


def _profile_page(organization: Scope, form: ProfileForm, parent_form: ParentForm) -> str:
    return render_template(
        "organizations/profile.html",
        page=get_profile(organization.id),
        form=form,
        parent_form=parent_form,
        **organization_frame(organization),
    )


def _to_profile(organization: Scope) -> ResponseReturnValue:
    return redirect(url_for("organizations.show_profile", organization=organization.slug), 303)


def _tell_saved(form: ProfileForm, *, reviewed: bool) -> None:
    flash(_("The profile is saved."), "good")
    if reviewed:
        flash(
            _("Maintainers approve the new presentation; until then the approved one is shown."),
            "live",
        )
    if looks_wrong(form.country.data or "", form.tax_id.data or ""):
        flash(
            _("The tax id is saved, but it does not look like one of that country. Check it."),
            "live",
        )
