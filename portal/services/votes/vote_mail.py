"""The mails a vote causes: a ballot is open, a receipt, the outcome, a decision owed."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from portal.database import db
from portal.domain.charter import PrivacyMode
from portal.domain.notifications import MailKind
from portal.domain.permissions import PROJECT_POLICY, OrganizationRole, Permission
from portal.domain.record.entries import EntryType, vote_subject
from portal.domain.rules import read_texts
from portal.domain.votes import Method
from portal.models.contributors import Contributor
from portal.models.identity import Person
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership
from portal.models.votes import Ballot, Elector, ElectorOrganization, Vote
from portal.services.outbox import Letter, post_mail, post_mails
from portal.services.projects.holders import find_holders
from portal.services.record.record import find_root_over
from portal.statements import Found

_CASTERS = (OrganizationRole.REPRESENTATIVE, OrganizationRole.DEPUTY)
_SPAN = 2000


class Receipt(NamedTuple):
    """What whoever cast a ballot takes home; it does not say what the ballot says.

    ``cast_at`` is rounded to the hour in secret votes; ``fresh`` is False where nothing changed.
    """

    reference: str
    cast_at: datetime
    replaced: bool
    fresh: bool


class Span(NamedTuple):
    """Electors of one vote by their ids, both ends included; few enough to hold in memory."""

    first: int
    last: int


class _Caster(NamedTuple):
    """Somebody who may cast an elector's ballot, the page where they do it, and its receipt."""

    person_id: int
    key: str
    email: str
    path: str
    why: str
    receipt: str | None


def spans(vote_id: int, *, after: int = 0) -> Iterator[Span]:
    """All electors of a vote whose id is above one, in spans."""
    first, last = db.session.execute(
        select(func.min(Elector.id), func.max(Elector.id)).where(
            Elector.vote_id == vote_id, Elector.id > after
        )
    ).one()
    while first is not None and first <= last:
        yield Span(first, min(first + _SPAN - 1, last))
        first += _SPAN


def tell_open(vote: Vote, *, site: str, now: datetime) -> None:
    """Tell everybody who may cast a ballot that it is open, and until when."""
    secret = vote.terms["privacy"] == PrivacyMode.SECRET_AGGREGATE
    sees = "ever sees it: the vote is secret" if secret else "sees it before the close"
    _tell(
        vote,
        "open",
        f"Your ballot is open: {vote.question}",
        [
            f"{vote.project.name} asks: {vote.question}",
            f"Your ballot is open until {instant_text(vote.closes_at)}.",
            f"Until then you can change it; nobody else {sees}.",
        ],
        site=site,
        now=now,
    )


def tell_extended(
    vote: Vote, closed_before: datetime, reason: str, *, site: str, now: datetime
) -> None:
    """Tell everybody who may cast a ballot of the new close, and why there is one."""
    _tell(
        vote,
        "extended",
        f"More time to vote: {vote.question}",
        [
            f"{vote.project.name} extended the window of this vote: {vote.question}",
            f"It closes {instant_text(vote.closes_at)} instead of {instant_text(closed_before)}.",
            "There is no second extension.",
            f"The reason: {reason}",
            "Ballots that are cast stand, and can be changed until the new close.",
        ],
        site=site,
        now=now,
    )


def remind_missing(vote: Vote, reminder_id: int, *, site: str, now: datetime) -> None:
    """Remind everybody who may cast a ballot that is not cast yet."""
    _tell(
        vote,
        f"reminder:{reminder_id}",
        f"Not cast yet: {vote.question}",
        [
            f"{vote.project.name} asks: {vote.question}",
            f"Your ballot is not cast. The vote closes {instant_text(vote.closes_at)}.",
            "To abstain or to recuse yourself counts as taking part, too."
            if vote.method is Method.YES_NO
            else "To recuse yourself counts as taking part, too.",
        ],
        missing=True,
        site=site,
        now=now,
    )


