"""Mail that can be turned off: its kinds, the ways to get it, and when a digest goes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum

from portal.domain.permissions import Actor, Permission, may

DIGEST_TIME = time(7, 0)
DIGEST_WEEKDAY = 0
MOST_IN_ONE_DIGEST = 100


class MailKind(StrEnum):
    """What a mail is about. Those in ``NECESSARY`` always go out; a person chooses the rest."""

    ACCESS = "access"
    INVITATION = "invitation"
    CONTRACT = "contract"
    BALLOT = "ballot"
    CONDUCT = "conduct"
    DIGEST = "digest"

    CONSULTATION = "consultation"
    VOTE = "vote"
    REMINDER = "reminder"
    OUTCOME = "outcome"
    ROADMAP = "roadmap"
    NEED = "need"
    STATEMENT = "statement"
    SUPPORT = "support"
    TERM = "term"
    DECISION_OWED = "decision_owed"
    NEED_DESK = "need_desk"
    SUPPORT_DESK = "support_desk"
    SCREENING = "screening"
    SPONSOR = "sponsor"
    TREASURY = "treasury"


class Way(StrEnum):
    """How a kind of mail reaches a person: each at once, in a digest, or not at all."""

    IMMEDIATELY = "immediately"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


NECESSARY = (
    MailKind.ACCESS,
    MailKind.INVITATION,
    MailKind.CONTRACT,
    MailKind.BALLOT,
    MailKind.CONDUCT,
)
IN_DIGEST = frozenset({Way.DAILY, Way.WEEKLY})

# What needs somebody comes at once; what only tells them something waits for a digest.
DEFAULT_WAYS: Mapping[MailKind, Way] = {
    MailKind.CONSULTATION: Way.DAILY,
    MailKind.VOTE: Way.IMMEDIATELY,
    MailKind.REMINDER: Way.IMMEDIATELY,
    MailKind.OUTCOME: Way.DAILY,
    MailKind.ROADMAP: Way.WEEKLY,
    MailKind.NEED: Way.IMMEDIATELY,
    MailKind.STATEMENT: Way.IMMEDIATELY,
    MailKind.SUPPORT: Way.IMMEDIATELY,
    MailKind.TERM: Way.IMMEDIATELY,
    MailKind.DECISION_OWED: Way.IMMEDIATELY,
    MailKind.NEED_DESK: Way.DAILY,
    MailKind.SUPPORT_DESK: Way.IMMEDIATELY,
    MailKind.SCREENING: Way.DAILY,
    MailKind.SPONSOR: Way.IMMEDIATELY,
    MailKind.TREASURY: Way.IMMEDIATELY,
}
_BALLOTS = frozenset(
    {
        Permission.ORGANIZATION_BALLOT_CAST,
        Permission.PROJECT_BALLOT_CAST,
        Permission.CONTRIBUTOR_BALLOT_CAST,
    }
)
# Whoever holds one of these rights somewhere may get the kind; no right: anybody may.
_CONCERNS: Mapping[MailKind, frozenset[Permission]] = {
    MailKind.CONSULTATION: _BALLOTS,
    MailKind.VOTE: _BALLOTS,
    MailKind.REMINDER: _BALLOTS,
    MailKind.STATEMENT: _BALLOTS,
    MailKind.NEED: frozenset(
        {Permission.ORGANIZATION_NEED_WRITE, Permission.CONTRIBUTOR_NEED_WRITE}
    ),
    MailKind.SUPPORT: frozenset({Permission.ORGANIZATION_SUPPORT_ASK}),
    MailKind.TERM: frozenset({Permission.ORGANIZATION_PAYMENTS_READ}),
    MailKind.DECISION_OWED: frozenset({Permission.PROJECT_DECISION_EDIT}),
    MailKind.NEED_DESK: frozenset({Permission.PROJECT_NEED_ANSWER}),
    MailKind.SUPPORT_DESK: frozenset({Permission.PROJECT_SUPPORT_ANSWER}),
    MailKind.SCREENING: frozenset({Permission.PROJECT_SCREENING_DECIDE}),
    MailKind.SPONSOR: frozenset({Permission.PROJECT_PUBLICATION_REVIEW}),
    MailKind.TREASURY: frozenset({Permission.PROJECT_PAYMENTS_RECORD}),
}


def concerns(actor: Actor, kind: MailKind) -> bool:
    """Whether somebody with the actor's roles may get mail of a kind that can be turned off."""
    needed = _CONCERNS.get(kind, frozenset())
    projects = {*actor.projects, *actor.contributions}
    return not needed or any(
        any(may(actor, each, organization_id=scope) for scope in actor.organizations)
        or any(may(actor, each, project_id=scope) for scope in projects)
        for each in needed
    )


def next_digest_at(way: Way, after: datetime) -> datetime:
    """The first instant later than ``after`` at which a digest of this way goes out.

    Every day at 07:00 UTC, or on Mondays. ``after`` is in UTC; ways without a digest are refused
    by ``ValueError``.
    """
    if way not in IN_DIGEST:
        raise ValueError(f"no digest goes out {way}")
    at = datetime.combine(after.date(), DIGEST_TIME, after.tzinfo)
    while at <= after or (way is Way.WEEKLY and at.weekday() != DIGEST_WEEKDAY):
        at += timedelta(days=1)
    return at
