"""The mails a sponsorship causes: receipts, failed payments, lapses, and news for maintainers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.money import Money
from portal.domain.notifications import MailKind
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.sponsorship import Collection
from portal.models.billing import Checkout, Payment
from portal.models.identity import Person
from portal.models.organizations import Membership
from portal.models.projects import Maintainership
from portal.models.sponsorship import Sponsorship
from portal.services.outbox import post_mail

_BUYERS = (OrganizationRole.OWNER, OrganizationRole.BILLING)
_REVIEWERS = (ProjectRole.LEAD, ProjectRole.MAINTAINER)
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


def mail_receipt(
    sponsorship: Sponsorship, payment: Payment, *, weight_from: datetime, site: str, now: datetime
) -> None:
    """The receipt of a payment, for the owners and billing contacts."""
    tier, project = payment.tier_snapshot, sponsorship.project
    amount = amount_text(Money(payment.amount_minor, payment.currency))
    if tier.voting_weight:
        weight = (
            f"The voting weight is {tier.voting_weight}. It counts in every vote whose record date"
            f" is {day_text(weight_from)} or later, as long as the sponsorship is in good standing."
        )
    else:
        weight = "This tier carries no voting weight."
    tell_buyers(
        sponsorship,
        f"receipt:{payment.id}",
        f"Receipt: {amount} for {project.name}, {tier.name}",
        [
            (
                f"{project.name} received {amount} from {sponsorship.organization.name} on"
                f" {day_text(payment.paid_at)} for the tier {tier.name}. Thank you."
            ),
            f"Reference: {sponsorship.reference}, payment {payment.processor_payment_id}.",
            (
                f"The paid term runs from {day_text(payment.term_starts_at)} to"
                f" {day_text(payment.term_ends_at)}."
            ),
            weight,
        ],
        site=site,
        now=now,
    )


def mail_new_sponsor(sponsorship: Sponsorship, *, site: str, now: datetime) -> None:
    """News for the maintainers: somebody pays, and the public name waits for approval."""
    name, project = sponsorship.organization.name, sponsorship.project
    waits = (
        "It stays private: it counts in totals, and its name is not shown."
        if sponsorship.is_private
        else "Its name, link and logo are shown once a maintainer has approved them."
    )
    letter = Letter(
        f"sponsor:{sponsorship.id}",
        f"{name} now sponsors {project.name}",
        [f"{name} has taken the tier {sponsorship.tier_snapshot.name} of {project.name}.", waits],
        ("Open the sponsors' desk", f"{site}/desk/{project.slug}/sponsors"),
        f"You maintain {project.name}.",
        MailKind.SPONSOR,
        project.id,
    )
    tell_maintainers(sponsorship.project_id, _REVIEWERS, letter, now=now)


def mail_mismatch(checkout: Checkout, *, site: str, now: datetime) -> None:
    """A warning for leads and treasurers: money arrived that does not match what was sold."""
    project = checkout.sponsorship.project
    letter = Letter(
        f"mismatch:{checkout.id}",
        f"A payment for {project.name} does not match",
        [
            (
                f"A payment by {checkout.sponsorship.organization.name} does not match what was"
                " sold, so nothing was activated."
            ),
            f"{checkout.problem} Our reference is {checkout.reference}.",
            "Look at the payment at the processor; refund it there, or record it by hand.",
        ],
        ("Open the sponsors' desk", f"{site}/desk/{project.slug}/sponsors"),
        f"You look after the money of {project.name}.",
        MailKind.TREASURY,
        project.id,
    )
    tell_maintainers(checkout.sponsorship.project_id, TREASURERS, letter, now=now)


def mail_missed_payment(sponsorship: Sponsorship, *, site: str, now: datetime) -> None:
    """A failed renewal: what happens when, and where to pay."""
    until = sponsorship.grace_ends_at or now
    tell_buyers(
        sponsorship,
        f"missed:{sponsorship.id}:{until:%Y%m%d}",
        f"The payment for {sponsorship.project.name} failed",
        [
            (
                f"The renewal of {sponsorship.tier_snapshot.name} at {sponsorship.project.name}"
                " could not be charged."
            ),
            (
                f"Everything stays as it is until {day_text(until)}. If no payment has arrived by"
                " then, the sponsorship lapses and its voting weight is gone from the next record"
                " date."
            ),
        ],
        site=site,
        now=now,
    )


def mail_failing(sponsorship: Sponsorship, days: int, *, site: str, now: datetime) -> None:
    """A reminder that a payment is still missing; ``days`` counts from the end of the term."""
    until = sponsorship.grace_ends_at or now
    tell_buyers(
        sponsorship,
        f"failing:{sponsorship.id}:{until:%Y%m%d}:{days}",
        f"Still unpaid: {sponsorship.project.name}, {sponsorship.tier_snapshot.name}",
        [
            (
                f"The renewal of {sponsorship.tier_snapshot.name} at {sponsorship.project.name}"
                " has not been paid yet."
            ),
            (
                f"Grace ends on {day_text(until)}. Pay before that day, or take another way to"
                " pay; after it the sponsorship lapses, and its voting weight is gone from the"
                " next record date."
            ),
        ],
        site=site,
        now=now,
    )


def mail_term_end(sponsorship: Sponsorship, days: int, *, site: str, now: datetime) -> None:
    """A reminder that a term ends, and what happens then; ``days`` is how long before."""
    tier, project = sponsorship.tier_snapshot, sponsorship.project.name
    ends_at = sponsorship.term_ends_at or now
    goes_on = sponsorship.renews and not sponsorship.cancel_at_term_end
    if goes_on:
        subject = f"The term of {tier.name} at {project} ends on {day_text(ends_at)}"
        text = (
            "It goes on by itself: the next term is charged or billed. You can change the tier,"
            " the way you pay, or end it, until then."
        )
    else:
        subject = f"The sponsorship of {project} ends on {day_text(ends_at)}"
        text = (
            "It does not go on by itself. Its benefits and voting weight end on that day; you can"
            " let it go on, or buy again."
        )
    tell_buyers(
        sponsorship,
        f"ending:{sponsorship.id}:{ends_at:%Y%m%d}:{days}",
        subject,
        [text],
        site=site,
        now=now,
        kind=MailKind.TERM,
    )


def mail_lapse(sponsorship: Sponsorship, *, site: str, now: datetime) -> None:
    """The end of grace: the weight is gone, and how it comes back."""
    tell_buyers(
        sponsorship,
        f"lapse:{sponsorship.id}:{now:%Y%m%d}",
        f"The sponsorship of {sponsorship.project.name} has lapsed",
        [
            (
                f"No payment arrived for {sponsorship.tier_snapshot.name} at"
                f" {sponsorship.project.name}, and the days of grace are over."
            ),
            (
                "The voting weight is gone from the next record date. Votes already opened, and the"
                " past, stay as they are. Paying again restores the sponsorship."
            ),
        ],
        site=site,
        now=now,
    )


def mail_standing_ended(sponsorship: Sponsorship, reason: str, *, site: str, now: datetime) -> None:
    """A sponsorship that ended at once: what is gone, and what stays."""
    tell_buyers(
        sponsorship,
        f"ended:{sponsorship.id}:{now:%Y%m%d}",
        f"The sponsorship of {sponsorship.project.name} has ended",
        [
            reason,
            (
                "Benefits and voting weight are gone, and a ballot in a vote that is still open no"
                " longer counts. Votes that are closed, and the past, stay as they are."
            ),
        ],
        site=site,
        now=now,
    )


def mail_refund(
    sponsorship: Sponsorship, refund_id: int, money: Money, reason: str, *, site: str, now: datetime
) -> None:
    """Money was given back: how much, and why."""
    tell_buyers(
        sponsorship,
        f"refund:{refund_id}",
        f"Refund: {amount_text(money)} from {sponsorship.project.name}",
        [
            f"{sponsorship.project.name} gave back {amount_text(money)}. Reason: {reason}",
            "Depending on your bank it arrives within ten days.",
        ],
        site=site,
        now=now,
    )


def mail_dispute(
    sponsorship: Sponsorship,
    dispute_id: int,
    subject: str,
    texts: Sequence[str],
    *,
    site: str,
    now: datetime,
) -> None:
    """News of a disputed payment, for the buyers and for leads and treasurers."""
    project = sponsorship.project
    occasion = f"dispute:{dispute_id}:{now:%Y%m%d%H%M}"
    tell_buyers(sponsorship, occasion, subject, texts, site=site, now=now)
    letter = Letter(
        f"{occasion}:desk",
        f"{sponsorship.organization.name}: {subject}",
        texts,
        ("Open the sponsors' desk", f"{site}/desk/{project.slug}/sponsors"),
        f"You look after the money of {project.name}.",
        MailKind.TREASURY,
        project.id,
    )
    tell_maintainers(sponsorship.project_id, TREASURERS, letter, now=now)


def mail_stray_dispute(
    sponsorship: Sponsorship, dispute_id: str, money: Money, *, site: str, now: datetime
) -> None:
    """For leads and treasurers: a payment that bought nothing is disputed."""
    project = sponsorship.project
    letter = Letter(
        f"dispute:{dispute_id}",
        f"{sponsorship.organization.name}: a payment that bought nothing is disputed",
        [
            (
                f"The payer's bank questions {amount_text(money)}. The payment did not match what"
                " was sold, so no sponsorship depends on it."
            ),
            "Answer at the processor, or let it go: the credit of the payer then goes with it.",
        ],
        ("Open what does not match", f"{site}/desk/{project.slug}/reconciliation"),
        f"You look after the money of {project.name}.",
        MailKind.TREASURY,
        project.id,
    )
    tell_maintainers(sponsorship.project_id, TREASURERS, letter, now=now)


def mail_collection(sponsorship: Sponsorship, event_id: int, *, site: str, now: datetime) -> None:
    """Confirms how the next terms are paid."""
    project, invoiced = sponsorship.project.name, sponsorship.collection is Collection.INVOICE
    text = (
        "From the next term on an invoice is sent, with days to pay."
        if invoiced
        else "From the next term on the card on file is charged."
    )
    tell_buyers(
        sponsorship,
        f"collection:{sponsorship.id}:{event_id}",
        f"{project}: paid by {sponsorship.collection} from the next term on",
        [text, "The sponsorship, its weight and its price stay as they are."],
        site=site,
        now=now,
    )


def mail_renewal_choice(
    sponsorship: Sponsorship, event_id: int, *, site: str, now: datetime
) -> None:
    """Confirms that a sponsorship will end with its term, or that it goes on."""
    project, ends_at = sponsorship.project.name, sponsorship.term_ends_at or now
    if sponsorship.cancel_at_term_end:
        subject = f"The sponsorship of {project} ends on {day_text(ends_at)}"
        text = (
            f"It will not be charged again. Benefits and voting weight stay until"
            f" {day_text(ends_at)}; until then you can change your mind."
        )
    else:
        subject = f"The sponsorship of {project} goes on"
        text = f"It renews on {day_text(ends_at)}, with the same benefits and voting weight."
    tell_buyers(
        sponsorship, f"renewal:{sponsorship.id}:{event_id}", subject, [text], site=site, now=now
    )


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
