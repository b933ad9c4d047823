"""The mails a vote causes: a ballot is open, a receipt, the outcome, a decision owed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, select

from portal.database import db
from portal.domain.permissions import PROJECT_POLICY, OrganizationRole, Permission
from portal.models.identity import Person
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership
from portal.models.votes import Elector, ElectorOrganization, Vote
from portal.services.outbox import post_mail

_CASTERS = (OrganizationRole.REPRESENTATIVE, OrganizationRole.DEPUTY)


class Receipt(NamedTuple):
    """What whoever cast a ballot takes home; it does not say what the ballot says."""

    reference: str
    cast_at: datetime
    replaced: bool


class _Caster(NamedTuple):
    """Somebody who may cast an elector's ballot, and the page where they do it."""

    key: str
    email: str
    path: str
    why: str


def tell_open(vote: Vote, *, site: str, now: datetime) -> None:
    """Tell everybody who may cast a ballot that it is open, and until when."""
    for caster in _casters(vote):
        post_mail(
            dedupe_key=f"vote:{vote.id}:open:{caster.key}",
            recipient=caster.email,
            subject=f"Your ballot is open: {vote.question}",
            paragraphs=[
                f"{vote.project.name} asks: {vote.question}",
                f"Your ballot is open until {instant_text(vote.closes_at)}.",
                "Until then you can change it; nobody else sees it before the close.",
            ],
            why=caster.why,
            action=("Cast the ballot", f"{site}{caster.path}"),
            now=now,
        )


def tell_closed(vote: Vote, outcome: str, *, site: str, now: datetime) -> None:
    """Tell everybody who could cast a ballot how the vote ended, and maintainers what they owe."""
    page = f"{site}/p/{vote.project.slug}/proposals/{vote.proposal.number}/outcome"
    for caster in _casters(vote):
        post_mail(
            dedupe_key=f"vote:{vote.id}:closed:{caster.key}",
            recipient=caster.email,
            subject=f"Outcome: {vote.question}",
            paragraphs=[f"{vote.project.name} asked: {vote.question}", outcome],
            why=caster.why,
            action=("See the outcome", page),
            now=now,
        )
    desk = f"{site}/desk/{vote.project.slug}/proposals/{vote.proposal.number}/decision"
    for person in _maintainers(vote.project_id, Permission.PROJECT_DECISION_EDIT):
        post_mail(
            dedupe_key=f"vote:{vote.id}:decision:{person.id}",
            recipient=person.email,
            subject=f"A decision is owed: {vote.question}",
            paragraphs=[
                outcome,
                "What is owed now is a decision with reasons. It is published beside the outcome.",
            ],
            why=f"You maintain {vote.project.name}.",
            action=("Record the decision", desk),
            now=now,
        )


def send_receipt(vote: Vote, receipt: Receipt, person_id: int, *, url: str, now: datetime) -> None:
    """Send the receipt to whoever cast the ballot."""
    email = db.session.scalar(select(Person.email).where(Person.id == person_id)) or ""
    reference = receipt.reference
    done = (
        "Your new ballot replaced the earlier one." if receipt.replaced else "Your ballot is cast."
    )
    post_mail(
        dedupe_key=f"ballot:{reference}:receipt",
        recipient=email,
        subject=f"Receipt {reference}: {vote.question}",
        paragraphs=[
            f"{done} Its receipt is {reference}.",
            f"You can change it until {instant_text(vote.closes_at)}.",
            "This mail does not say what you chose: ballots are sealed until the close.",
        ],
        why="You cast this ballot.",
        action=("See the ballot", url),
        now=now,
    )


def instant_text(at: datetime) -> str:
    """An instant in plain text, to the minute, with its time zone."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _casters(vote: Vote) -> list[_Caster]:
    """Representatives and deputies of all electors' organizations, and maintainers with a seat."""
    seats = db.session.execute(
        select(
            Person.id,
            Person.email,
            Organization.slug,
            Organization.name,
            Membership.organization_id,
        )
        .join(Membership, Membership.person_id == Person.id)
        .join(Organization, Organization.id == Membership.organization_id)
        .join(
            ElectorOrganization, ElectorOrganization.organization_id == Membership.organization_id
        )
        .where(ElectorOrganization.vote_id == vote.id, Membership.role.in_(_CASTERS))
        .distinct()
        .order_by(Person.id, Organization.slug)
    )
    own = db.session.execute(
        select(Person.id, Person.email)
        .join(Elector, Elector.person_id == Person.id)
        .where(Elector.vote_id == vote.id)
        .order_by(Person.id)
    )
    return [
        _Caster(
            f"{seat.id}:{seat.organization_id}",
            seat.email,
            f"/organizations/{seat.slug}/votes/{vote.id}",
            f"You cast the ballot of {seat.name}.",
        )
        for seat in seats
    ] + [
        _Caster(
            str(person.id),
            person.email,
            f"/desk/{vote.project.slug}/votes/{vote.id}",
            f"You maintain {vote.project.name}.",
        )
        for person in own
    ]


def _maintainers(project_id: int, permission: Permission) -> Sequence[Row[*tuple[Any, ...]]]:
    return db.session.execute(
        select(Person.id, Person.email)
        .join(Maintainership, Maintainership.person_id == Person.id)
        .where(
            Maintainership.project_id == project_id,
            Maintainership.role.in_(PROJECT_POLICY[permission]),
        )
        .distinct()
        .order_by(Person.id)
    ).all()
