"""Forms around contributors: the invitation, how one is shown, and the end of somebody's part."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from portal.domain.contributors import MOST_REASON, MOST_WORK
from portal.web.forms import EmailField, Form, LongTextField, TextField


class WorkForm(Form):
    """What somebody is a contributor for."""

    work = TextField(
        _l("What for"),
        max_length=MOST_WORK,
        required=True,
        missing=_l("Say what you invite them for: their work."),
        description=_l(
            "Their work, in a few words: “the protocol tests”. The person reads it, and the public"
            " only if the person chooses to be named."
        ),
    )


class InviteForm(WorkForm):
    """An invitation, by mail, for somebody's work."""

    email = EmailField(_l("E-mail address"), required=True)


class NameForm(Form):
    """Whether public pages may name a contributor."""

    is_named = BooleanField(_l("Name me and my work on public pages"))


class EndForm(Form):
    """Why somebody's part ends."""

    reason = LongTextField(
        _l("Reason"),
        max_length=MOST_REASON,
        description=_l("The person reads it in a mail. It stays beside their name on this desk."),
    )
