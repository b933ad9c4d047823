"""Thin views: parse, authorise, call one verb or one query, render or redirect."""

from __future__ import annotations

from portal.web import appearance, health
from portal.web.billing import (
    bank_imports,
    billing,
    public_accounts,
    reconciliation,
    refunds,
    selfcheck,
    sellers,
    treasury,
    webhooks,
)
from portal.web.identity import account, invitations, members, organizations, personas, sign_in
from portal.web.notifications import choices, stopping
from portal.web.projects import charters, desk, operator, public, what_if
from portal.web.record import bundles, receipts, record
from portal.web.sponsorship import sponsorship_changes, sponsorships, tiers
from portal.web.votes import (
    calendars,
    contributor_ballots,
    decisions,
    proposals,
    tally,
    votes,
    windows,
)
from portal.web.workshop import (
    blocks,
    conduct,
    conduct_desk,
    consultations,
    contributor_desk,
    contributor_needs,
    contributors,
    need_desk,
    needs,
    screening,
    statements,
    support,
    support_desk,
)

BLUEPRINTS = (
    account.blueprint,
    appearance.blueprint,
    bank_imports.blueprint,
    billing.blueprint,
    blocks.blueprint,
    bundles.blueprint,
    calendars.blueprint,
    charters.blueprint,
    what_if.blueprint,
    choices.blueprint,
    conduct.blueprint,
    conduct_desk.blueprint,
    consultations.blueprint,
    contributor_ballots.blueprint,
    contributor_desk.blueprint,
    contributor_needs.blueprint,
    contributors.blueprint,
    decisions.blueprint,
    desk.blueprint,
    health.blueprint,
    invitations.blueprint,
    members.blueprint,
    need_desk.blueprint,
    needs.blueprint,
    operator.blueprint,
    organizations.blueprint,
    personas.blueprint,
    proposals.blueprint,
    public.blueprint,
    public_accounts.blueprint,
    receipts.blueprint,
    record.blueprint,
    refunds.blueprint,
    selfcheck.blueprint,
    sellers.blueprint,
    screening.blueprint,
    sign_in.blueprint,
    sponsorship_changes.blueprint,
    sponsorships.blueprint,
    stopping.blueprint,
    statements.blueprint,
    support.blueprint,
    support_desk.blueprint,
    tally.blueprint,
    tiers.blueprint,
    treasury.blueprint,
    reconciliation.blueprint,
    votes.blueprint,
    webhooks.blueprint,
    windows.blueprint,
)
