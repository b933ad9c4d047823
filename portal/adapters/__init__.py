"""The world: each real counterpart beside its stand-in."""
