"""What a stake did, for the organization's members."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.domain.permissions import Permission, may
from portal.queries.identity.actors import Scope
from portal.queries.sponsorship.stake_effects import find_effects
from portal.web.access import current_actor, now, requires
from portal.web.identity.organization_frame import organization_frame

blueprint = Blueprint("stake_effects", __name__)


@blueprint.get("/organizations/<organization>/stake")
@requires(Permission.ORGANIZATION_DESK_READ)
def show(organization: Scope) -> ResponseReturnValue:
    """Needs raised, ballots cast, outcomes, decisions, and what shipped, for each project."""
    reads_needs = may(
        current_actor(), Permission.ORGANIZATION_NEED_READ, organization_id=organization.id
    )
    return render_template(
        "organizations/stake.html",
        effects=find_effects(organization.id, reads_needs=reads_needs, now=now()),
        **organization_frame(organization),
    )
