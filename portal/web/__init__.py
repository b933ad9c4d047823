"""Thin views: parse, authorise, call one verb or one query, render or redirect."""

from __future__ import annotations

from portal.web import (
    account,
    appearance,
    charters,
    decisions,
    desk,
    health,
    invitations,
    members,
    operator,
    organizations,
    personas,
    proposals,
    public,
    sign_in,
    sponsorships,
    tiers,
    votes,
    webhooks,
)

BLUEPRINTS = (
    account.blueprint,
    appearance.blueprint,
    charters.blueprint,
    decisions.blueprint,
    desk.blueprint,
    health.blueprint,
    invitations.blueprint,
    members.blueprint,
    operator.blueprint,
    organizations.blueprint,
    personas.blueprint,
    proposals.blueprint,
    public.blueprint,
    sign_in.blueprint,
    sponsorships.blueprint,
    tiers.blueprint,
    votes.blueprint,
    webhooks.blueprint,
)
