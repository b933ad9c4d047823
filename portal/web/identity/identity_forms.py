"""Forms for signing in and for a person's own account."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from portal.domain.identity import LONGEST_NAME
from portal.web.forms import EmailField, Form, TextField


class SignInForm(Form):
    """Where to send a sign-in link."""

    email = EmailField(
        _l("E-mail address"),
        required=True,
        missing=_l("Enter your e-mail address."),
        render_kw={"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"},
    )
    next = HiddenField()


class NameForm(Form):
    """The name others see."""

    name = TextField(
        _l("Your name"),
        max_length=LONGEST_NAME,
        required=True,
        missing=_l("Enter the name others see."),
        description=_l(
            "Shown to colleagues and maintainers. In public only if you maintain a project,"
            " or sponsor as a person and do not stay private."
        ),
        render_kw={"autocomplete": "name"},
    )
    next = HiddenField()
