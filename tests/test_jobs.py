"""Periodic work: crashes between any two steps heal, and two workers do nothing twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain.errors import Conflict
from portal.domain.organizations import Profile
from portal.domain.permissions import Actor, OrganizationRole
from portal.domain.sponsorship import Publication, Term
from portal.jobs import SWEEPS, PeriodicJobs, init_jobs, run_due
from portal.models.audit import AuditEntry
from portal.models.billing import Checkout, CheckoutStatus, Payment, ProcessorEvent
from portal.models.identity import SignInLink
from portal.models.outbox import OutboxMessage
from portal.models.sponsorship import Sponsorship
from portal.ports.mail import Mail, MailUndelivered
from portal.ports.payments import EventSeen
from portal.services.identity import organizations
from portal.services.outbox import post_mail
from portal.services.payments.processor_events import store_event
from portal.services.payments.renewals import converge_renewal
from portal.services.sponsorship.checkouts import start_checkout
from tests.builders import NOW, actor_of, make_organization, make_person
from tests.conftest import make_settings
from tests.services.test_checkouts import SITE, Market

LATER = NOW + timedelta(minutes=10)


class Killed(BaseException):
    """The process dies here: nothing after this line runs, nothing is caught."""


def settled(app: Flask, *, term: Term, payments: int) -> None:
    """The one correct state, reached however often everything runs again."""
    for minutes in (0, 10, 60, 200):
        run_due(app, LATER + timedelta(minutes=minutes))
    with app.app_context():
        assert db.session.scalars(select(Sponsorship.term)).all() == [term]
        assert db.session.scalar(select(func.count()).select_from(Payment)) == payments
        receipts = select(OutboxMessage.subject).where(OutboxMessage.subject.like("Receipt%"))
        assert len(db.session.scalars(receipts).all()) == payments
        live = select(Checkout).where(Checkout.status.in_(("started", "open")))
        assert payments == 0 or db.session.scalars(live).all() == []


def test_killed_before_the_call(committed_app: Flask) -> None:
    """The row is there, the processor knows nothing: the call is made later, for the same row."""
    with committed_app.app_context():
        market = Market(committed_app)
        started = market.start()
    assert market.gateway.checkouts == {}
    run_due(committed_app, LATER)
    (checkout_id,) = market.gateway.checkouts
    with committed_app.app_context():
        checkout = db.session.scalars(select(Checkout)).one()
        assert (checkout.status, checkout.reference) == (CheckoutStatus.OPEN, started.reference)
        assert checkout.url
    market.pay(checkout_id)
    settled(committed_app, term=Term.ACTIVE, payments=1)


@pytest.mark.parametrize("paid", [False, True])
def test_killed_after_the_call_before_the_answer_is_kept(committed_app: Flask, paid: bool) -> None:  # noqa: FBT001
    with committed_app.app_context():
        market = Market(committed_app)
        started = market.start()
    opened = market.gateway.open_checkout(started.request, idempotency_key=started.reference)
    if paid:
        market.pay(opened.checkout_id)
    run_due(committed_app, LATER)
    assert len(market.gateway.checkouts) == 1, "the same key never opens a second page"
    if not paid:
        market.pay(opened.checkout_id)
    settled(committed_app, term=Term.ACTIVE, payments=1)


def test_killed_after_the_event_is_stored(committed_app: Flask) -> None:
    with committed_app.app_context():
        market = Market(committed_app)
        checkout_id = market.open(market.start())
        market.pay(checkout_id)
        with transaction():
            seen = EventSeen("evt_1", "x", False, NOW, checkout_id, None)
            store_event("stripe", seen, livemode=False, now=NOW)
    settled(committed_app, term=Term.ACTIVE, payments=1)


@pytest.mark.parametrize(
    "place",
    [
        "portal.services.payments.settlement.activate",
        "portal.services.sponsorship.sponsorships.add_payment",
        "portal.services.sponsorship.sponsorships.mail_receipt",
        "portal.services.sponsorship.sponsorships.mail_new_sponsor",
        "portal.services.payments.processor_events.converge_renewal",
    ],
)
def test_killed_inside_the_handler(
    committed_app: Flask, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Half an activation is none: it is rolled back, and made whole by the next run."""
    with committed_app.app_context():
        market = Market(committed_app)
        checkout_id = market.open(market.start())
        market.pay(checkout_id)
        with transaction():
            seen = EventSeen("evt_1", "x", False, NOW, checkout_id, None)
            store_event("stripe", seen, livemode=False, now=NOW)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(place, die)
        with pytest.raises(Killed):
            run_due(committed_app, NOW)
    with committed_app.app_context():
        assert db.session.scalars(select(Sponsorship.term)).all() == [Term.PENDING]
        assert db.session.scalars(select(Payment)).all() == []
        assert db.session.scalars(select(ProcessorEvent.handled_at)).all() == [None]
    settled(committed_app, term=Term.ACTIVE, payments=1)


