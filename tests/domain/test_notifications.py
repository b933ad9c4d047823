"""Kinds of mail: what may be turned off, when digests go out, and what a signed link proves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import Refusal
from portal.domain.notifications import (
    DEFAULT_WAYS,
    NECESSARY,
    MailKind,
    Way,
    concerns,
    next_digest_at,
)
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.domain.stop_links import LIFETIME, StopLink, read_stop_link, sign_stop_link, stoppable

TODAY = date(2026, 11, 21)
LINK = StopLink(7, MailKind.OUTCOME)


def test_every_kind_is_necessary_or_has_a_default_and_none_is_both() -> None:
    assert set(NECESSARY) | DEFAULT_WAYS.keys() | {MailKind.DIGEST} == set(MailKind)
    assert not set(NECESSARY) & DEFAULT_WAYS.keys()
    assert {kind for kind in MailKind if stoppable(kind)} == DEFAULT_WAYS.keys() | {MailKind.DIGEST}
    assert not stoppable(None)


def test_a_kind_concerns_those_whose_roles_may_bring_it() -> None:
    representative = Actor(1, organizations={5: frozenset({OrganizationRole.REPRESENTATIVE})})
    steward = Actor(2, projects={5: frozenset({ProjectRole.STEWARD})})
    assert concerns(representative, MailKind.NEED)
    assert not concerns(representative, MailKind.SCREENING)
    assert concerns(steward, MailKind.SCREENING)
    assert not concerns(steward, MailKind.TREASURY)
    assert concerns(Actor(3), MailKind.OUTCOME)
    assert not concerns(Actor(3), MailKind.VOTE)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([Way.DAILY, Way.WEEKLY]),
)
def test_the_next_digest_is_later_at_seven_and_the_first_of_its_kind(
    after: datetime, way: Way
) -> None:
    at = next_digest_at(way, after)
    step = timedelta(days=1 if way is Way.DAILY else 7)
    assert at > after >= at - step
    assert (at.hour, at.minute, at.second, at.microsecond, at.tzinfo) == (7, 0, 0, 0, UTC)
    assert way is Way.DAILY or at.weekday() == 0


@pytest.mark.parametrize("way", [Way.IMMEDIATELY, Way.NEVER])
def test_ways_without_a_digest_have_no_next_one(way: Way) -> None:
    with pytest.raises(ValueError, match="no digest"):
        next_digest_at(way, datetime(2026, 11, 21, tzinfo=UTC))


def test_a_signed_link_names_whose_mail_of_which_kind_it_stops() -> None:
    token = sign_stop_link("secret", LINK, issued_on=TODAY)
    assert read_stop_link("secret", token, today=TODAY + LIFETIME) == LINK
    assert len(token) < 60


def test_an_old_link_is_refused() -> None:
    token = sign_stop_link("secret", LINK, issued_on=TODAY)
    with pytest.raises(Refusal) as refusal:
        read_stop_link("secret", token, today=TODAY + LIFETIME + timedelta(days=1))
    assert refusal.value.code == "notifications.link_expired"


@given(st.text(max_size=80))
def test_what_was_not_signed_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        read_stop_link("secret", text, today=TODAY)


def test_a_link_changed_in_any_part_or_signed_elsewhere_is_refused() -> None:
    token = sign_stop_link("secret", LINK, issued_on=TODAY)
    person, kind, day, mac = token.split(".")
    forged = [
        f"8.{kind}.{day}.{mac}",
        f"{person}.roadmap.{day}.{mac}",
        f"{person}.{kind}.{int(day) + 1}.{mac}",
        f"{person}.{kind}.{day}.{mac[:-1]}",
        f"{person}.{kind}.{day}.",
        sign_stop_link("other", LINK, issued_on=TODAY),
    ]
    for each in forged:
        with pytest.raises(Refusal) as refusal:
            read_stop_link("secret", each, today=TODAY)
        assert refusal.value.code == "notifications.link_unknown"


def test_a_link_of_a_kind_that_is_no_more_is_refused() -> None:
    token = sign_stop_link("secret", StopLink(7, "gone"), issued_on=TODAY)  # type: ignore[arg-type]
    with pytest.raises(Refusal):
        read_stop_link("secret", token, today=TODAY)
