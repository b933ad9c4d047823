"""Notifications: per person and kind at once, in one digest, or never; stopped by a signed link."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.notifications import DEFAULT_WAYS, MailKind, Way, next_digest_at
from portal.domain.permissions import VISITOR
from portal.domain.stop_links import StopLink, sign_stop_link
from portal.jobs import run_due
from portal.models.audit import AuditEntry
from portal.models.blocks import PersonBlock
from portal.models.identity import Person
from portal.models.notifications import MailChoice
from portal.models.outbox import OutboxMessage
from portal.ports.mail import Mail, MailUndelivered
from portal.queries.notifications.choices import get_choices, get_stop_page
from portal.services.notifications.choices import choose_ways, stop_by_link, take_back
from portal.services.notifications.digests import find_due_digests, gather_digest
from portal.services.outbox import (
    Letter,
    claim_message,
    find_due_messages,
    post_mails,
)
from tests.builders import NOW, actor_of, make_person, make_project
from tests.sent_statements import sent_statements

DAY = timedelta(days=1)
DAILY, WEEKLY = next_digest_at(Way.DAILY, NOW), next_digest_at(Way.WEEKLY, NOW)
SECRET = "test"


def letter(person: Person, key: str, kind: MailKind = MailKind.VOTE, **values: Any) -> Letter:
    return Letter(
        **(
            {
                "dedupe_key": key, "recipient": person.email, "subject": f"Subject {key}",
                "paragraphs": [f"Text {key}"], "why": "A test.", "kind": kind,
                "person_id": person.id, "action": ("Open", f"/open/{key}"),
            }
            | values
        )
    )  # fmt: skip


def post(*letters: Letter, now: Any = NOW) -> None:
    with transaction():
        post_mails(letters, now=now)


def choose(person: Person, now: Any = NOW, **ways: Way) -> int:
    with transaction():
        return choose_ways(
            actor_of(person), {MailKind(kind): way for kind, way in ways.items()}, now=now
        )


def stop(person: Person, kind: MailKind, now: Any = NOW) -> None:
    token = sign_stop_link(SECRET, StopLink(person.id, kind), issued_on=NOW.date())
    with transaction():
        stop_by_link(token, secret=SECRET, now=now)


def resume(person: Person, kind: MailKind, now: Any = NOW) -> None:
    token = sign_stop_link(SECRET, StopLink(person.id, kind), issued_on=NOW.date())
    with transaction():
        take_back(token, secret=SECRET, now=now)


def ways_of(person: Person) -> dict[MailKind, Way]:
    rows = db.session.scalars(select(MailChoice).where(MailChoice.person_id == person.id))
    return dict(DEFAULT_WAYS) | {MailKind(row.kind): row.way for row in rows}


def run(app: Flask, now: Any) -> list[Mail]:
    """What is in the mail after one look of the jobs."""
    sent: list[Mail] = app.extensions["stakehold"].mail.sent
    before = len(sent)
    run_due(app, now)
    return sent[before:]


def crash_while_gathering(person: Person, now: Any) -> None:
    """A worker that is killed after it wrote a digest and before it committed."""

    def gather() -> None:
        with transaction():
            gather_digest(person.id, now=now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gather()


def test_a_kind_that_is_set_to_never_sends_nothing(app: Flask) -> None:
    ada, bob = make_person(), make_person()
    choose(ada, **dict.fromkeys(DEFAULT_WAYS, Way.NEVER))
    for kind in DEFAULT_WAYS:
        post(letter(ada, f"a:{kind}", kind), letter(bob, f"b:{kind}", kind))
    sent = run(app, NOW) + run(app, WEEKLY)
    assert {mail.recipient for mail in sent} == {bob.email}
    assert not db.session.scalars(select(OutboxMessage).filter_by(person_id=ada.id)).all()


def test_what_was_posted_before_it_was_turned_off_is_thrown_away(app: Flask) -> None:
    ada = make_person()
    post(letter(ada, "at-once"), letter(ada, "collected", MailKind.OUTCOME))
    choose(ada, vote=Way.NEVER, outcome=Way.NEVER)
    assert run(app, NOW) + run(app, WEEKLY) == []
    assert db.session.scalars(select(OutboxMessage)).all() == []


def test_what_is_turned_off_between_its_digest_and_the_delivery_is_not_in_it(app: Flask) -> None:
    ada = make_person()
    post(letter(ada, "o", MailKind.OUTCOME), letter(ada, "n", MailKind.NEED_DESK))
    with transaction():
        assert gather_digest(ada.id, now=DAILY)
    choose(ada, DAILY, outcome=Way.NEVER)
    (mail,) = run(app, DAILY)
    assert "Text n" in mail.text
    assert "Text o" not in mail.text


def test_necessary_mail_still_comes_whatever_was_chosen(app: Flask) -> None:
    ada = make_person()
    choose(ada, **dict.fromkeys(DEFAULT_WAYS, Way.NEVER))
    kinds = (MailKind.ACCESS, MailKind.INVITATION, MailKind.CONTRACT, MailKind.BALLOT)
    post(*(letter(ada, kind, kind) for kind in kinds))
    sent = run(app, NOW)
    assert len(sent) == len(kinds)
    for mail in sent:
        assert mail.stop_url == ""
        assert "always sent" in mail.text


def test_necessary_mail_cannot_be_turned_off(app: Flask) -> None:
    ada = make_person()
    with pytest.raises(Refusal) as refusal:
        choose(ada, access=Way.NEVER)
    assert refusal.value.code == "notifications.necessary"


def test_mail_that_can_be_turned_off_must_say_whose_it_is(app: Flask) -> None:
    with pytest.raises(ValueError, match="whose mail"):
        post(letter(make_person(), "x", person_id=None))


def test_each_notification_comes_once_and_at_once_or_in_one_digest(app: Flask) -> None:
    ada = make_person()
    choose(ada, vote=Way.IMMEDIATELY, outcome=Way.DAILY, roadmap=Way.WEEKLY)
    project = make_project("kelp")
    for kind in (MailKind.VOTE, MailKind.OUTCOME, MailKind.ROADMAP):
        post(letter(ada, kind, kind, project_id=project.id))
        post(letter(ada, kind, kind, project_id=project.id))
    assert [mail.subject for mail in run(app, NOW)] == ["Subject vote"]
    assert run(app, DAILY - timedelta(seconds=1)) == []
    (daily,) = run(app, DAILY)
    assert daily.subject == "Digest: 1 notification from Kelp"
    assert ("Text outcome" in daily.text, "Text roadmap" in daily.text) == (True, False)
    (weekly,) = run(app, WEEKLY)
    assert ("Text outcome" in weekly.text, "Text roadmap" in weekly.text) == (False, True)
    assert run(app, WEEKLY + 7 * DAY) == []


def test_a_digest_says_the_same_as_text_and_as_html_and_leads_to_each_page(app: Flask) -> None:
    ada = make_person()
    for number in range(3):
        post(letter(ada, f"<{number}>", MailKind.OUTCOME))
    (mail,) = run(app, DAILY)
    for number in range(3):
        assert f"Subject <{number}>" in mail.text
        assert f"Text &lt;{number}&gt;" in mail.html
        assert f"http://localhost/open/<{number}>" in mail.text
    assert mail.stop_url in mail.text
    assert mail.stop_url in mail.html
    assert "http://localhost/account/notifications" in mail.text


def test_a_missed_run_loses_nothing_and_many_come_a_hundred_in_a_mail(app: Flask) -> None:
    ada = make_person()
    post(*(letter(ada, f"{number};", MailKind.OUTCOME) for number in range(230)))
    sent = run(app, DAILY + 5 * DAY)
    assert [mail.subject for mail in sent] == [
        "Digest: 100 notifications", "Digest: 100 notifications", "Digest: 30 notifications",
    ]  # fmt: skip
    text = "".join(mail.text for mail in sent)
    assert all(text.count(f"Text {number};") == 1 for number in range(230))


def test_a_crash_between_any_two_steps_loses_nothing_and_repeats_nothing(app: Flask) -> None:
    ada = make_person()
    post(*(letter(ada, f"{number};", MailKind.OUTCOME) for number in range(3)))
    crash_while_gathering(ada, DAILY)  # before the digest is committed
    assert find_due_digests(now=DAILY) == [ada.id]
    with transaction():
        assert gather_digest(ada.id, now=DAILY)
    with transaction():  # once it is, a second worker finds nothing
        assert not gather_digest(ada.id, now=DAILY)
    (digest_id,) = find_due_messages(now=DAILY)
    with transaction():  # claimed, and then the process is gone
        first = claim_message(digest_id, now=DAILY)
    (mail,) = run(app, DAILY + timedelta(minutes=2))
    assert first is not None
    assert first.key in mail.message_id
    assert all(mail.text.count(f"Text {number};") == 1 for number in range(3))


def test_a_digest_that_the_server_refused_is_tried_again_as_it_was(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_person()
    post(letter(ada, "one;", MailKind.OUTCOME))
    mail = app.extensions["stakehold"].mail

    def refuse(_mail: Mail) -> None:
        raise MailUndelivered("greylisted")

    with monkeypatch.context() as patched:
        patched.setattr(mail, "send", refuse)
        assert run(app, DAILY) == []
    post(letter(ada, "two;", MailKind.OUTCOME), now=DAILY)
    (again,) = run(app, DAILY + timedelta(minutes=5))
    assert ("Text one;" in again.text, "Text two;" in again.text) == (True, False)


_EVENT = st.one_of(
    st.tuples(st.just("post"), st.sampled_from(list(DEFAULT_WAYS))),
    st.tuples(
        st.just("choose"), st.tuples(st.sampled_from(list(DEFAULT_WAYS)), st.sampled_from(Way))
    ),
    st.tuples(st.just("run"), st.integers(1, 50)),
    st.tuples(st.just("crash"), st.just(0)),
)


@given(st.lists(_EVENT, max_size=25))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_happens_each_is_delivered_at_most_once_and_in_the_end_all_that_is_wanted(
    app: Flask, events: list[tuple[str, Any]]
) -> None:
    ada, now = make_person(), NOW
    unwanted: set[str] = set()
    posted: dict[str, MailKind] = {}
    delivered: Counter[str] = Counter()

    def look() -> None:
        for mail in run(app, now):
            delivered.update(key for key in posted if f"Text {key};" in mail.text)

    for number, (what, value) in enumerate(events):
        if what == "post":
            key = f"{ada.id}-{number}"
            posted[key] = value
            if ways_of(ada)[value] is Way.NEVER:
                unwanted.add(key)
            post(letter(ada, key, value, paragraphs=[f"Text {key};"]), now=now)
        elif what == "choose":
            kind, way = value
            choose(ada, now, **{kind.value: way})
        elif what == "run":
            now += timedelta(hours=value)
            look()
        else:
            crash_while_gathering(ada, now + 8 * DAY)
        never = {kind for kind, way in ways_of(ada).items() if way is Way.NEVER}
        unwanted |= {key for key, kind in posted.items() if kind in never and not delivered[key]}
    now += 8 * DAY
    look()
    assert max(delivered.values(), default=1) == 1
    assert posted.keys() - delivered.keys() <= unwanted


def test_what_waits_moves_along_when_its_kind_changes_its_way(app: Flask) -> None:
    ada = make_person()
    post(letter(ada, "one", MailKind.ROADMAP))
    assert choose(ada, roadmap=Way.DAILY) == 1
    assert len(run(app, DAILY)) == 1
    post(letter(ada, "two", MailKind.ROADMAP), now=DAILY)
    choose(ada, DAILY, roadmap=Way.IMMEDIATELY)
    (mail,) = run(app, DAILY)
    assert mail.subject == "Subject two"


def test_choosing_leaves_an_audit_entry_and_choosing_the_same_again_does_not(app: Flask) -> None:
    ada = make_person()
    assert choose(ada, roadmap=Way.NEVER) == 1
    assert choose(ada, roadmap=Way.NEVER) == 0
    tags = db.session.scalars(select(AuditEntry.tag)).all()
    assert tags == ["person:mail:chosen"]


def test_a_visitor_chooses_nothing(app: Flask) -> None:
    with pytest.raises((NotFound, Forbidden)), transaction():
        choose_ways(VISITOR, {MailKind.VOTE: Way.NEVER}, now=NOW)


def test_a_link_stops_its_kind_alone_and_for_its_reader_alone_and_only_once(app: Flask) -> None:
    ada, bob = make_person(), make_person()
    for _time in range(2):
        stop(ada, MailKind.REMINDER)
    assert ways_of(ada) == dict(DEFAULT_WAYS) | {MailKind.REMINDER: Way.NEVER}
    assert ways_of(bob) == DEFAULT_WAYS
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.tag, entry.details) == ("person:mail:stopped", {"person_id": ada.id})


def test_a_link_takes_back_what_it_stopped_as_it_was(app: Flask) -> None:
    ada = make_person()
    choose(ada, reminder=Way.WEEKLY)
    stop(ada, MailKind.REMINDER)
    stop(ada, MailKind.REMINDER)
    for _time in range(2):
        resume(ada, MailKind.REMINDER)
        assert ways_of(ada)[MailKind.REMINDER] is Way.WEEKLY


def test_a_link_does_not_turn_on_what_was_turned_off_on_the_page(app: Flask) -> None:
    ada = make_person()
    choose(ada, reminder=Way.NEVER)
    stop(ada, MailKind.REMINDER)
    resume(ada, MailKind.REMINDER)
    assert ways_of(ada)[MailKind.REMINDER] is Way.NEVER
    stop(ada, MailKind.OUTCOME)
    choose(ada, outcome=Way.WEEKLY)
    choose(ada, outcome=Way.NEVER)
    resume(ada, MailKind.OUTCOME)
    assert ways_of(ada)[MailKind.OUTCOME] is Way.NEVER


def test_a_digests_link_stops_all_that_comes_in_digests_and_nothing_else(app: Flask) -> None:
    ada = make_person()
    stop(ada, MailKind.VOTE)
    choose(ada, need=Way.WEEKLY)
    stop(ada, MailKind.DIGEST)
    off = {kind for kind, way in ways_of(ada).items() if way is Way.NEVER}
    in_digests = {
        MailKind.CONSULTATION, MailKind.OUTCOME, MailKind.ROADMAP, MailKind.NEED_DESK,
        MailKind.SCREENING,
    }  # fmt: skip
    assert off == {MailKind.VOTE, MailKind.NEED, *in_digests}
    resume(ada, MailKind.DIGEST)
    assert ways_of(ada) == dict(DEFAULT_WAYS) | {
        MailKind.VOTE: Way.NEVER, MailKind.NEED: Way.WEEKLY
    }  # fmt: skip


def test_a_link_of_somebody_who_is_no_more_is_refused(app: Flask) -> None:
    token = sign_stop_link(SECRET, StopLink(999_999, MailKind.VOTE), issued_on=NOW.date())
    with pytest.raises(NotFound), transaction():
        stop_by_link(token, secret=SECRET, now=NOW)
    with pytest.raises(NotFound):
        get_stop_page(token, secret=SECRET, today=NOW.date())


def test_the_page_of_a_link_names_no_one_in_full(app: Flask) -> None:
    ada = make_person(email="ada@example.org")
    token = sign_stop_link(SECRET, StopLink(ada.id, MailKind.VOTE), issued_on=NOW.date())
    assert get_stop_page(token, secret=SECRET, today=NOW.date()).address == "a…@example.org"


@pytest.mark.parametrize("blocker", ["the reader", "the other"])
def test_nothing_tells_of_people_who_blocked_or_were_blocked(app: Flask, blocker: str) -> None:
    ada, bob, eve = make_person(), make_person(), make_person()
    first, second = (ada, bob) if blocker == "the reader" else (bob, ada)
    post(letter(ada, "before", MailKind.OUTCOME, about_id=bob.id))
    with transaction() as session:
        session.add(PersonBlock(blocker_id=first.id, blocked_id=second.id, set_at=NOW))
    post(
        letter(ada, "bob-at-once", about_id=bob.id),
        letter(ada, "bob-digest", MailKind.OUTCOME, about_id=bob.id),
        letter(ada, "eve", about_id=eve.id),
        letter(ada, "nobody"),
        letter(eve, "bob-for-eve", about_id=bob.id),
        letter(ada, "necessary", MailKind.CONTRACT, about_id=bob.id),
    )
    texts = "".join(mail.text for mail in run(app, NOW) + run(app, WEEKLY))
    told = {key for key in ("eve", "nobody", "bob-for-eve", "necessary") if f"Text {key}" in texts}
    assert told == {"eve", "nobody", "bob-for-eve", "necessary"}
    for silent in ("before", "bob-at-once", "bob-digest"):
        assert f"Text {silent}\n" not in texts


def test_posting_to_many_asks_twice_for_each_thousand(app: Flask) -> None:
    people = [make_person() for _each in range(30)]
    counted = []
    for several in (3, 30):
        with sent_statements() as sent:
            post(
                *(
                    letter(each, f"{several}:{each.id}", about_id=people[0].id)
                    for each in people[:several]
                )
            )
        counted.append(sum("outbox" in each or "mail_choices" in each for each in sent))
    assert counted[0] == counted[1] == 2


def test_the_page_shows_what_concerns_a_person_and_what_they_chose(app: Flask) -> None:
    ada = make_person()
    assert get_choices(actor_of(ada)).ways == {
        MailKind.OUTCOME: Way.DAILY, MailKind.ROADMAP: Way.WEEKLY
    }  # fmt: skip
    stop(ada, MailKind.TREASURY)
    post(letter(ada, "one", MailKind.OUTCOME))
    page = get_choices(actor_of(ada))
    assert page.ways[MailKind.TREASURY] is Way.NEVER
    assert (page.collected, page.next_digest_at) == (1, DAILY)
