"""A stand-in for Stripe that speaks its HTTP API on a port of its own; it knows nothing of the portal."""
