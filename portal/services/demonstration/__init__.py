"""The demonstration: an invented project with sponsors, votes, decisions and a roadmap."""

from __future__ import annotations

from portal.services.demonstration.cast import PERSONAS
from portal.services.demonstration.history import seed_demonstration

__all__ = ["PERSONAS", "seed_demonstration"]
