"""A stand-in for Stripe, speaking its HTTP API on a port of its own; knows nothing of the portal."""
