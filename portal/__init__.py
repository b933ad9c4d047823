"""Stakehold: tiers, voting weight and verifiable decisions for an open source project."""
