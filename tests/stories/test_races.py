"""Two people at once, on real commits: the last place, one running sponsorship, one refund."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask

from portal.database import db, transaction
from portal.domain.errors import DomainError
from portal.domain.money import Money
from portal.domain.permissions import OrganizationRole
from portal.models.billing import Checkout
from portal.models.changes import SponsorshipChange
from portal.models.money_back import Refund
from portal.models.sponsorship import Sponsorship
from portal.services.payments.money_back import ask_refund
from portal.services.sponsorship.changes import ask_change, prorated
from portal.services.sponsorship.checkouts import start_checkout
from tests.builders import NOW, actor_of, make_organization, make_person
from tests.stories.scene import DAY, SITE, Scene


def at_once(app: Flask, *deeds: Callable[[], object]) -> list[str]:
    """Let all begin together; returns how each ended: done, or the code of its refusal."""
    gate = Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> str:
        with app.app_context():
            gate.wait()
            try:
                with transaction():
                    deed()
            except DomainError as error:
                return error.code
            finally:
                db.session.remove()
            return "done"

    with ThreadPoolExecutor(len(deeds)) as pool:
        return sorted(pool.map(run, deeds))


def test_two_people_buy_the_last_place(committed_app: Flask) -> None:
    """One buys it, another moves to it from silver: one of them gets it (S7)."""
    with committed_app.app_context():
        scene = Scene(committed_app)
        with transaction():
            scene.gold.capacity = 1
        scene.buy("silver")
        project_id, gold, buyer = scene.project.id, scene.gold, scene.buyer
        reference, organization_id = scene.sponsorship.reference, scene.organization.id
        due = prorated(scene.sponsorship, gold, now=NOW + DAY).due
        person = make_person()
        other = make_organization("other", roles={person: [OrganizationRole.OWNER]})
        stranger, other_id = actor_of(person), other.id
        db.session.remove()

        def buy() -> object:
            return start_checkout(
                stranger, project_id, "gold", other_id, version=1, site=SITE, now=NOW + DAY
            )

        def move() -> object:
            return ask_change(
                buyer, organization_id, reference, "gold",
                version=1, due=due, site=SITE, now=NOW + DAY,
            )  # fmt: skip

        assert at_once(committed_app, buy, move) == ["buy.full", "done"]
        taken = len(scene.rows(SponsorshipChange)) + (len(scene.rows(Checkout)) - 1)
        assert taken == 1


def test_two_colleagues_change_and_buy_at_once_and_one_sponsorship_runs(
    committed_app: Flask,
) -> None:
    with committed_app.app_context():
        scene = Scene(committed_app)
        project_id, buyer = scene.project.id, scene.buyer
        organization_id = scene.organization.id
        db.session.remove()

        def buy() -> object:
            return start_checkout(
                buyer, project_id, "silver", organization_id, version=1, site=SITE, now=NOW
            )

        assert at_once(committed_app, buy, buy, buy) == ["done"] * 3
        assert len(scene.rows(Sponsorship)) == len(scene.rows(Checkout)) == 1


def test_no_more_is_given_back_than_was_paid_whoever_asks_at_once(committed_app: Flask) -> None:
    with committed_app.app_context():
        scene = Scene(committed_app)
        scene.buy("silver")
        desk, project_id, payment_id = scene.desk, scene.project.id, scene.payments[0].id
        db.session.remove()

        def give() -> object:
            return ask_refund(
                desk, project_id, payment_id, Money(6000, "EUR"),
                reason="Agreed.", site=SITE, now=NOW + DAY,
            )  # fmt: skip

        assert at_once(committed_app, give, give) == ["done", "refund.amount"]
        assert [row.amount_minor for row in scene.rows(Refund)] == [6000]