def test_a_lost_event_and_a_closed_tab_are_found_by_listing(committed_app: Flask) -> None:
    with committed_app.app_context():
        market = Market(committed_app)
        market.pay(market.open(market.start()))
    settled(committed_app, term=Term.ACTIVE, payments=1)


def test_a_page_that_closed_unpaid_frees_the_place(committed_app: Flask) -> None:
    with committed_app.app_context():
        market = Market(committed_app)
        market.gateway.expire_checkout(market.open(market.start()))
    settled(committed_app, term=Term.PENDING, payments=0)
    with committed_app.app_context():
        assert db.session.scalars(select(Checkout.status)).all() == [CheckoutStatus.EXPIRED]


def test_a_call_that_was_never_answered_is_given_up_before_its_key_is_forgotten(
    committed_app: Flask,
) -> None:
    with committed_app.app_context():
        market = Market(committed_app)
        market.start()
    run_due(committed_app, NOW + timedelta(hours=24))
    assert market.gateway.checkouts == {}
    with committed_app.app_context():
        assert db.session.scalars(select(Checkout.status)).all() == [CheckoutStatus.EXPIRED]


def _together(*works: Callable[[], Any]) -> list[Any]:
    """Do several things at the same moment; returns what each gave or raised."""
    barrier = threading.Barrier(len(works))
    answers: list[Any] = [None] * len(works)

    def run(index: int) -> None:
        barrier.wait()
        try:
            answers[index] = works[index]()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            answers[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _start(app: Flask, project_id: int, actor: Actor, organization_id: int, tier: str) -> Any:
    with app.app_context(), transaction():
        return start_checkout(
            actor, project_id, tier, organization_id, version=1, site=SITE, now=NOW
        )


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_buyers_of_the_last_place_one_wins(committed_app: Flask, attempt: int) -> None:
    with committed_app.app_context():
        market = Market(committed_app, capacity=1)
        other = make_person()
        rival = make_organization(roles={other: [OrganizationRole.OWNER]})
        buyers = [
            (actor_of(market.owner), market.organization.id),
            (actor_of(other), rival.id),
        ]
        project_id = market.project.id
    answers = _together(
        *(
            lambda who=who, where=where: _start(committed_app, project_id, who, where, "gold")
            for who, where in buyers
        )
    )
    losers = [answer for answer in answers if isinstance(answer, Exception)]
    assert [getattr(loser, "code", loser) for loser in losers] == ["buy.full"]
    assert losers[0].message == "The only place of this tier is taken."


def test_two_people_of_one_organization_share_one_checkout(committed_app: Flask) -> None:
    with committed_app.app_context():
        market = Market(committed_app)
        actor = actor_of(market.owner)
        project_id, organization_id = market.project.id, market.organization.id
    works = [lambda: _start(committed_app, project_id, actor, organization_id, "gold")] * 4
    answers = _together(*works)
    assert len({answer.reference for answer in answers}) == 1
    with committed_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Sponsorship)) == 1
        assert db.session.scalar(select(func.count()).select_from(Checkout)) == 1


