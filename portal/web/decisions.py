"""Decision records and roadmap updates."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("decisions", __name__)
