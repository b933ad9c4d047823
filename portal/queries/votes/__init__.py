"""Proposals, votes, ballots, outcomes and decisions."""
