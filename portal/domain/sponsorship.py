"""Sponsorships: four separate states, and the tables of what may follow what (PRODUCT S2)."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from portal.domain.canonical import fingerprint
from portal.domain.errors import Obstacle, Refusal
from portal.domain.organizations import OrganizationKind
from portal.domain.tiers import Audience, Interval


class Commercial(StrEnum):
    """Where the money stands."""

    QUOTED = "quoted"
    INVOICED = "invoiced"
    PAID = "paid"
    REFUNDED = "refunded"


class Term(StrEnum):
    """Where the bought period stands."""

    PENDING = "pending"
    ACTIVE = "active"
    GRACE = "grace"
    LAPSED = "lapsed"
    ENDED = "ended"


class Publication(StrEnum):
    """Whether the sponsor's name, link and logo may be shown."""

    HIDDEN = "hidden"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    REJECTED = "rejected"


class Collection(StrEnum):
    """How a renewal is collected: from the card on file, or by an invoice with days to pay."""

    CARD = "card"
    INVOICE = "invoice"


class CommercialAction(StrEnum):
    """What may happen to the money."""

    INVOICE = "invoiced"
    PAY = "paid"
    REFUND = "refunded"
    WITHDRAW = "taken back to the quote"
    RESTORE = "taken back to paid"


class TermAction(StrEnum):
    """What may happen to the bought period."""

    ACTIVATE = "activated"
    RENEW = "renewed"
    MISS = "put into grace"
    LAPSE = "lapsed"
    END = "ended"
    REVOKE = "ended at once"


class PublicationAction(StrEnum):
    """What may happen to the public name, link and logo."""

    SUBMIT = "submitted for review"
    APPROVE = "approved"
    REJECT = "rejected"
    HIDE = "hidden"


RUNNING = frozenset({Term.PENDING, Term.ACTIVE, Term.GRACE})
GOOD_STANDING = frozenset({Term.ACTIVE, Term.GRACE})

COMMERCIAL_TABLE: Mapping[tuple[Commercial, CommercialAction], Commercial] = {
    (Commercial.QUOTED, CommercialAction.INVOICE): Commercial.INVOICED,
    (Commercial.QUOTED, CommercialAction.PAY): Commercial.PAID,
    (Commercial.INVOICED, CommercialAction.PAY): Commercial.PAID,
    (Commercial.INVOICED, CommercialAction.WITHDRAW): Commercial.QUOTED,
    (Commercial.INVOICED, CommercialAction.RESTORE): Commercial.PAID,
    (Commercial.PAID, CommercialAction.INVOICE): Commercial.INVOICED,
    (Commercial.PAID, CommercialAction.PAY): Commercial.PAID,
    (Commercial.PAID, CommercialAction.REFUND): Commercial.REFUNDED,
}
TERM_TABLE: Mapping[tuple[Term, TermAction], Term] = {
    (Term.PENDING, TermAction.ACTIVATE): Term.ACTIVE,
    (Term.ACTIVE, TermAction.RENEW): Term.ACTIVE,
    (Term.ACTIVE, TermAction.MISS): Term.GRACE,
    (Term.ACTIVE, TermAction.END): Term.ENDED,
    (Term.GRACE, TermAction.RENEW): Term.ACTIVE,
    (Term.GRACE, TermAction.LAPSE): Term.LAPSED,
    (Term.LAPSED, TermAction.RENEW): Term.ACTIVE,
    (Term.ACTIVE, TermAction.REVOKE): Term.ENDED,
    (Term.GRACE, TermAction.REVOKE): Term.ENDED,
}
PUBLICATION_TABLE: Mapping[tuple[Publication, PublicationAction], Publication] = {
    (Publication.HIDDEN, PublicationAction.SUBMIT): Publication.IN_REVIEW,
    (Publication.REJECTED, PublicationAction.SUBMIT): Publication.IN_REVIEW,
    (Publication.PUBLISHED, PublicationAction.SUBMIT): Publication.IN_REVIEW,
    (Publication.IN_REVIEW, PublicationAction.APPROVE): Publication.PUBLISHED,
    (Publication.IN_REVIEW, PublicationAction.REJECT): Publication.REJECTED,
    (Publication.PUBLISHED, PublicationAction.REJECT): Publication.REJECTED,
    (Publication.IN_REVIEW, PublicationAction.HIDE): Publication.HIDDEN,
    (Publication.PUBLISHED, PublicationAction.HIDE): Publication.HIDDEN,
    (Publication.REJECTED, PublicationAction.HIDE): Publication.HIDDEN,
}

_State = TypeVar("_State", bound=StrEnum)
_Action = TypeVar("_Action", bound=StrEnum)


def _next(table: Mapping[tuple[_State, _Action], _State], state: _State, action: _Action) -> _State:
    after = table.get((state, action))
    if after is None:
        dimension = type(state).__name__.lower()
        raise Refusal(
            f"sponsorship.{dimension}.{state.name.lower()}.{action.name.lower()}",
            f"A sponsorship that is {state.replace('_', ' ')} cannot be {action}.",
        )
    return after


def next_commercial(state: Commercial, action: CommercialAction) -> Commercial:
    """What follows; refuses with ``sponsorship.commercial.<state>.<action>``."""
    return _next(COMMERCIAL_TABLE, state, action)


