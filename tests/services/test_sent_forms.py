"""Each form is taken once, and its key is forgotten after a while."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.services.purges import forget_forms
from portal.services.sent_forms import take_form
from tests.builders import NOW


@pytest.mark.usefixtures("app")
def test_a_form_is_taken_once_and_another_beside_it() -> None:
    with transaction():
        take_form("one", now=NOW)
        take_form("two", now=NOW)
    with pytest.raises(Refusal, match="sent already"), transaction():
        take_form("one", now=NOW + timedelta(days=30))


def _take_and_refuse() -> None:
    take_form("one", now=NOW)
    raise Refusal("test.refused", "for another reason")


@pytest.mark.usefixtures("app")
def test_what_is_refused_has_not_taken_its_form() -> None:
    with pytest.raises(Refusal, match="for another reason"), transaction():
        _take_and_refuse()
    with transaction():
        take_form("one", now=NOW)


@pytest.mark.usefixtures("app")
def test_without_a_key_nothing_is_noted() -> None:
    for _ in range(2):
        with transaction():
            take_form("", now=NOW)


@pytest.mark.usefixtures("app")
def test_keys_are_forgotten_after_thirty_days() -> None:
    with transaction():
        take_form("one", now=NOW)
    with transaction():
        forget_forms(now=NOW + timedelta(days=29))
    with pytest.raises(Refusal), transaction():
        take_form("one", now=NOW)
    with transaction():
        forget_forms(now=NOW + timedelta(days=30))
    with transaction():
        take_form("one", now=NOW)
