"""The self-check: what must always hold of the money, recomputed from the entries."""
