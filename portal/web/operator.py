"""What the operator of the instance does in the browser."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("operator", __name__)
