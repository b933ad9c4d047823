"""The demonstration's personas and mailbox."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("personas", __name__)
