"""Conduct reports: how far one has come, how it may end, who may never handle it (PRODUCT W5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from portal.domain.errors import Refusal
from portal.domain.identity import local_path

MOST_WHAT = 4000
MOST_WHO = 300
MOST_PAGE = 300
MOST_REASON = 1000


class ReportState(StrEnum):
    """Where a report stands."""

    RECEIVED = "received"
    LOOKED_AT = "looked_at"
    CLOSED = "closed"


class ReportAction(StrEnum):
    """What a steward does with a report."""

    LOOK = "look"
    CLOSE = "close"
    REOPEN = "reopen"


class ReportEnding(StrEnum):
    """What was done when a report was closed; the reporter reads it with its reason."""

    TALKED = "talked"
    MEASURES = "measures"
    NO_BREACH = "no_breach"
    ELSEWHERE = "elsewhere"


_S, _A = ReportState, ReportAction

# The whole life of a report. A pair that is not here is refused.
TRANSITIONS: Mapping[tuple[ReportState, ReportAction], ReportState] = {
    (_S.RECEIVED, _A.LOOK): _S.LOOKED_AT,
    (_S.RECEIVED, _A.CLOSE): _S.CLOSED,
    (_S.LOOKED_AT, _A.CLOSE): _S.CLOSED,
    (_S.CLOSED, _A.REOPEN): _S.LOOKED_AT,
}
_STANDS: Mapping[ReportState, str] = {
    _S.RECEIVED: "Nobody has looked at this report yet.",
    _S.LOOKED_AT: "This report is being looked at already.",
    _S.CLOSED: "This report is closed.",
}
# Pages of the portal that a report may point to.
_PLACES = ("/p/", "/desk/", "/organizations/")


def move(state: ReportState, action: ReportAction) -> ReportState:
    """The state that follows; refuses with ``conduct.<state>`` what the table does not name."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise Refusal(f"conduct.{state}", _STANDS[state]) from None


def may_handle(steward_id: int, *, reporter_id: int, kept_away: Collection[int]) -> bool:
    """Whether a steward may see and handle a report: not one's own, and not about oneself.

    The role alone is not enough, so a lead who takes the steward's role gains nothing here.
    """
    return steward_id != reporter_id and steward_id not in kept_away


def read_place(raw: str, *, base_url: str) -> str:
    """The path of a page of this portal, or "" for none; refuses any other address."""
    if not raw:
        return ""
    ours, asked = urlsplit(base_url), urlsplit(raw)
    path = raw
    if (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc):
        path = asked.path
    path = local_path(path, "")
    if not path.startswith(_PLACES) or len(path) > MOST_PAGE:
        raise Refusal(
            "conduct.page",
            "This is no page of a project here. Leave it empty and say above where it happened.",
            field="page",
        )
    return path