def tell_closed(vote: Vote, outcome: str, span: Span, *, site: str, now: datetime) -> None:
    """Tell those who could cast the ballots of a span of electors how the vote ended.

    With the checkpoint of the record, once the outcome is on it.
    """
    project = f"{site}/p/{vote.project.slug}"
    page = f"{project}/proposals/{vote.proposal.number}/outcome?vote={vote.id}"
    over = find_root_over(vote.project_id, vote_subject(vote.id), EntryType.TALLIED)
    kept = () if over is None else _kept(*over, f"{project}/record/checkpoint")
    post_mails(
        (
            Letter(
                dedupe_key=f"vote:{vote.id}:closed:{caster.key}",
                recipient=caster.email,
                subject=f"Outcome: {vote.question}",
                paragraphs=[
                    f"{vote.project.name} asked: {vote.question}",
                    outcome,
                    "No ballot of yours was counted."
                    if caster.receipt is None
                    else f"Your ballot was counted. Its receipt is {caster.receipt}.",
                    *kept,
                ],
                why=caster.why,
                action=("See the outcome", page),
                kind=MailKind.OUTCOME,
                person_id=caster.person_id,
                project_id=vote.project_id,
            )
            for caster in _casters(vote, span)
        ),
        now=now,
    )


def _kept(size: int, root: bytes, checkpoints: str) -> tuple[str, str]:
    """What a mail keeps of the record: its checkpoint, in somebody else's hands."""
    told = base64.b64encode(root).decode()
    return (
        f"The public record holds {size} entries now, this outcome among them. Its root is {told}.",
        f"Keep this mail: a changed record has another root at that size: {checkpoints}/{size}",
    )


def tell_decision_owed(vote: Vote, outcome: str, *, site: str, now: datetime) -> None:
    """Tell the maintainers what they owe now: a decision on each proposal of the vote."""
    desk = f"{site}/desk/{vote.project.slug}"
    texts = read_texts(vote.terms)
    pages = [f"{desk}/proposals/{text['number']}/decision" for text in texts]
    owed = ["Owed now: a decision with reasons, published beside the outcome."]
    action = ("Record the decision", pages[0])
    if len(texts) > 1:
        owed = [
            f"Owed now: decisions with reasons on {len(texts)} proposals, beside the outcome.",
            *(
                f"{text['number']}. {text['title']}: {page}"
                for text, page in zip(texts, pages, strict=True)
            ),
        ]
        action = ("Open the desk", desk)
    post_mails(
        (
            Letter(
                dedupe_key=f"vote:{vote.id}:decision:{person.id}",
                recipient=person.email,
                subject=f"A decision is owed: {vote.question}",
                paragraphs=[outcome, *owed],
                why=f"You maintain {vote.project.name}.",
                kind=MailKind.DECISION_OWED,
                person_id=person.id,
                project_id=vote.project_id,
                action=action,
            )
            for person in find_holders(vote.project_id, Permission.PROJECT_DECISION_EDIT)
        ),
        now=now,
    )


def tell_voided(vote: Vote, elector_id: int, why: str, *, now: datetime) -> None:
    """Tell those who could cast an elector's ballot that it does not count, and why."""
    post_mails(
        (
            Letter(
                dedupe_key=f"vote:{vote.id}:voided:{caster.key}",
                recipient=caster.email,
                subject=f"Your ballot does not count: {vote.question}",
                paragraphs=[
                    f"The ballot in this vote of {vote.project.name} was voided: {why}",
                    "No new ballot can be cast in this vote. Other votes are not touched.",
                ],
                why=caster.why,
                kind=MailKind.BALLOT,
                person_id=caster.person_id,
                project_id=vote.project_id,
            )
            for caster in _casters(vote, Span(elector_id, elector_id))
        ),
        now=now,
    )


def send_receipt(vote: Found, receipt: Receipt, email: str, *, url: str) -> None:
    """Send the receipt to whoever cast the ballot."""
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
            "Download the receipt: it proves that your ballot is in the public record.",
            f"You can change it until {instant_text(vote.closes_at)}.",
            "This mail does not say what you chose: your ballot is sealed.",
        ],
        why="You cast this ballot.",
        action=("See the receipt", f"{url}/receipt"),
        kind=MailKind.BALLOT,
        now=receipt.cast_at,
    )


