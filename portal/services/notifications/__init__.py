"""Mail that can be turned off: who wants what, and digests."""
