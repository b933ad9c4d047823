"""What a role is called on a page, and what it is for."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l

from portal.domain.contributors import INVITED_AS
from portal.domain.permissions import OrganizationRole, ProjectRole

ROLE_NAMES = {
    OrganizationRole.OWNER: _l("Owner"),
    OrganizationRole.BILLING: _l("Billing contact"),
    OrganizationRole.REPRESENTATIVE: _l("Representative"),
    OrganizationRole.DEPUTY: _l("Deputy"),
    OrganizationRole.EDITOR: _l("Editor"),
    OrganizationRole.VIEWER: _l("Viewer"),
    ProjectRole.LEAD: _l("Lead"),
    ProjectRole.MAINTAINER: _l("Maintainer"),
    ProjectRole.STEWARD: _l("Steward"),
    ProjectRole.TREASURER: _l("Treasurer"),
    INVITED_AS: _l("Contributor"),
}
ROLE_NOTES = {
    OrganizationRole.OWNER: _l("Everything but the ballot: profile, members, tiers, audit list"),
    OrganizationRole.BILLING: _l("Buys and cancels tiers, sees payments"),
    OrganizationRole.REPRESENTATIVE: _l(
        "Casts the organization’s one ballot; one person at a time"
    ),
    OrganizationRole.DEPUTY: _l("Casts it when the representative cannot; one person at a time"),
    OrganizationRole.EDITOR: _l("Edits the profile and the logo"),
    OrganizationRole.VIEWER: _l("Reads this desk"),
}


def role_name(role: str) -> str:
    """A role in the reader's language; an unknown one as it stands."""
    return str(ROLE_NAMES.get(role, role))


def role_names(roles: Iterable[str]) -> str:
    """Several roles in words, the weightiest first: ``Owner, Representative``."""
    order: list[str] = list(ROLE_NAMES)
    return ", ".join(role_name(role) for role in sorted(roles, key=order.index))
