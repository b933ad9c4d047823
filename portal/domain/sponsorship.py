"""Sponsorships: four separate states, and the tables of what may follow what (PRODUCT S2)."""

from __future__ import annotations

from enum import StrEnum


class Commercial(StrEnum):
    """Where the money stands."""

    QUOTED = "quoted"
    INVOICED = "invoiced"
    PAID = "paid"
    REFUNDED = "refunded"


class Term(StrEnum):
    """Where the bought period stands."""

    PENDING = "pending"
    ACTIVE = "active"
    GRACE = "grace"
    LAPSED = "lapsed"
    ENDED = "ended"


class Publication(StrEnum):
    """Whether the sponsor's name, link and logo may be shown."""

    HIDDEN = "hidden"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    REJECTED = "rejected"


RUNNING = frozenset({Term.PENDING, Term.ACTIVE, Term.GRACE})
GOOD_STANDING = frozenset({Term.ACTIVE, Term.GRACE})
