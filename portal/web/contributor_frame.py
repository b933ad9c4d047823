"""The frame of a contributor's own pages in a project."""

from __future__ import annotations

from typing import Any, TypeAlias

from flask_babel import gettext as _

from portal.queries.identity.actors import Scope

Entry: TypeAlias = tuple[str, str, int | None]


def contributor_frame(project: Scope) -> dict[str, Any]:
    """What each template of a contributor's pages is given: ``project``, ``root``, ``desk_nav``."""
    root = f"/contributor/{project.slug}"
    own: list[Entry] = [
        (root, _("Your part"), None),
        (f"{root}/needs", _("Your needs"), None),
        (f"{root}/statements", _("Your statements"), None),
    ]
    around: list[Entry] = [
        (f"/p/{project.slug}", _("Public pages"), None),
        (f"/p/{project.slug}/conduct", _("Conduct"), None),
        ("/desk", _("All my desks"), None),
    ]
    return {"project": project, "root": root, "desk_nav": [(project.name, own), ("", around)]}
