"""Desks: what waits for whom, and where."""
