"""Checks of sponsorships: places, one at a time, and standing only where money stands behind it."""

from __future__ import annotations

from portal.services.selfcheck.findings import Check, by_statement

# A capacity lowered afterwards ends nobody's sponsorship: the largest that somebody bought counts.
_OVERSOLD = """
SELECT tiers.project_id, tiers.slug, count(*) AS taken, max(v.capacity) AS capacity
FROM sponsorships s JOIN tier_versions v ON v.id = s.tier_snapshot_id
JOIN tiers ON tiers.id = v.tier_id
WHERE s.term IN ('active', 'grace')
GROUP BY tiers.id, tiers.project_id, tiers.slug
HAVING count(v.capacity) = count(*) AND count(*) > max(v.capacity)
"""
_TWICE = """
SELECT s.project_id, o.name, count(*) AS running
FROM sponsorships s JOIN organizations o ON o.id = s.organization_id
WHERE s.term IN ('pending', 'active', 'grace')
GROUP BY s.project_id, s.organization_id, o.name HAVING count(*) > 1
"""
_UNPAID = """
SELECT s.project_id, s.reference, s.term
FROM sponsorships s
WHERE s.term IN ('active', 'grace') AND (s.commercial = 'refunded' OR NOT EXISTS (
    SELECT 1 FROM payments p
    WHERE p.sponsorship_id = s.id AND p.term_ends_at >= s.term_ends_at
) AND NOT EXISTS (
    SELECT 1 FROM documents d JOIN document_standings x ON x.document_id = d.id
    WHERE d.sponsorship_id = s.id AND d.kind = 'invoice' AND x.state = 'paid'
        AND d.occasion NOT LIKE 'change:%' AND (
            d.term_ends_at >= s.term_ends_at
            OR d.term_ends_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM documents n WHERE n.sponsorship_id = s.id AND n.kind = 'invoice'
                    AND n.term_starts_at = s.term_starts_at AND n.occasion NOT LIKE 'change:%'
            )
        )
))
"""
_OVERDUE = """
SELECT s.project_id, s.reference, s.term FROM sponsorships s
WHERE (s.term = 'active' AND s.term_ends_at < :late)
    OR (s.term = 'grace' AND s.grace_ends_at < :late)
"""

STANDING_CHECKS = (
    Check(
        "sponsorships.capacity",
        "No tier has more sponsors than places.",
        by_statement(_OVERSOLD, "Tier {slug}: {taken} sponsors in {capacity} places."),
    ),
    Check(
        "sponsorships.one",
        "An organization has one running sponsorship per project.",
        by_statement(_TWICE, "{name} has {running} running sponsorships."),
    ),
    Check(
        "sponsorships.paid",
        "Good standing rests on a payment, or on credit, for its term that was not refunded.",
        by_statement(_UNPAID, "Sponsorship {reference} is {term}, but its term is not paid."),
    ),
    Check(
        "sponsorships.over",
        "What is over has ended or lapsed.",
        by_statement(_OVERDUE, "Sponsorship {reference} is still {term}; its days ran out."),
    ),
)
