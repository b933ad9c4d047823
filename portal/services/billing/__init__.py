"""Quotes, invoices, bank payments, and who sells to whom."""
