"""Stories of money, each told with its whole ledger."""
