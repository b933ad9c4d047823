"""An organization's desk: profile, members, audit."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("organizations", __name__)
