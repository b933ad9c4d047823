"""Stories of changes: upgrade, downgrade, a new price, the end of the term."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from portal.database import transaction
from portal.domain.changes import ChangeState
from portal.domain.errors import Conflict, Refusal
from portal.domain.money import Money
from portal.domain.sponsorship import Commercial, Term
from portal.domain.tiers import Audience, Interval, TierTerms
from portal.models.changes import SponsorshipChange
from portal.queries.sponsorship.changes import find_change_preview
from portal.services.sponsorship.changes import prorated
from portal.services.sponsorship.price_notices import announce_price
from portal.services.sponsorship.tiers import change_tier
from tests.builders import NOW, make_organization, make_person
from tests.stories.scene import DAY, SITE, Scene, paid

LATER = NOW + 73 * DAY  # a fifth of a year of 365 days has gone


def test_upgrade_in_the_middle_of_a_term(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    assert scene.weight(NOW) == 2
    scene.change("gold", now=LATER + timedelta(hours=5))
    sponsorship = scene.sponsorship
    assert sponsorship.tier_snapshot_id == scene.gold.id
    assert (sponsorship.term, sponsorship.commercial) == (Term.ACTIVE, Commercial.PAID)
    assert sponsorship.term_ends_at == NOW + 365 * DAY, "the term stays as it was"
    assert sponsorship.active_since == NOW, "an upgrade does not season anew"
    assert scene.weight(LATER + DAY) == 4
    # Four fifths of 300.00 less four fifths of 100.00.
    assert scene.book() == [*paid(10000), *paid(16000)]
    difference = scene.payments[-1]
    assert (difference.tier_snapshot_id, difference.term_starts_at) == (scene.gold.id, LATER)
    assert "Kiln: your tier is Gold now" in scene.subjects
    assert ("tier", "asked") in scene.history
    assert ("tier", "done") in scene.history
    at = scene.renew()
    assert scene.sponsorship.term_ends_at == at.replace(year=2028)
    assert scene.book() == [*paid(10000), *paid(16000), *paid(30000)]


def test_an_upgrade_that_the_card_declines_changes_nothing_then_another_card_pays(
    app: Flask,
) -> None:
    scene = Scene(app)
    scene.buy("silver")
    scene.gateway.declines = True
    scene.change("gold", now=LATER)
    change = scene.live_change
    assert change is not None
    assert change.state is ChangeState.WAITING
    assert change.pay_url
    assert scene.weight(LATER + DAY) == 2
    scene.gateway.pay_invoice(change.processor_invoice_id, at=LATER + timedelta(hours=2))
    scene.look(LATER + timedelta(hours=2), renewal=scene.sponsorship.renewal_id)
    assert scene.sponsorship.tier_snapshot_id == scene.gold.id
    assert scene.book() == [*paid(10000), *paid(16000)]


def test_an_upgrade_that_nobody_pays_is_given_up_and_can_be_asked_again(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    scene.gateway.declines = True
    scene.change("gold", now=LATER)
    renewal_id = scene.sponsorship.renewal_id
    scene.gateway._pending.pop(renewal_id)
    scene.gateway._move(renewal_id, change_pending=False)
    scene.run(LATER + DAY)
    assert scene.rows(SponsorshipChange)[0].state is ChangeState.FAILED
    assert "Kiln: the change to Gold was not paid" in scene.subjects
    scene.gateway.declines = False
    scene.change("gold", now=LATER + DAY)
    assert scene.sponsorship.tier_snapshot_id == scene.gold.id


@pytest.mark.parametrize("reached", [False, True])
def test_a_crash_around_the_processors_answer_to_an_upgrade_heals(
    app: Flask, *, reached: bool
) -> None:
    """Asked and committed; then the process dies before the call, or before its answer is kept."""
    scene = Scene(app)
    scene.buy("silver")
    asked = scene.ask("gold", now=LATER)
    if reached:
        scene.gateway.change_renewal(
            asked.request, at=asked.at, idempotency_key=asked.request.reference
        )
    for minutes in (3, 6, 9):
        scene.run(LATER + timedelta(minutes=minutes))
    assert scene.sponsorship.tier_snapshot_id == scene.gold.id
    assert scene.book() == [*paid(10000), *paid(16000)]
    assert scene.subjects.count("Kiln: your tier is Gold now") == 1


def test_an_event_that_is_quicker_than_the_answer(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    asked = scene.ask("gold", now=LATER)
    scene.gateway.change_renewal(
        asked.request, at=asked.at, idempotency_key=asked.request.reference
    )
    for _ in range(3):
        scene.look(LATER, renewal=scene.sponsorship.renewal_id)
    assert scene.sponsorship.tier_snapshot_id == scene.gold.id
    assert scene.book() == [*paid(10000), *paid(16000)]


def test_the_amount_that_was_shown_is_the_amount_that_is_charged(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    with pytest.raises(Conflict) as conflict:
        scene.ask("gold", now=LATER, due=Money(15900, "EUR"))
    assert conflict.value.code == "change.amount"
    assert scene.live_change is None


def test_a_card_is_shown_an_amount_that_it_can_be_charged(app: Flask) -> None:
    """Cards are charged tens of a thousandth: 18.740 less 6.250, not 18.740 less 6.247."""
    scene = Scene(app, currency="KWD")
    scene.buy("silver")
    now = NOW + 137 * DAY
    shown = find_change_preview(
        scene.buyer, scene.organization.id, scene.sponsorship.reference, "gold", now=now
    )
    assert shown.proration is not None
    assert shown.proration.due == Money(12_490, "KWD")
    assert prorated(scene.sponsorship, scene.gold, now=now) == shown.proration


def test_a_downgrade_waits_for_the_end_of_the_term_and_can_be_taken_back(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("gold")
    scene.change("silver", now=LATER)
    assert scene.live_change is not None
    assert scene.live_change.state is ChangeState.SCHEDULED
    assert scene.weight(LATER + DAY) == 4, "until the term ends nothing changes"
    assert scene.withdraw(now=LATER + DAY) is not None
    scene.run(LATER + 2 * DAY)
    renewal_id = scene.sponsorship.renewal_id
    assert scene.gateway.renewals[renewal_id].scheduled is None, "the sweep told the processor"
    scene.change("silver", now=LATER + 3 * DAY)
    at = scene.renew()
    assert scene.sponsorship.tier_snapshot_id == scene.silver.id
    assert scene.weight(at + DAY) == 2
    assert scene.book() == [*paid(30000), *paid(10000)]
    assert [subject for subject in scene.subjects if "tier" in subject] == [
        "Kiln: your tier changes to Silver on 21 November 2027",
        "Kiln: your tier stays Gold",
        "Kiln: your tier changes to Silver on 21 November 2027",
        "Kiln: your tier is Silver now",
    ]


def test_a_downgrade_holds_even_if_the_smaller_price_is_not_paid_at_once(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("gold")
    scene.change("silver", now=LATER)
    at = scene.renew(paid=False)
    assert scene.sponsorship.term is Term.GRACE
    assert scene.sponsorship.tier_snapshot_id == scene.silver.id
    assert scene.weight(at + DAY) == 2


def test_ending_with_the_term_drops_a_change_that_waited(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("gold")
    scene.change("silver", now=LATER)
    scene.end_with_term(now=LATER + DAY)
    assert scene.live_change is None
    with pytest.raises(Refusal) as refusal:
        scene.ask("silver", now=LATER + DAY)
    assert refusal.value.code == "change.ends"
    scene.run(NOW + 365 * DAY)
    assert scene.sponsorship.term is Term.ENDED
    assert scene.book() == paid(30000)


def test_a_second_change_waits_for_the_first(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    scene.ask("gold", now=LATER)
    with pytest.raises(Refusal) as refusal:
        scene.ask("gold", now=LATER)
    assert refusal.value.code == "change.live"


def test_a_place_is_held_from_the_moment_a_change_is_asked_for(app: Flask) -> None:
    """Capacity counts whoever is on the way, in both directions."""
    scene = Scene(app)
    with transaction():
        scene.gold.capacity = 1
    scene.buy("silver")
    scene.ask("gold", now=LATER)
    person = make_person()
    other = make_organization("other", roles={person: ["owner"]})
    with pytest.raises(Refusal) as refusal:
        scene.open("gold", now=LATER, buyer=(other, person))
    assert refusal.value.code == "buy.full"


def new_price(scene: Scene) -> None:
    terms = TierTerms("Silver", "", Money(12000, "EUR"), Interval.YEAR, 3, Audience.ORGANIZATION)
    with transaction():
        change_tier(scene.desk, scene.project.id, "silver", terms, seen_number=1, now=NOW)


@pytest.mark.parametrize(("notice_days", "terms"), [(30, 1), (300, 2)])
def test_renewal_with_a_changed_price_after_notice(
    app: Flask, notice_days: int, terms: int
) -> None:
    """The old price holds for every term that begins before the notice is over."""
    scene = Scene(app)
    scene.buy("silver")
    new_price(scene)
    scene.run(LATER)
    assert scene.sponsorship.tier_snapshot_id == scene.silver.id, "a new version alone does nothing"
    with transaction():
        told = announce_price(
            scene.desk, scene.project.id, "silver", notice_days=notice_days, site=SITE, now=LATER
        )
    assert told == 1
    assert scene.live_change is not None
    assert scene.live_change.effective_at == NOW.replace(year=2026 + terms)
    scene.run(LATER + DAY)
    told_by = scene.subjects
    for number in range(1, terms + 1):
        at = scene.renew()
        scene.run(at + DAY)
        assert (scene.sponsorship.tier_snapshot_id != scene.silver.id) is (number == terms)
    assert scene.book() == [*(paid(10000) * terms), *paid(12000)]
    assert scene.weight(at + DAY) == 3
    day = f"21 November {2026 + terms}"
    assert f"Kiln: a new price for Silver from {day}" in told_by


def test_an_announcement_needs_notice_and_somebody_to_tell(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    for days, code in ((13, "change.notice"), (30, "notice.nobody")):
        with pytest.raises(Refusal) as refusal, transaction():
            announce_price(
                scene.desk, scene.project.id, "silver", notice_days=days, site=SITE, now=LATER
            )
        assert refusal.value.code == code
