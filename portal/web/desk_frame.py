"""The frame of a project's desk: navigation with only the pages that the reader may open."""

from __future__ import annotations

from typing import Any, TypeAlias

from flask import get_flashed_messages
from flask_babel import gettext as _

from portal.domain.permissions import Permission, may
from portal.domain.tasks import Desk
from portal.queries.desks.desks import find_project_tasks
from portal.queries.identity.actors import Scope
from portal.web.access import current_actor, now
from portal.web.projects.task_words import TaskLine, list_tasks

Entry: TypeAlias = tuple[str, str, int | None]


def desk_frame(project: Scope) -> dict[str, Any]:
    """What every template of a project's desk is given: ``project``, ``desk_nav``, ``next_task``.

    Where a message of the kind "done" says that a task is done, ``next_task`` is what to do next.
    """
    return {
        "project": project,
        "desk_nav": _navigation(project),
        "next_task": _next_task(project) if get_flashed_messages(False, ["done"]) else None,
    }


def _next_task(project: Scope) -> TaskLine | None:
    tasks = find_project_tasks(project.id, current_actor(), now=now())
    roots = {(Desk.PROJECT, project.id): (f"/desk/{project.slug}", "")}
    return list_tasks(tasks, roots, now=now()).first


def _navigation(project: Scope) -> list[tuple[str, list[Entry]]]:
    sections = (
        (
            project.name,
            (
                ("", _("Overview"), Permission.PROJECT_DESK_READ),
                ("/proposals", _("Proposals and votes"), Permission.PROJECT_DESK_READ),
                ("/needs", _("Needs"), Permission.PROJECT_NEED_READ),
                ("/screening", _("Screening"), Permission.PROJECT_SCREENING_DECIDE),
                ("/support", _("Support"), Permission.PROJECT_SUPPORT_READ),
                ("/conduct", _("Conduct reports"), Permission.PROJECT_CONDUCT_HANDLE),
                ("/blocks", _("Blocks"), Permission.PROJECT_BLOCK_EDIT),
                ("/roadmap", _("Roadmap"), Permission.PROJECT_ROADMAP_EDIT),
                ("/sponsors", _("Sponsors"), Permission.PROJECT_SPONSORS_READ),
                ("/treasury", _("Treasury"), Permission.PROJECT_PAYMENTS_RECORD),
            ),
        ),
        (
            _("Rules and people"),
            (
                ("/tiers", _("Tiers"), Permission.PROJECT_TIERS_EDIT),
                ("/charter", _("Charter"), Permission.PROJECT_CHARTER_EDIT),
                ("/profile", _("Profile"), Permission.PROJECT_PROFILE_EDIT),
                ("/contributors", _("Contributors"), Permission.PROJECT_CONTRIBUTORS_EDIT),
                ("/maintainers", _("Maintainers"), Permission.PROJECT_MAINTAINERS_EDIT),
                ("/audit", _("Audit list"), Permission.PROJECT_AUDIT_READ),
                ("/self-check", _("Self-check"), Permission.PROJECT_LEDGER_READ),
            ),
        ),
    )
    actor, root = current_actor(), f"/desk/{project.slug}"
    navigation: list[tuple[str, list[Entry]]] = []
    for heading, pages in sections:
        entries: list[Entry] = [
            (root + path, label, None)
            for path, label, permission in pages
            if may(actor, permission, project_id=project.id)
        ]
        if entries:
            navigation.append((heading, entries))
    around: list[Entry] = [
        (f"/p/{project.slug}", _("Public pages"), None),
        ("/desk", _("All my desks"), None),
    ]
    return [*navigation, ("", around)]
