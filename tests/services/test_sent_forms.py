"""What is sent twice within a day is taken once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Refusal
from portal.models.sent_forms import SentForm
from portal.services.purges import forget_forms
from portal.services.sent_forms import take_form
from tests.builders import NOW


@pytest.mark.usefixtures("app")
def test_a_form_is_taken_once_and_another_beside_it() -> None:
    with transaction():
        take_form("one", now=NOW)
        take_form("two", now=NOW)
    with pytest.raises(Refusal, match="exactly this"), transaction():
        take_form("one", now=NOW + timedelta(hours=23))
    with transaction():
        take_form("one", now=NOW + timedelta(days=1))
    with pytest.raises(Refusal), transaction():
        take_form("one", now=NOW + timedelta(days=1))


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
def test_what_is_a_day_old_is_deleted() -> None:
    with transaction():
        take_form("one", now=NOW)
        take_form("two", now=NOW + timedelta(hours=1))
        forget_forms(now=NOW + timedelta(days=1))
    assert len(db.session.scalars(select(SentForm)).all()) == 1
