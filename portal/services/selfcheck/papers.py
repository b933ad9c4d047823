"""Checks of documents, refunds and disputes against the ledger."""

from __future__ import annotations

from portal.services.selfcheck.findings import Check, by_statement

_GAPS = """
SELECT d.project_id, d.kind, count(*) AS documents, min(d.series_number) AS first,
    max(d.series_number) AS last, coalesce(max(n.last_number), 0) AS given
FROM documents d
LEFT JOIN number_series n ON n.project_id = d.project_id AND n.kind = d.kind
GROUP BY d.project_id, d.kind
HAVING min(d.series_number) <> 1 OR max(d.series_number) <> count(*)
    OR max(d.series_number) <> coalesce(max(n.last_number), 0)
"""
_RECEIVABLES = """
SELECT project_id, organization_id AS party, currency, sum(owed) AS amount_minor,
    sum(still_open) AS other_minor
FROM (
    SELECT project_id, organization_id, currency, amount_minor AS owed, 0 AS still_open
    FROM ledger_entries WHERE account = 'receivable'
    UNION ALL
    SELECT d.project_id, d.organization_id, d.currency, 0, s.open_minor
    FROM documents d JOIN document_standings s ON s.document_id = d.id
    WHERE d.kind = 'invoice'
) both_sides
GROUP BY project_id, organization_id, currency
HAVING sum(owed) <> sum(still_open)
"""
_UNSETTLED = """
SELECT d.project_id, d.number, d.currency, d.total_minor AS amount_minor,
    s.open_minor + coalesce(sum(p.amount_minor), 0) AS other_minor
FROM documents d JOIN document_standings s ON s.document_id = d.id
LEFT JOIN settlements p ON p.invoice_id = d.id
WHERE d.kind = 'invoice'
GROUP BY d.id, d.project_id, d.number, d.currency, d.total_minor, s.open_minor
HAVING s.open_minor + coalesce(sum(p.amount_minor), 0) <> d.total_minor
"""
_REFUNDED_TOO_MUCH = """
SELECT s.project_id, p.processor_payment_id AS payment, p.currency,
    sum(r.amount_minor) AS amount_minor, p.amount_minor AS other_minor
FROM refunds r JOIN payments p ON p.id = r.payment_id
JOIN sponsorships s ON s.id = p.sponsorship_id
WHERE r.state = 'done'
GROUP BY p.id, s.project_id, p.processor_payment_id, p.currency, p.amount_minor
HAVING sum(r.amount_minor) > p.amount_minor
"""
_REFUND_NOT_POSTED = """
SELECT s.project_id, r.reference, r.currency, r.amount_minor,
    -coalesce(sum(e.amount_minor), 0) AS other_minor
FROM refunds r JOIN payments p ON p.id = r.payment_id
JOIN sponsorships s ON s.id = p.sponsorship_id
LEFT JOIN ledger_transactions t ON t.key = 'refund:' || r.reference
LEFT JOIN ledger_entries e
    ON e.transaction_id = t.id AND e.account IN ('bank', 'card_clearing')
WHERE r.state = 'done'
GROUP BY r.id, s.project_id, r.reference, r.currency, r.amount_minor
HAVING -coalesce(sum(e.amount_minor), 0) <> r.amount_minor
"""
_DISPUTES = """
SELECT s.project_id, d.processor_dispute_id AS dispute, d.state, d.currency,
    CASE WHEN d.state IN ('open', 'lost') THEN d.amount_minor ELSE 0 END AS amount_minor,
    coalesce(sum(e.amount_minor), 0) AS other_minor
FROM disputes d JOIN sponsorships s ON s.id = d.sponsorship_id
LEFT JOIN ledger_transactions t
    ON t.sponsorship_id = d.sponsorship_id AND t.reference = d.processor_dispute_id
LEFT JOIN ledger_entries e ON e.transaction_id = t.id AND e.account = 'disputes'
GROUP BY d.id, s.project_id, d.processor_dispute_id, d.state, d.currency, d.amount_minor
HAVING coalesce(sum(e.amount_minor), 0)
    <> CASE WHEN d.state IN ('open', 'lost') THEN d.amount_minor ELSE 0 END
"""

PAPER_CHECKS = (
    Check(
        "documents.numbers",
        "The numbers of each kind of document run from 1 without a gap.",
        by_statement(
            _GAPS, "{documents} documents of the kind {kind} carry {first} to {last} of {given}."
        ),
    ),
    Check(
        "documents.receivables",
        "What an organization owes by the ledger is what its invoices leave open.",
        by_statement(
            _RECEIVABLES, "Organization {party} owes {amount} by the ledger, {other} by invoices."
        ),
    ),
    Check(
        "documents.settled",
        "An invoice is what is open of it and what settled it.",
        by_statement(_UNSETTLED, "Invoice {number} over {amount} accounts for {other}."),
    ),
    Check(
        "refunds.within",
        "No payment was refunded beyond its amount.",
        by_statement(_REFUNDED_TOO_MUCH, "Of {payment}, {other}, {amount} was refunded."),
    ),
    Check(
        "refunds.posted",
        "Every refund stands in the ledger with its amount.",
        by_statement(_REFUND_NOT_POSTED, "Refund {reference} of {amount} is posted as {other}."),
    ),
    Check(
        "disputes.posted",
        "What a dispute holds or took is what the ledger says.",
        by_statement(_DISPUTES, "Dispute {dispute}, {state}: {amount}; the ledger says {other}."),
    ),
)
