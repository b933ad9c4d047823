"""The mails that money causes: receipts, refunds, disputes, and what does not match."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portal.domain.money import Money
from portal.domain.notifications import MailKind
from portal.models.billing import Checkout, Payment
from portal.models.sponsorship import Sponsorship
from portal.services.sponsorship.letters import (
    TREASURERS,
    Letter,
    amount_text,
    day_text,
    tell_buyers,
    tell_maintainers,
)


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
