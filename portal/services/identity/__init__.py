"""Who people and organizations are, and what they may do."""
