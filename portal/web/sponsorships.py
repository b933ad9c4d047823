"""Buying, watching and canceling a sponsorship; reviewing what is published."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("sponsorships", __name__)
