"""Shared form fields: cleaned text, refusals at the field, typed text kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask_babel import lazy_gettext
from werkzeug.datastructures import FileStorage
from wtforms import FileField

from portal.domain.errors import Refusal
from portal.web.forms import EmailField, Form, LongTextField, TextField, WebAddressField, refused
from portal.web.votes.vote_forms import InstantField


class _Sample(Form):
    name = TextField("Name", max_length=10, required=True)
    about = LongTextField("About", max_length=20)
    website = WebAddressField("Website", max_length=40)
    email = EmailField("E-mail")
    logo = FileField("Logo")


def _posted(app: Flask, **values: Any) -> _Sample:
    with app.test_request_context("/", method="POST", data=values):
        form = _Sample()
        form.validate()
        return form


def test_a_posted_form_is_cleaned(app: Flask) -> None:
    form = _posted(app, name="  Ada ", about="a\r\nb", website="example.org")
    assert not form.errors
    assert form.data == {
        "name": "Ada",
        "about": "a\nb",
        "website": "https://example.org",
        "email": "",
        "logo": None,
    }


def test_an_empty_post_does_not_pass_as_the_old_values(app: Flask) -> None:
    with app.test_request_context("/", method="POST"):
        form = _Sample(data={"name": "Old"})
        assert not form.validate()
        assert form.name.errors == ["“Name” is empty. Please fill it in."]


@pytest.mark.parametrize("typed", ["x" * 11, "a\u202eb", "a\u200bb"])
def test_refused_text_has_one_error_and_stays_as_typed(app: Flask, typed: str) -> None:
    form = _posted(app, name=typed)
    assert len(form.name.errors) == 1
    assert form.name.data == typed


def test_json_is_not_a_form(app: Flask) -> None:
    with app.test_request_context("/", method="POST", json={"name": ["x"]}):
        assert not _Sample().validate()


def test_a_file_in_place_of_text_counts_as_empty(app: Flask) -> None:
    form = _posted(app, name=(FileStorage().stream, "name.txt"))
    assert form.name.errors


def test_values_given_to_a_form_are_shown_without_a_post(app: Flask) -> None:
    with app.test_request_context("/"):
        assert _Sample(data={"name": "Old"}).name.data == "Old"


def test_scripts_are_escaped_where_they_are_shown_again(app: Flask) -> None:
    form = _posted(app, name="<script>")
    assert "<script>" not in str(form.name())


def test_a_refusal_goes_to_its_field_or_above_the_form(app: Flask) -> None:
    form = _posted(app, name="Ada")
    refused(form, Refusal("a.b", "At the field.", field="name"))
    refused(form, Refusal("a.c", "Above."))
    refused(form, Refusal("a.d", "Elsewhere.", field="unknown"))
    assert form.name.errors == ["At the field."]
    assert form.form_errors == ["Above.", "Elsewhere."]


def test_a_sentence_for_an_empty_field_is_a_plain_string(app: Flask) -> None:
    class Lazy(Form):
        name = TextField("Name", max_length=10, required=True, missing=lazy_gettext("Say it."))

    with app.test_request_context("/", method="POST"):
        form = Lazy()
        assert not form.validate()
        assert [type(error) for error in form.name.errors] == [str]


class _Closing(Form):
    closes_at = InstantField("Closes at (UTC)")


@pytest.mark.parametrize(
    "typed",
    ["2027-03-31T12:00", " 2027-03-31 12:00 ", "2027-03-31T12:00:30", "2027-03-31T12:00Z",
     "2027-03-31 12:00 UTC"],
)  # fmt: skip
def test_an_instant_is_read_to_the_minute_in_utc(app: Flask, typed: str) -> None:
    with app.test_request_context("/", method="POST", data={"closes_at": typed}):
        form = _Closing()
        assert form.validate()
        assert form.closes_at.data == datetime(2027, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed", ["2027-03-31T12:00+02:00", "2027-03-31T12:00 CET", "2027-03-31T12:00x", "12:00"]
)
def test_an_instant_of_another_zone_or_with_more_behind_it_is_refused(
    app: Flask, typed: str
) -> None:
    with app.test_request_context("/", method="POST", data={"closes_at": typed}):
        form = _Closing()
        assert not form.validate()
        assert form.closes_at.errors
        assert form.closes_at._value() == typed
