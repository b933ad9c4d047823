"""What all forms share: fields that clean their text, and where a refusal is shown."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import FileField, HiddenField, StringField
from wtforms.validators import StopValidation
from wtforms.widgets import EmailInput, TextArea, URLInput

from portal.domain.errors import DomainError, Refusal
from portal.domain.text import clean_line, clean_lines, clean_web_address
from portal.services.sent_forms import SENT_BEFORE
from portal.web.access import current_actor

_GUARD = "csrf_token"
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Form(FlaskForm):  # type: ignore[misc]
    """A form of the portal; everything posted is read, and nothing but form fields.

    Flask-WTF would take JSON instead of an empty form, and an empty form for none at all.
    """

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """How posted values reach the fields; what guards every POST needs no field of its own."""

        csrf = False

        def wrap_formdata(self, form: FlaskForm, formdata: object) -> object:
            """Hand over what was posted, files to file fields alone; or keep the given values."""
            if formdata is None or hasattr(formdata, "getlist"):
                return formdata
            if request and request.method in _CHANGING:
                uploads = MultiDict(
                    (name, upload)
                    for name, upload in request.files.items(multi=True)
                    if isinstance(getattr(form, name, None), FileField)
                )
                posted: list[MultiDict[str, Any]] = [uploads, request.form]
                return CombinedMultiDict(posted)
            return None


class OnceForm(Form):
    """A form that a second press, tab, or the back button must not send a second time.

    Its view hands ``sent`` to ``take_form``, in the transaction that does what the form asks for.
    Whoever is told that it was sent before and means it twice sends it with another ``once``.
    """

    once = HiddenField()

    @property
    def sent(self) -> str:
        """Who sent what where: the back button brings back what was typed, but no hidden key."""
        typed = sorted((name, values) for name, values in request.form.lists() if name != _GUARD)
        return json.dumps([current_actor().person_id, request.path, typed])


class TextField(StringField):  # type: ignore[misc]
    """One line of cleaned text, at most as long as its column; empty text is ``""``.

    Refused text stays as it was typed.
    """

    def __init__(
        self,
        label: str,
        *,
        max_length: int,
        required: bool = False,
        missing: str | None = None,
        validators: Sequence[Callable[..., None]] = (),
        **options: Any,  # noqa: ANN401 - whatever WTForms takes
    ) -> None:
        """Take the column's length; ``missing`` is the sentence for an empty required field."""
        super().__init__(label, validators, **options)
        self.max_length = max_length
        self.missing = missing
        self.flags.required = required

    def clean(self, raw: str) -> str:
        """The text as it is kept; refuses by ``Refusal``."""
        return clean_line(raw, max_length=self.max_length)

    def process_formdata(self, valuelist: list[object]) -> None:
        """Clean what was posted; a file or a missing value counts as empty."""
        raw = valuelist[0] if valuelist else ""
        self.data = raw if isinstance(raw, str) else ""
        try:
            self.data = self.clean(self.data)
        except Refusal as refusal:
            raise ValueError(refusal.message) from refusal

    def pre_validate(self, form: FlaskForm) -> None:
        """Refuse empty text where it is required; after a refusal nothing else is checked."""
        if self.process_errors:
            raise StopValidation
        if not self.data:
            if self.flags.required:
                label = self.label.text
                missing = self.missing or _("“%(label)s” is empty. Please fill it in.", label=label)
                raise StopValidation(str(missing))  # templates tell plain strings from the rest
            raise StopValidation


class LongTextField(TextField):
    """Cleaned text of several lines."""

    widget = TextArea()

    def clean(self, raw: str) -> str:
        """The text as it is kept, with its line breaks."""
        return clean_lines(raw, max_length=self.max_length)


class WebAddressField(TextField):
    """An http or https address, or nothing."""

    widget = URLInput()

    def clean(self, raw: str) -> str:
        """The address with its scheme."""
        return clean_web_address(raw, max_length=self.max_length)


class EmailField(TextField):
    """An e-mail address as it was typed; whether it can exist is the service's to say."""

    widget = EmailInput()

    def __init__(self, label: str, *, max_length: int = 254, **options: Any) -> None:  # noqa: ANN401
        """Take at most what an address may have."""
        super().__init__(label, max_length=max_length, **options)


def refused(form: FlaskForm, error: DomainError) -> None:
    """Show a refusal where it belongs: at the field that caused it, else above the form."""
    if error.code == SENT_BEFORE:
        form["once"].data = secrets.token_urlsafe(8)
    if error.field is not None and error.field in form:
        field = form[error.field]
        field.errors = [*field.errors, error.message]
    else:
        form.form_errors.append(error.message)