def test_two_tiers_at_once_leave_one_live_checkout(committed_app: Flask) -> None:
    from tests.builders import make_tier

    with committed_app.app_context():
        market = Market(committed_app)
        make_tier(market.project, slug="silver")
        actor = actor_of(market.owner)
        project_id, organization_id = market.project.id, market.organization.id
    answers = _together(
        lambda: _start(committed_app, project_id, actor, organization_id, "gold"),
        lambda: _start(committed_app, project_id, actor, organization_id, "silver"),
    )
    losers = [answer for answer in answers if isinstance(answer, Exception)]
    assert [type(loser) for loser in losers] == [Conflict]
    with committed_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Checkout)) == 1


def test_two_workers_and_a_returning_payer_activate_and_mail_once(committed_app: Flask) -> None:
    with committed_app.app_context():
        market = Market(committed_app)
        checkout_id = market.open(market.start())
        market.pay(checkout_id)
        with transaction():
            for number in range(4):
                seen = EventSeen(f"evt_{number}", "x", False, NOW, checkout_id, None)
                store_event("stripe", seen, livemode=False, now=NOW)

    def come_back() -> None:
        with committed_app.app_context():
            market.converge(checkout_id)

    answers = _together(
        lambda: run_due(committed_app, LATER),
        lambda: run_due(committed_app, LATER),
        come_back,
    )
    assert answers == [None, None, None]
    run_due(committed_app, LATER + timedelta(hours=1))
    assert len({mail.message_id for mail in market.mail.sent}) == len(market.mail.sent) == 2
    with committed_app.app_context():
        begun = select(func.count()).where(AuditEntry.tag == "sponsorship:term:active")
        assert db.session.scalar(begun) == 1
    settled(committed_app, term=Term.ACTIVE, payments=1)


