"""Entries in the ledger, and numbers without gaps."""
