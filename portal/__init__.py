"""Stakehold: sponsorship tiers, voting weight and verifiable roadmap decisions for an open source project."""
