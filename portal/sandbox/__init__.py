"""A stand-in for Stripe: its HTTP API on a port of its own; it knows nothing of the portal."""
