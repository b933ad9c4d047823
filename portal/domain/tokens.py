"""Tokens: how secrets that people carry are remembered without being kept."""

from __future__ import annotations

import hashlib


def hash_token(token: str) -> str:
    """Hex SHA-256 of a long random token; enough, since such tokens cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()
