"""The frame of an organization's desk: navigation with only the pages the reader may open."""

from __future__ import annotations

from typing import Any, TypeAlias

from flask_babel import gettext as _

from portal.domain.permissions import Permission, may
from portal.queries.identity.actors import Scope
from portal.web.access import current_actor

Entry: TypeAlias = tuple[str, str, int | None]


def organization_frame(organization: Scope) -> dict[str, Any]:
    """What every template of an organization's desk is given: ``organization``, ``desk_nav``.

    ``may`` answers whether the reader holds a permission here, by its value.
    """
    actor = current_actor()

    def allowed(permission: str) -> bool:
        return may(actor, Permission(permission), organization_id=organization.id)

    root = f"/organizations/{organization.slug}"
    pages = (
        ("", _("Overview"), Permission.ORGANIZATION_DESK_READ),
        ("/votes", _("Votes"), Permission.ORGANIZATION_DESK_READ),
        ("/stake", _("What your stake did"), Permission.ORGANIZATION_DESK_READ),
        ("/billing", _("Billing"), Permission.ORGANIZATION_PAYMENTS_READ),
        ("/needs", _("Needs"), Permission.ORGANIZATION_NEED_READ),
        ("/statements", _("Statements"), Permission.ORGANIZATION_STATEMENT_READ),
        ("/support", _("Support"), Permission.ORGANIZATION_SUPPORT_ASK),
        ("/profile", _("Profile"), Permission.ORGANIZATION_PROFILE_EDIT),
        ("/members", _("Members"), Permission.ORGANIZATION_DESK_READ),
        ("/audit", _("Audit list"), Permission.ORGANIZATION_AUDIT_READ),
    )
    entries: list[Entry] = [
        (root + path, label, None) for path, label, permission in pages if allowed(permission)
    ]
    around: list[Entry] = [
        (f"/o/{organization.slug}", _("Public page"), None),
        ("/desk", _("All my desks"), None),
    ]
    navigation = [(organization.name, entries), ("", around)]
    return {"organization": organization, "desk_nav": navigation, "may": allowed}
