"""Sessions of a browser: begun, ended by signing out, ended everywhere."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.identity import SESSION_LIFETIME
from portal.domain.permissions import Actor, Permission, require
from portal.domain.tokens import hash_token
from portal.models.identity import SignIn


def begin_session(
    person_id: int, *, browser: str, now: datetime, lifetime: timedelta = SESSION_LIFETIME
) -> str:
    """Begin a session of one browser and return its token; only the token's hash is kept."""
    token = secrets.token_urlsafe(32)
    db.session.add(
        SignIn(
            token_hash=hash_token(token),
            person_id=person_id,
            started_at=now,
            expires_at=now + lifetime,
            browser=browser[:200],
        )
    )
    return token


def sign_out(token: str, *, now: datetime) -> None:
    """End the session behind a token; nothing happens if it has already ended."""
    session = db.session.scalar(select(SignIn).where(SignIn.token_hash == hash_token(token)))
    if session is not None and session.ended_at is None:
        session.ended_at = now


def end_session(actor: Actor, session_id: int, *, now: datetime) -> None:
    """End one of one's own sessions; another person's is not found."""
    require(actor, Permission.PERSON_ACCOUNT_EDIT)
    session = db.session.get(SignIn, session_id)
    if session is None or session.person_id != actor.person_id:
        raise NotFound("session")
    if session.ended_at is None:
        session.ended_at = now


def end_sessions(actor: Actor, *, keep_token: str | None, now: datetime) -> int:
    """End all of one's sessions, but for the one behind ``keep_token``; returns how many."""
    require(actor, Permission.PERSON_ACCOUNT_EDIT)
    kept = hash_token(keep_token) if keep_token else ""
    ended = 0
    for session in db.session.scalars(
        select(SignIn).where(
            SignIn.person_id == actor.person_id,
            SignIn.ended_at.is_(None),
            SignIn.token_hash != kept,
        )
    ):
        session.ended_at = now
        ended += 1
    return ended
