"""Who stands with what weight and power today."""
