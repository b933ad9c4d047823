"""Tiers, and sponsorships from purchase to end."""
