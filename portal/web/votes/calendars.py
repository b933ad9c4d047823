"""The deadline of a vote as a calendar file."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.domain.errors import NotFound
from portal.queries.identity.actors import find_project
from portal.queries.votes.windows import Deadline, get_deadline
from portal.web.access import collaborators, public

blueprint = Blueprint("calendars", __name__)

_AHEAD = timedelta(days=1)


@blueprint.get("/p/<project>/votes/<int:vote_id>/deadline.ics")
@public
def deadline(project: str, vote_id: int) -> ResponseReturnValue:
    """The close of a vote, with an alarm a day before; after an extension the same entry moves."""
    scope = find_project(project)
    if scope is None:
        raise NotFound("project")
    found = get_deadline(scope.id, vote_id)
    site = collaborators().settings.base_url
    return Response(
        _calendar(found, f"{site}/p/{scope.slug}/proposals/{found.number}", site),
        mimetype="text/calendar",
        headers={"Content-Disposition": f'attachment; filename="vote-{vote_id}.ics"'},
    )


def _calendar(found: Deadline, url: str, site: str) -> bytes:
    # Imported here: only whoever asks for a calendar file waits for the library.
    from icalendar import Alarm, Calendar, Event  # noqa: PLC0415

    summary = _("Vote closes: %(question)s", question=found.question)
    event = Event()
    event.add("uid", f"vote-{found.vote_id}@{urlsplit(site).hostname or 'localhost'}")
    event.add("dtstamp", found.changed_at)
    event.add("sequence", int(found.extended))
    event.add("dtstart", found.closes_at)
    event.add("summary", summary)
    event.add("description", _("%(project)s asks. %(url)s", project=found.project_name, url=url))
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -_AHEAD)
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Stakehold//Votes//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
