"""Thin views: parse, authorise, call one verb or one query, render or redirect."""
