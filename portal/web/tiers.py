"""The tier editor."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("tiers", __name__)