def test_a_profile_edited_during_a_renewal_never_waits_in_a_circle(
    committed_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lock the organization first, then its sponsorship; here the edit is between the two."""
    with committed_app.app_context():
        market = Market(committed_app)
        market.buy()
        with transaction() as session:
            session.scalars(select(Sponsorship)).one().publication = Publication.PUBLISHED
        actor, organization_id = actor_of(market.owner), market.organization.id
    (seen,) = market.gateway.renewals.values()
    half_way, review_again = threading.Event(), organizations._review_again

    def slowly(*values: Any, **named: Any) -> bool:
        half_way.set()
        time.sleep(0.5)
        return review_again(*values, **named)

    monkeypatch.setattr(organizations, "_review_again", slowly)

    def edit() -> None:
        with committed_app.app_context(), transaction():
            organizations.edit_profile(actor, organization_id, Profile("Acme anew"), now=NOW)

    def renew() -> None:
        half_way.wait()
        with committed_app.app_context(), transaction():
            converge_renewal(replace(seen, cancel_at_term_end=True), (), site=SITE, now=NOW)

    assert _together(edit, renew) == [None, None]


def _post_one(app: Flask) -> None:
    with transaction():
        post_mail(
            dedupe_key="one",
            recipient="ada@example.org",
            subject="Hello & <welcome>",
            paragraphs=["First.", "Second & last."],
            why="A test.",
            now=NOW,
            action=("Open", "http://localhost/desk"),
        )


def test_a_refused_mail_is_tried_again_ever_later_under_the_same_id(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[tuple[datetime, Mail]] = []
    _post_one(app)
    at = NOW

    def refuse(mail: Mail) -> None:
        tried.append((at, mail))
        raise MailUndelivered("greylisted")

    mail = app.extensions["stakehold"].mail
    with monkeypatch.context() as patched:
        patched.setattr(mail, "send", refuse)
        for _ in range(20):
            run_due(app, at)
            at += timedelta(minutes=1)
    assert [int((when - NOW).total_seconds()) // 60 for when, _ in tried] == [0, 2, 6, 14]
    assert len({message.message_id for _, message in tried}) == 1
    assert db.session.scalars(select(OutboxMessage.problem)).all() == ["greylisted"]
    run_due(app, NOW + timedelta(hours=1))
    assert [sent.subject for sent in mail.sent] == ["Hello & <welcome>"]


def test_a_mail_is_text_and_html_from_one_row(app: Flask) -> None:
    _post_one(app)
    run_due(app, NOW)
    (mail,) = app.extensions["stakehold"].mail.sent
    for part in ("First.", "Second & last.", "http://localhost/desk", "A test."):
        assert part in mail.text
    assert "Hello &amp; &lt;welcome&gt;" in mail.html
    assert "Second &amp; last." in mail.html


def test_old_sign_in_links_are_forgotten(app: Flask) -> None:
    with transaction() as session:
        for days in (1, 10):
            session.add(
                SignInLink(
                    token_hash=str(days),
                    browser_hash="b",
                    email="ada@example.org",
                    email_canonical="ada@example.org",
                    created_at=NOW - timedelta(days=days),
                    expires_at=NOW - timedelta(days=days),
                )
            )
    run_due(app, NOW)
    assert db.session.scalars(select(SignInLink.token_hash)).all() == ["1"]


def test_one_broken_row_does_not_keep_the_others_waiting(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(app)
    rival = make_organization(roles={market.owner: [OrganizationRole.OWNER]})
    market.buy()
    market.buy(actor=actor_of(market.owner), organization_id=rival.id)
    with transaction() as session:
        for row in session.scalars(select(Sponsorship)):
            row.cancel_at_term_end = True
    for renewal_id in list(market.gateway.renewals):
        market.gateway.set_cancel_at_term_end(renewal_id, cancel=True, idempotency_key=renewal_id)
    first = db.session.scalars(select(func.min(Sponsorship.id))).one()
    from portal.services.sponsorship.sponsorships import end_term

    def break_first(sponsorship_id: int, *, now: datetime) -> None:
        if sponsorship_id == first:
            raise RuntimeError("broken")
        end_term(sponsorship_id, now=now)

    monkeypatch.setattr("portal.services.sponsorship.sponsorships.end_term", break_first)
    run_due(app, NOW + timedelta(days=400))
    db.session.expire_all()
    terms = db.session.scalars(select(Sponsorship.term).order_by(Sponsorship.id)).all()
    assert terms == [Term.ACTIVE, Term.ENDED]


def test_every_sweep_is_on_the_queues_schedule(tmp_path: Any) -> None:
    """The queue's file is made on demand, and each sweep is registered under its name."""
    app = Flask("portal")

    class World:
        settings = make_settings("sqlite://", VAR=str(tmp_path / "var"))

    app.extensions["stakehold"] = World()
    huey = init_jobs(app).queue
    names = {task.name for task in huey._registry.periodic_tasks}
    assert names == {sweep.name for sweep in SWEEPS}
    assert (tmp_path / "var" / "queue.db").exists()

    @app.post("/")
    def change() -> str:
        return ""

    app.test_client().post("/")
    assert len(huey) == 1, "what a request changed is looked at promptly"
    huey.storage.close()


def test_requests_in_a_burst_ask_for_one_look_now_and_one_after(tmp_path: Any) -> None:
    app = Flask("portal")

    class World:
        settings = make_settings("sqlite://", VAR=str(tmp_path / "var"))

    app.extensions["stakehold"] = World()
    jobs = init_jobs(app)
    assert len(jobs.queue) == 0
    for _ in range(20):
        jobs.prompt()
    eta = [task.eta for task in jobs.queue.pending()]
    assert len(eta) == 2, "twenty requests ask for two looks"
    assert eta.count(None) == 1, "one of them at once"
    jobs.queue.storage.close()


def test_when_the_clock_leaps_all_sweeps_are_made_once() -> None:
    jobs = PeriodicJobs(Flask(__name__))
    now = datetime.now(UTC)
    assert not jobs.has_leapt(now)
    assert not jobs.has_leapt(now + timedelta(minutes=9))
    assert jobs.has_leapt(now + timedelta(days=30))
    assert not jobs.has_leapt(now + timedelta(days=30, seconds=5))