def instant_text(at: datetime) -> str:
    """An instant in plain text, to the minute, with its time zone."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _tell(
    vote: Vote,
    occasion: str,
    subject: str,
    paragraphs: Sequence[str],
    *,
    missing: bool = False,
    site: str,
    now: datetime,
) -> None:
    """Post one mail to everybody who may cast a ballot, or one that is missing, leading to it."""
    deadline = f"The deadline for your calendar: {site}{calendar_path(vote.project.slug, vote.id)}"
    for span in spans(vote.id):
        post_mails(
            (
                Letter(
                    dedupe_key=f"vote:{vote.id}:{occasion}:{caster.key}",
                    recipient=caster.email,
                    subject=subject,
                    paragraphs=[*paragraphs, deadline],
                    why=caster.why,
                    action=("Cast the ballot", f"{site}{caster.path}"),
                    kind=MailKind.REMINDER if missing else MailKind.VOTE,
                    person_id=caster.person_id,
                    project_id=vote.project_id,
                )
                for caster in _casters(vote, span, missing=missing)
            ),
            now=now,
        )


def _casters(vote: Vote, span: Span, *, missing: bool = False) -> Iterator[_Caster]:
    """Representatives and deputies of the electors' organizations, and people with a seat.

    Somebody with both roles comes twice, with the same key. ``missing`` leaves out electors whose
    ballot is cast, and those who cannot cast one any more.
    """
    wanted = (Elector.voided_at.is_(None), Ballot.id.is_(None)) if missing else (true(),)
    seats = db.session.execute(
        select(
            Person.id,
            Person.email,
            Organization.slug,
            Organization.name,
            Membership.organization_id,
            Ballot.reference,
        )
        .select_from(ElectorOrganization)
        .join(Elector, Elector.id == ElectorOrganization.elector_id)
        .join(Organization, Organization.id == ElectorOrganization.organization_id)
        .join(Membership, Membership.organization_id == Organization.id)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Ballot, _current(ElectorOrganization.elector_id))
        .where(
            ElectorOrganization.vote_id == vote.id,
            ElectorOrganization.elector_id.between(*span),
            Membership.role.in_(_CASTERS),
            *wanted,
        )
        .order_by(ElectorOrganization.elector_id, Person.id)
    )
    for seat in seats:
        yield _Caster(
            seat.id,
            f"{seat.id}:{seat.organization_id}",
            seat.email,
            f"/organizations/{seat.slug}/votes/{vote.id}",
            f"You cast the ballot of {seat.name}.",
            seat.reference,
        )
    maintains = _maintains(vote.project_id)
    if missing:
        # Whoever has left can cast no ballot any more.
        wanted = (
            *wanted,
            or_(maintains, _contributes(vote.project_id, Contributor.ended_at.is_(None))),
        )
    own = db.session.execute(
        select(
            Person.id,
            Person.email,
            Ballot.reference,
            and_(~maintains, _contributes(vote.project_id)).label("contributes"),
        )
        .join(Elector, Elector.person_id == Person.id)
        .outerjoin(Ballot, _current(Elector.id))
        .where(Elector.vote_id == vote.id, Elector.id.between(*span), *wanted)
        .order_by(Elector.id)
    )
    for person in own:
        place, part = (
            ("contributor", "are a contributor to") if person.contributes else ("desk", "maintain")
        )
        yield _Caster(
            person.id,
            str(person.id),
            person.email,
            f"/{place}/{vote.project.slug}/votes/{vote.id}",
            f"You {part} {vote.project.name}.",
            person.reference,
        )


def _maintains(project_id: int) -> ColumnElement[bool]:
    """Whether the person at hand casts a ballot on the maintainers' desk."""
    return exists().where(
        Maintainership.project_id == project_id,
        Maintainership.person_id == Person.id,
        Maintainership.role.in_(PROJECT_POLICY[Permission.PROJECT_BALLOT_CAST]),
    )


def _contributes(project_id: int, *criteria: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the person at hand is, or was, a contributor."""
    return exists().where(
        Contributor.project_id == project_id, Contributor.person_id == Person.id, *criteria
    )


def calendar_path(project: str, vote_id: int) -> str:
    """The address of the calendar file with a vote's deadline."""
    return f"/p/{project}/votes/{vote_id}/deadline.ics"


def _current(elector_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return and_(Ballot.elector_id == elector_id, Ballot.superseded_at.is_(None))
