"""Needs and their screening."""
