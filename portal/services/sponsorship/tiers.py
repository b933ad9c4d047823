"""Make and change what a project sells: every change of a tier is a new version (PRODUCT S1)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.money import card_unit
from portal.domain.permissions import Actor, Permission, require
from portal.domain.text import make_slug
from portal.domain.tiers import TierTerms, write_benefits
from portal.models.projects import Project
from portal.models.tiers import Tier, TierVersion
from portal.services.audit import record_change

_RESERVED = frozenset({"new"})  # an address of the tier editor itself
_MOST_TIERS = 40


def add_tier(actor: Actor, project_id: int, terms: TierTerms, *, now: datetime) -> str:
    """Put a tier on sale, after the others; returns its slug.

    Refuses whoever may not, a currency that is not the project's, a price that no card can be
    charged, and more than forty tiers.
    """
    project = _lock_project(actor, project_id, terms)
    tiers = db.session.scalars(select(Tier).where(Tier.project_id == project_id)).all()
    if len(tiers) >= _MOST_TIERS:
        raise Refusal("tier.too_many", f"A project has at most {_MOST_TIERS} tiers.")
    tier = Tier(
        project_id=project_id,
        slug=_free_slug(terms.name, {tier.slug for tier in tiers}),
        position=max((tier.position for tier in tiers), default=0) + 1,
    )
    db.session.add_all((tier, _version(tier, terms, number=1, now=now)))
    db.session.flush()
    record_change(
        "tier:tier:added",
        f"Tier {terms.name} put on sale in {project.name}.",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"tier": tier.slug},
    )
    return tier.slug


def change_tier(
    actor: Actor,
    project_id: int,
    slug: str,
    terms: TierTerms,
    *,
    seen_number: int,
    now: datetime,
) -> bool:
    """Sell something else under a tier's name: a new version, unless nothing differs.

    What was bought keeps its version. Returns whether there is a new one. Refuses whoever may not;
    ``Conflict`` where ``seen_number`` is no longer the newest version.
    """
    _lock_project(actor, project_id, terms)
    tier = _get_tier(project_id, slug)
    newest = tier.versions[-1]
    if newest.number != seen_number:
        raise Conflict(
            "tier.changed",
            f"Version {newest.number} of this tier was made since you opened this page."
            " Compare it with yours, then save again.",
        )
    if newest.terms == terms:
        return False
    db.session.add(_version(tier, terms, number=newest.number + 1, now=now))
    db.session.flush()
    record_change(
        "tier:version:made",
        f"Tier {terms.name} changed to version {newest.number + 1};"
        " what was bought keeps its version.",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"tier": slug},
    )
    return True


def move_tier(actor: Actor, project_id: int, slug: str, *, up: bool, now: datetime) -> None:
    """Show a tier one place earlier or later; at the end of the list nothing happens."""
    _lock_project(actor, project_id)
    tier = _get_tier(project_id, slug)
    tiers = db.session.scalars(
        select(Tier)
        .where(Tier.project_id == project_id, Tier.archived_at.is_(None))
        .order_by(Tier.position, Tier.id)
    ).all()
    order = [each.id for each in tiers]
    if tier.id not in order:
        raise Refusal("tier.archived", "This tier is not on sale, so it has no place in the list.")
    place = order.index(tier.id)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(order):
        return
    tier.position, tiers[other].position = tiers[other].position, tier.position
    record_change(
        "tier:order:changed",
        f"Tier {tier.versions[-1].name} moved {'up' if up else 'down'}.",
        actor=actor,
        now=now,
        project_id=project_id,
    )


def archive_tier(actor: Actor, project_id: int, slug: str, *, now: datetime) -> None:
    """Take a tier off sale; running sponsorships of it go on. Doing so twice changes nothing."""
    _lock_project(actor, project_id)
    tier = _get_tier(project_id, slug)
    if tier.archived_at is None:
        tier.archived_at = now
        _record(actor, tier, "tier:tier:archived", "taken off sale", now=now)


def restore_tier(actor: Actor, project_id: int, slug: str, *, now: datetime) -> None:
    """Put a tier back on sale, in its newest version. Doing so twice changes nothing."""
    _lock_project(actor, project_id)
    tier = _get_tier(project_id, slug)
    if tier.archived_at is not None:
        tier.archived_at = None
        _record(actor, tier, "tier:tier:restored", "put back on sale", now=now)


def _record(actor: Actor, tier: Tier, tag: str, what: str, *, now: datetime) -> None:
    record_change(
        tag,
        f"Tier {tier.versions[-1].name} {what}.",
        actor=actor,
        now=now,
        project_id=tier.project_id,
        details={"tier": tier.slug},
    )


def _lock_project(actor: Actor, project_id: int, terms: TierTerms | None = None) -> Project:
    """Check the right and hold the project's row: changes of its tiers come one after another."""
    require(actor, Permission.PROJECT_TIERS_EDIT, project_id=project_id)
    project = db.session.get_one(Project, project_id, with_for_update=True)
    if terms is not None and terms.price.currency != project.currency:
        raise Refusal("tier.currency", f"This project sells in {project.currency}.", field="price")
    if terms is not None and terms.price.amount_minor % card_unit(project.currency):
        raise Refusal(
            "tier.price",
            f"Cards take only amounts in {project.currency} whose last figure is 0.",
            field="price",
        )
    return project


def _get_tier(project_id: int, slug: str) -> Tier:
    tier = db.session.scalar(select(Tier).where(Tier.project_id == project_id, Tier.slug == slug))
    if tier is None:
        raise NotFound("tier")
    return tier


def _version(tier: Tier, terms: TierTerms, *, number: int, now: datetime) -> TierVersion:
    return TierVersion(
        tier=tier,
        number=number,
        name=terms.name,
        description=terms.description,
        price_minor=terms.price.amount_minor,
        currency=terms.price.currency,
        interval=terms.interval,
        voting_weight=terms.voting_weight,
        audience=terms.audience,
        capacity=terms.capacity,
        sold_from=terms.sold_from,
        sold_until=terms.sold_until,
        benefits=write_benefits(terms.benefits),
        created_at=now,
    )


def _free_slug(name: str, taken: set[str]) -> str:
    stem = make_slug(name) or "tier"
    taken = taken | _RESERVED
    return next(
        slug
        for slug in (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
        if slug not in taken
    )
