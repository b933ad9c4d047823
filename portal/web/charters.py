"""The charter editor and its preview."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("charters", __name__)
