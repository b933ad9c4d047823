"""What does not match between this portal and the processor, and what to do about it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.permissions import Permission
from portal.domain.reconciliation import REMEDIES
from portal.queries.billing.reconciliation import find_reconciliation
from portal.queries.identity.actors import Scope
from portal.services.payments.reconciliation import list_processor, record_findings, set_aside
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame

blueprint = Blueprint("reconciliation", __name__)

_UNTIED = "/operator/reconciliation"
_PAGE = "/desk/<project>/reconciliation"


@blueprint.get(_PAGE)
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def show(project: Scope) -> ResponseReturnValue:
    """What stands open, since when, and what to do."""
    return render_template(
        "treasury/reconciliation.html",
        page=find_reconciliation(project.id),
        here=f"/desk/{project.slug}/reconciliation",
        remedies=REMEDIES,
        clock_url=collaborators().settings.stripe_api_base,
        **desk_frame(project),
    )


@blueprint.post(_PAGE)
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def compare(project: Scope) -> ResponseReturnValue:
    """Compare now instead of tonight."""
    return _compare(f"/desk/{project.slug}/reconciliation")


@blueprint.post(f"{_PAGE}/<int:finding>")
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def close(project: Scope, finding: int) -> ResponseReturnValue:
    """Set a finding aside for good."""
    return _set_aside(project.id, finding, f"/desk/{project.slug}/reconciliation")


@blueprint.get(_UNTIED)
@requires(Permission.PORTAL_PAYMENTS_COMPARE)
def show_untied() -> ResponseReturnValue:
    """What stands open and cannot be tied to a project: only the operator sees it."""
    return render_template(
        "treasury/reconciliation.html",
        page=find_reconciliation(None),
        here=_UNTIED,
        remedies=REMEDIES,
        clock_url=collaborators().settings.stripe_api_base,
    )


@blueprint.post(_UNTIED)
@requires(Permission.PORTAL_PAYMENTS_COMPARE)
def compare_untied() -> ResponseReturnValue:
    """Compare now instead of tonight."""
    return _compare(_UNTIED)


@blueprint.post(f"{_UNTIED}/<int:finding>")
@requires(Permission.PORTAL_PAYMENTS_COMPARE)
def close_untied(finding: int) -> ResponseReturnValue:
    """Set a finding aside for good."""
    return _set_aside(None, finding, _UNTIED)


def _compare(page: str) -> ResponseReturnValue:
    listing = list_processor(collaborators().payments, now=now())
    with transaction():
        record_findings(listing, now=now())
    flash(_("Compared with the processor."), "good")
    return redirect(page, 303)


def _set_aside(project_id: int | None, finding: int, page: str) -> ResponseReturnValue:
    with transaction():
        set_aside(current_actor(), project_id, finding, now=now())
    flash(_("Set aside."), "done")
    return redirect(page, 303)
