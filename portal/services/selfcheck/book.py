"""Checks of the book itself, and of payments, refunds and parties against it."""

from __future__ import annotations

from portal.services.selfcheck.findings import Check, by_statement

_UNBALANCED = """
SELECT t.project_id, t.key, t.currency, t.entry_count, count(e.position) AS entries,
    coalesce(sum(e.amount_minor), 0) AS amount_minor
FROM ledger_transactions t LEFT JOIN ledger_entries e ON e.transaction_id = t.id
GROUP BY t.id, t.project_id, t.key, t.currency, t.entry_count
HAVING coalesce(sum(e.amount_minor), 0) <> 0 OR count(e.position) <> t.entry_count
ORDER BY t.id
"""
_MIXED = """
SELECT DISTINCT t.project_id, t.key
FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
LEFT JOIN tiers ON tiers.id = e.tier_id
LEFT JOIN sponsorships s ON s.id = t.sponsorship_id
LEFT JOIN ledger_transactions w ON w.id = t.reverses_id
WHERE e.currency <> t.currency OR e.project_id <> t.project_id
    OR tiers.project_id <> t.project_id OR s.project_id <> t.project_id
    OR w.project_id <> t.project_id OR w.currency <> t.currency
"""
# Both sides in one sum: what is left over differs.
_MONTHS = """
SELECT project_id, currency, month, account, sum(amount_minor) AS amount_minor
FROM (
    SELECT project_id, currency, month, account, cause, tier_id, amount_minor
    FROM ledger_months
    UNION ALL
    SELECT t.project_id, t.currency, t.month, e.account, t.cause,
        CASE WHEN NOT s.is_private THEN coalesce(e.tier_id, 0) ELSE 0 END, -sum(e.amount_minor)
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
    LEFT JOIN sponsorships s ON s.id = t.sponsorship_id
    GROUP BY 1, 2, 3, 4, 5, 6
) both_sides
GROUP BY project_id, currency, month, account, cause, tier_id
HAVING sum(amount_minor) <> 0
"""
_NOT_POSTED = """
SELECT s.project_id, p.processor_payment_id AS payment, p.currency, p.amount_minor,
    coalesce(sum(e.amount_minor), 0) AS other_minor
FROM payments p JOIN sponsorships s ON s.id = p.sponsorship_id
LEFT JOIN ledger_transactions t
    ON t.key = 'payment:' || p.processor || ':' || p.processor_payment_id
    AND t.project_id = s.project_id AND t.currency = p.currency
LEFT JOIN ledger_entries e
    ON e.transaction_id = t.id AND e.account IN ('bank', 'card_clearing')
GROUP BY p.id, s.project_id, p.processor_payment_id, p.currency, p.amount_minor
HAVING coalesce(sum(e.amount_minor), 0) <> p.amount_minor
"""
_NOT_PAID = """
SELECT t.project_id, t.key
FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
LEFT JOIN ledger_transactions undone ON undone.reverses_id = t.id
WHERE t.cause = 'payment' AND e.account = 'income_tiers' AND undone.id IS NULL
EXCEPT
SELECT s.project_id, 'payment:' || p.processor || ':' || p.processor_payment_id
FROM payments p JOIN sponsorships s ON s.id = p.sponsorship_id
"""
_OVER_REFUNDED = """
SELECT t.project_id, s.reference, t.currency, -sum(e.amount_minor) AS amount_minor
FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
JOIN sponsorships s ON s.id = t.sponsorship_id
WHERE e.account IN ('bank', 'card_clearing') AND t.cause IN ('payment', 'refund', 'correction')
GROUP BY t.project_id, s.reference, t.currency
HAVING sum(e.amount_minor) < 0
"""
_PARTIES = """
SELECT project_id, account, coalesce(organization_id, person_id) AS party, currency,
    sum(amount_minor) AS amount_minor
FROM ledger_entries WHERE account IN ('receivable', 'credit', 'payable')
GROUP BY project_id, account, organization_id, person_id, currency
HAVING (account = 'receivable' AND sum(amount_minor) < 0)
    OR (account <> 'receivable' AND sum(amount_minor) > 0)
"""

BOOK_CHECKS = (
    Check(
        "ledger.sums",
        "The entries of every transaction sum to zero, and none is missing.",
        by_statement(
            _UNBALANCED,
            "{key} sums to {amount} over {entries} entries; {entry_count} were announced.",
        ),
    ),
    Check(
        "ledger.apart",
        "Money of one project or currency never mixes with another's.",
        by_statement(_MIXED, "{key} touches another project or another currency."),
    ),
    Check(
        "ledger.months",
        "The public accounts are what the entries add up to.",
        by_statement(_MONTHS, "The account {account} differs by {amount} in {month}."),
    ),
    Check(
        "ledger.parties",
        "Nobody owes less than nothing, and no credit or share is overdrawn.",
        by_statement(_PARTIES, "{account} of party {party} stands at {amount}."),
    ),
    Check(
        "payments.posted",
        "Every payment stands in the ledger with its amount.",
        by_statement(_NOT_POSTED, "Payment {payment} of {amount} is posted as {other}."),
    ),
    Check(
        "payments.kept",
        "No tier income was posted for a payment that nobody made.",
        by_statement(_NOT_PAID, "{key} stands for no payment."),
    ),
    Check(
        "payments.refunds",
        "Refunds are never above the payments of a sponsorship.",
        by_statement(
            _OVER_REFUNDED, "Sponsorship {reference}: {amount} more was refunded than paid."
        ),
    ),
)
