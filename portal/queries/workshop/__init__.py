"""Needs and their screening; support."""
