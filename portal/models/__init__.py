"""Rows: state, relations and constraints; no rules, no queries."""

from __future__ import annotations

from portal.models import (
    audit,
    billing,
    decisions,
    figures,
    freshness,
    identity,
    invitations,
    organizations,
    outbox,
    projects,
    proposals,
    sponsorship,
    tiers,
    votes,
)

__all__ = [
    "audit",
    "billing",
    "decisions",
    "figures",
    "freshness",
    "identity",
    "invitations",
    "organizations",
    "outbox",
    "projects",
    "proposals",
    "sponsorship",
    "tiers",
    "votes",
]