def next_term(state: Term, action: TermAction) -> Term:
    """What follows; refuses with ``sponsorship.term.<state>.<action>``."""
    return _next(TERM_TABLE, state, action)


def next_publication(state: Publication, action: PublicationAction) -> Publication:
    """What follows; refuses with ``sponsorship.publication.<state>.<action>``."""
    return _next(PUBLICATION_TABLE, state, action)


_MONTHS = {Interval.MONTH: 1, Interval.YEAR: 12, Interval.ONE_TIME: 12}


def add_terms(anchor: datetime, interval: Interval, terms: int = 1) -> datetime:
    """The end of the ``terms``-th term that began at ``anchor``.

    A week is seven days. Months and years go by the calendar and keep the anchor's day; where a
    month is shorter, its last day stands in without moving later ends: 31 January, 28 February,
    31 March. A one-time payment buys one year, which is not renewed.
    """
    if interval is Interval.WEEK:
        return anchor + timedelta(weeks=terms)
    month = anchor.month - 1 + _MONTHS[interval] * terms
    year, month = anchor.year + month // 12, month % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return anchor.replace(year=year, month=month, day=min(anchor.day, last))


def seasoned_at(active_since: datetime, seasoning_days: int) -> datetime:
    """The instant from which an active sponsorship carries weight (VOTING 2)."""
    return active_since + timedelta(days=seasoning_days)


def voting_obstacles(
    *,
    commercial: Commercial,
    term: Term,
    active_since: datetime | None,
    voting_weight: int,
    seasoning_days: int,
    at: datetime,
    disputed: bool = False,
) -> list[Obstacle]:
    """Why a sponsorship carries no weight at an instant; empty means it is eligible (VOTING 2).

    Eligible is what stands in good standing (term active or in grace, money not refunded), has a
    tier with a voting weight, has been active for at least ``seasoning_days``, and no payment of
    which is disputed.
    """
    obstacles = []
    if term is Term.PENDING or active_since is None:
        obstacles.append(Obstacle("voting.pending", "The first payment has not arrived yet."))
    elif term not in GOOD_STANDING:
        obstacles.append(
            Obstacle(f"voting.{term}", f"The sponsorship has {term}; a new payment restores it.")
        )
    elif (seasoned := seasoned_at(active_since, seasoning_days)) > at:
        obstacles.append(
            Obstacle(
                "voting.seasoning",
                f"Seasoning until {_day(seasoned)}: a stake carries weight after"
                f" {seasoning_days} days.",
            )
        )
    if commercial is Commercial.REFUNDED:
        obstacles.append(Obstacle("voting.refunded", "The payment was refunded."))
    if disputed:
        obstacles.append(
            Obstacle(
                "voting.disputed", "A payment is disputed; the weight rests until that is settled."
            )
        )
    if voting_weight == 0:
        obstacles.append(Obstacle("voting.no_weight", "This tier carries no voting weight."))
    return obstacles


@dataclass(frozen=True, slots=True)
class Offer:
    """A tier as it stands for sale; ``taken`` counts running sponsorships and open checkouts."""

    audience: Audience
    capacity: int | None
    taken: int
    sold_from: date | None
    sold_until: date | None
    archived: bool


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who would buy; ``running`` names the tier of a paid sponsorship of the same project."""

    kind: OrganizationKind
    may_buy: bool
    running: str | None


def offer_obstacles(offer: Offer, *, today: date) -> list[Obstacle]:
    """Why nobody can buy a tier today: withdrawn, outside its sales window, or full (S1, S7)."""
    obstacles = []
    if offer.archived:
        obstacles.append(Obstacle("buy.archived", "This tier is no longer on sale."))
    if offer.sold_from is not None and today < offer.sold_from:
        obstacles.append(
            Obstacle("buy.not_yet", f"This tier is on sale from {_day(offer.sold_from)}.")
        )
    if offer.sold_until is not None and today > offer.sold_until:
        obstacles.append(
            Obstacle("buy.over", f"This tier was on sale until {_day(offer.sold_until)}.")
        )
    if offer.capacity is not None and offer.taken >= offer.capacity:
        places = "The only place" if offer.capacity == 1 else f"All {offer.capacity} places"
        verb = "is" if offer.capacity == 1 else "are"
        obstacles.append(Obstacle("buy.full", f"{places} of this tier {verb} taken."))
    return obstacles


def buyer_obstacles(audience: Audience, buyer: Buyer) -> list[Obstacle]:
    """Why this buyer cannot buy a tier: role, audience, or what runs already (S1, S3, S10)."""
    obstacles = []
    if not buyer.may_buy:
        obstacles.append(
            Obstacle("buy.role", "Only owners and billing contacts of an organization can buy.")
        )
    is_person = buyer.kind is OrganizationKind.PERSON
    if is_person and audience is Audience.ORGANIZATION:
        obstacles.append(Obstacle("buy.audience", "This tier is for organizations."))
    if not is_person and audience is Audience.PERSON:
        obstacles.append(Obstacle("buy.audience", "This tier is for people, not organizations."))
    if buyer.running is not None:
        obstacles.append(
            Obstacle(
                "buy.running",
                f"A sponsorship of this project is already running: {buyer.running}.",
            )
        )
    return obstacles


def publication_seal(name: str, website: str, picture_id: int | None) -> str:
    """Stands for what is to be shown, so that nothing else is approved by a late click."""
    return fingerprint([name, website, picture_id])[:32]


def _day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"
