"""Rows: state, relations and constraints; no rules, no queries."""
