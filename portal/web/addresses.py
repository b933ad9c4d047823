"""Addresses of the portal's own pages as they stand in mails and are told to other systems."""

from __future__ import annotations

from typing import Any

from flask import url_for

from portal.web.access import collaborators


def public_url(endpoint: str, **values: Any) -> str:  # noqa: ANN401 - whatever the route takes
    """Absolute address of a page, built from the settings: never from what a request claims."""
    return collaborators().settings.base_url + url_for(endpoint, **values)
