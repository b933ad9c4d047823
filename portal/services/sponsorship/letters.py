"""Letters about a sponsorship: to whom they go, each once, and how they write money and days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.money import Money
from portal.domain.notifications import MailKind
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.models.identity import Person
from portal.models.organizations import Membership
from portal.models.projects import Maintainership
from portal.models.sponsorship import Sponsorship
from portal.services.outbox import post_mail

_BUYERS = (OrganizationRole.OWNER, OrganizationRole.BILLING)


TREASURERS = (ProjectRole.LEAD, ProjectRole.TREASURER)


@dataclass(frozen=True, slots=True)
class Letter:
    """One text for several people; ``occasion`` makes each of them get it once."""

    occasion: str
    subject: str
    paragraphs: Sequence[str]
    action: tuple[str, str]
    why: str
    kind: MailKind
    project_id: int


def sponsorship_url(site: str, sponsorship: Sponsorship) -> str:
    """Address of a sponsorship's page on its organization's desk."""
    slug = sponsorship.organization.slug
    return f"{site}/organizations/{slug}/sponsorships/{sponsorship.reference}"


def amount_text(money: Money) -> str:
    """An amount in plain text, exact, with its currency's code."""
    return f"{money.currency} {money.decimal:,}"


def tell_buyers(
    sponsorship: Sponsorship,
    occasion: str,
    subject: str,
    paragraphs: Sequence[str],
    *,
    site: str,
    now: datetime,
    action: tuple[str, str] | None = None,
    kind: MailKind = MailKind.CONTRACT,
) -> None:
    """One mail for owners and billing contacts; without ``action`` it leads to the sponsorship.

    It is a part of the contract and always sent, unless another ``kind`` is named.
    """
    letter = Letter(
        occasion,
        subject,
        paragraphs,
        action or ("See the sponsorship", sponsorship_url(site, sponsorship)),
        f"You own {sponsorship.organization.name} here, or look after its bills.",
        kind,
        sponsorship.project_id,
    )
    members = (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.organization_id == sponsorship.organization_id,
            Membership.role.in_(_BUYERS),
        )
    )
    _post(letter, db.session.scalars(members).unique().all(), now=now)


def tell_maintainers(
    project_id: int, roles: Sequence[ProjectRole], letter: Letter, *, now: datetime
) -> None:
    """Write to those who hold one of the roles in a project, once for each occasion."""
    members = (
        select(Person)
        .join(Maintainership, Maintainership.person_id == Person.id)
        .where(Maintainership.project_id == project_id, Maintainership.role.in_(roles))
    )
    _post(letter, db.session.scalars(members).unique().all(), now=now)


def _post(letter: Letter, people: Sequence[Person], *, now: datetime) -> None:
    for person in people:
        post_mail(
            dedupe_key=f"{letter.occasion}:{person.id}",
            recipient=person.email,
            subject=letter.subject,
            paragraphs=letter.paragraphs,
            why=letter.why,
            now=now,
            action=letter.action,
            kind=letter.kind,
            person_id=person.id,
            project_id=letter.project_id,
        )


def day_text(instant: datetime) -> str:
    """A day in plain text."""
    return f"{instant.day} {instant:%B %Y}"
