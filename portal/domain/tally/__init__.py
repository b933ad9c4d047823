"""Counting: one exact method per module."""
