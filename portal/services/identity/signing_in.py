"""Signing in and out: mailed links, identity providers, sessions."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.domain.errors import NotFound, Refusal
from portal.domain.identity import (
    DEMONSTRATION_LIFETIME,
    LINK_LIFETIME,
    MOST_LINKS_AT_ONCE,
    LinkState,
    link_state,
    local_path,
)
from portal.domain.notifications import MailKind
from portal.domain.permissions import SYSTEM
from portal.domain.tokens import hash_token
from portal.models.identity import LinkedIdentity, Person, SignInLink
from portal.ports.identity import IdentitySeen
from portal.services.audit import record_change
from portal.services.identity.addresses import read_address
from portal.services.identity.people import get_or_make_person
from portal.services.identity.sessions import begin_session
from portal.services.outbox import post_mail

_WHY_NOT = {
    LinkState.UNKNOWN: "This link is not one of ours, or it is no longer kept.",
    LinkState.OTHER_BROWSER: (
        "A link works once, and only in the browser in which it was asked for. If it was used "
        "before, or asked for in another browser, ask for a new one here."
    ),
    LinkState.EXPIRED: "This link is older than 15 minutes. Ask for a new one.",
    LinkState.USED: "This link was already used. Ask for a new one.",
}


@dataclass(frozen=True, slots=True)
class SessionBegun:
    """A session just begun: the token its browser keeps, and where the browser goes next."""

    token: str
    next_path: str
    is_new_person: bool


def ask_for_link(
    raw_email: str,
    *,
    browser_secret: str,
    next_path: str,
    link_url: Callable[[str], str],
    now: datetime,
) -> None:
    """Mail a sign-in link to an address, whether or not somebody is known by it.

    Known and unknown addresses take the same steps, so that neither answer nor time tells them
    apart. A known person is written to at the address on file, never at a look-alike. After five
    unexpired links no further mail is sent. Refuses only what cannot be an address.
    """
    address = read_address(raw_email)
    known = db.session.scalar(
        select(Person.email).where(Person.email_canonical == address.canonical)
    )
    recipient = known or address.email
    waiting = select(func.count()).where(
        SignInLink.email_canonical == address.canonical, SignInLink.expires_at > now
    )
    if (db.session.scalar(waiting) or 0) >= MOST_LINKS_AT_ONCE:
        return
    token = secrets.token_urlsafe(32)
    db.session.add(
        SignInLink(
            token_hash=hash_token(token),
            browser_hash=hash_token(browser_secret),
            email=recipient,
            email_canonical=address.canonical,
            next_path=local_path(next_path, ""),
            created_at=now,
            expires_at=now + LINK_LIFETIME,
        )
    )
    post_mail(
        dedupe_key=f"sign-in-link:{hash_token(token)}",
        recipient=recipient,
        subject="Your link to sign in",
        paragraphs=(
            "Use this link to sign in. It works once, for 15 minutes.",
            "It works only in the browser in which it was asked for.",
            "If you did not ask for it, do nothing: nobody can sign in without this mail.",
        ),
        action=("Sign in", link_url(token)),
        why="Somebody entered this address on the sign-in page.",
        kind=MailKind.ACCESS,
        now=now,
    )


def use_link(token: str, *, browser_secret: str, browser: str, now: datetime) -> SessionBegun:
    """Use up a mailed link and begin a session; an unknown address becomes a person.

    Refuses an unknown, used or expired link, and one asked for in another browser. Of two uses
    at the same moment, one gets in.
    """
    link = db.session.scalar(
        select(SignInLink).where(SignInLink.token_hash == hash_token(token)).with_for_update()
    )
    state = LinkState.UNKNOWN
    if link is not None:
        state = link_state(
            same_browser=secrets.compare_digest(link.browser_hash, hash_token(browser_secret)),
            expires_at=link.expires_at,
            used_at=link.used_at,
            now=now,
        )
    if link is None or state is not LinkState.READY:
        raise Refusal(f"identity.link_{state}", _WHY_NOT[state])
    link.used_at = now
    person, is_new = get_or_make_person(read_address(link.email), name="", now=now)
    session_token = begin_session(person.id, browser=browser, now=now)
    return SessionBegun(session_token, link.next_path, is_new)


def explain_link(state: LinkState) -> str:
    """Why a link in this state does not sign anybody in; empty if it does."""
    return _WHY_NOT.get(state, "")


def sign_in_with_identity(
    seen: IdentitySeen, *, next_path: str, browser: str, now: datetime
) -> SessionBegun:
    """Begin a session for whoever an identity provider vouches for.

    An account is known by issuer and subject. A new one is linked to the person with the same
    address, or makes a person, only if the provider has verified that address: the operator
    configured the provider, so its word on an address counts like a mailed link does, and the
    person is told by mail. Refuses an unknown account without a verified address.
    """
    linked = db.session.scalar(
        select(LinkedIdentity).where(
            LinkedIdentity.issuer == seen.issuer, LinkedIdentity.subject == seen.subject
        )
    )
    is_new = False
    if linked is not None:
        person_id = linked.person_id
    elif seen.verified_email is None:
        raise Refusal(
            "identity.email_unverified",
            "Your account there has no verified e-mail address. Verify it there first, "
            "or sign in with a link by e-mail.",
        )
    else:
        address = read_address(seen.verified_email)
        person, is_new = get_or_make_person(address, name=seen.name, now=now)
        _link_identity(person, seen, now=now)
        person_id = person.id
    token = begin_session(person_id, browser=browser, now=now)
    return SessionBegun(token, local_path(next_path, ""), is_new)


def sign_in_persona(
    email: str, *, demonstration: bool, browser: str, now: datetime
) -> SessionBegun:
    """Sign in as one of the demonstration's people; refuses outside the demonstration.

    It lasts while the demonstration's clock is moved through the years.
    """
    person = db.session.scalar(select(Person).where(Person.email_canonical == email))
    if not demonstration or person is None:
        raise NotFound("persona")
    token = begin_session(person.id, browser=browser, now=now, lifetime=DEMONSTRATION_LIFETIME)
    return SessionBegun(token, "", False)


def _link_identity(person: Person, seen: IdentitySeen, *, now: datetime) -> None:
    linked = LinkedIdentity(
        person_id=person.id, issuer=seen.issuer, subject=seen.subject, linked_at=now
    )
    try:
        with db.session.begin_nested():
            db.session.add(linked)
    except IntegrityError:  # the same account came back twice in this moment
        return
    record_change(
        "person:identity:link",
        f"Linked an account at {seen.issuer} to {person.name}.",
        actor=SYSTEM,
        now=now,
        details={"person_id": person.id, "issuer": seen.issuer},
    )
    post_mail(
        dedupe_key=f"identity-linked:{linked.id}",
        recipient=person.email,
        subject="A new way to sign in",
        paragraphs=(
            f"You can now sign in with your account at {seen.issuer}.",
            "If this was not you: sign in with a link by e-mail and open your account page.",
            "Remove that account there, and end all other sessions.",
        ),
        why="A sign-in account was linked to your address.",
        kind=MailKind.ACCESS,
        person_id=person.id,
        now=now,
    )
