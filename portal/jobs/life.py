"""The sweeps of a running sponsorship: changes, refunds, disputes, reminders."""

from __future__ import annotations

from datetime import datetime

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.jobs.rows import LISTED, SETTLED, one
from portal.ports.collaborators import Collaborators
from portal.services.payments import disputes, money_back, renewals
from portal.services.sponsorship import changes, open_changes, term_reminders


def follow_changes(world: Collaborators, now: datetime) -> None:
    """Ask again for changes that were never answered; forget what was taken back."""
    site = world.settings.base_url
    for asked in open_changes.find_unanswered_changes(now=now, age=SETTLED):
        reference = asked.request.reference
        with one("change", reference):
            try:
                seen = changes.put_to_processor(world.payments, asked)
            except Refusal as refusal:
                with transaction():
                    changes.give_up_change(reference, refusal.message, now=now)
            else:
                with transaction():
                    renewals.take_answer(reference, seen, site=site, now=now)
    for reference in open_changes.find_forgotten_changes(now=now):
        with one("change", reference), transaction():
            changes.give_up_change(reference, "It was never answered.", now=now)
    for reference in open_changes.find_due_changes(now=now):
        with one("change", reference), transaction():
            changes.make_due_change(reference, site=site, now=now)
    for reference, renewal_id in open_changes.find_unreleased(age=now - SETTLED):
        with one("change", reference):
            world.payments.release_change(renewal_id, idempotency_key=f"{reference}-release")
            with transaction():
                changes.note_released(reference, now=now)


def follow_money_back(world: Collaborators, now: datetime) -> None:
    """Refunds and disputes: ask again, look again, and end what is charged for nothing."""
    for asked in money_back.find_unanswered_refunds(now=now, age=SETTLED):
        with one("refund", asked.reference):
            try:
                seen = world.payments.refund(asked, idempotency_key=asked.reference)
            except Refusal as refusal:
                with transaction():
                    money_back.give_up_refund(asked.reference, refusal.message, now=now)
            else:
                with transaction():
                    money_back.converge_refund(seen, site=world.settings.base_url, now=now)
    with one("refunds", "listed"):
        _look_at_refunds(world, now)
    with one("disputes", "listed"):
        _look_at_disputes(world, now)
    for ended in money_back.find_renewals_to_end():
        with one("renewal", ended.renewal_id):
            world.payments.end_renewal(ended.renewal_id, idempotency_key=ended.idempotency_key)
            with transaction():
                money_back.note_renewal_ended(ended.renewal_id)


def _look_at_refunds(world: Collaborators, now: datetime) -> None:
    """What the processor lists of late, and what is still on its way."""
    listed = world.payments.list_refunds(since=now - LISTED)
    known = {seen.refund_id for seen in listed}
    late = (each for each in money_back.find_open_refunds() if each not in known)
    for seen in (*listed, *map(world.payments.get_refund, late)):
        with one("refund", seen.refund_id), transaction():
            money_back.converge_refund(seen, site=world.settings.base_url, now=now)


def _look_at_disputes(world: Collaborators, now: datetime) -> None:
    listed = world.payments.list_disputes(since=now - LISTED)
    known = {seen.dispute_id for seen in listed}
    late = (each for each in disputes.find_open_disputes() if each not in known)
    for seen in (*listed, *map(world.payments.get_dispute, late)):
        with one("dispute", seen.dispute_id), transaction():
            disputes.converge_dispute(seen, site=world.settings.base_url, now=now)


def remind_of_terms(world: Collaborators, now: datetime) -> None:
    """Plan the reminders of terms that have none, and send what is due."""
    for sponsorship_id in term_reminders.find_unplanned():
        with one("sponsorship", sponsorship_id), transaction():
            term_reminders.plan_late(sponsorship_id, now=now)
    for reminder_id in term_reminders.find_due_reminders(now=now):
        with one("reminder", reminder_id), transaction():
            term_reminders.send_reminder(reminder_id, site=world.settings.base_url, now=now)
