"""Tests of portal/adapters/identity."""
