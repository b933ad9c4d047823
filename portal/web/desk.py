"""The maintainers' desk: overview, project profile, maintainers, audit."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("desk", __name__)
