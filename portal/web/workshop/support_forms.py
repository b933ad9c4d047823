"""Forms around support: the request, a message, an answer with what becomes of the request."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField
from wtforms.fields.choices import SelectChoice

from portal.domain.support import (
    CLOSINGS,
    MOST_ENVIRONMENT,
    MOST_HAPPENED,
    MOST_MESSAGE,
    MOST_TRIED,
    SupportAction,
    SupportText,
)
from portal.web.forms import Form, LongTextField, OnceForm, TextField, WebAddressField

ANSWERS = (SupportAction.ANSWER, *CLOSINGS)


class SupportForm(Form):
    """A request in its parts; there is no field for urgency, and none for anything else."""

    tried = TextField(_l("What you tried to do, in one sentence"), max_length=MOST_TRIED)
    happened = LongTextField(_l("What happened"), max_length=MOST_HAPPENED)
    environment = TextField(_l("Version, and what it runs on"), max_length=MOST_ENVIRONMENT)

    def read(self) -> SupportText:
        """The request as typed."""
        return SupportText(self.tried.data, self.happened.data, self.environment.data)


class SupportMessageForm(OnceForm):
    """A message of the organization to the maintainers."""

    text = LongTextField(_l("Your message"), max_length=MOST_MESSAGE)


class SupportAnswerForm(OnceForm):
    """What maintainers say, and by which button; the words may be left out of a closing."""

    text = LongTextField(_l("Your words"), max_length=MOST_MESSAGE)
    as_project = BooleanField(_l("Sign as the project, not with my name"))
    action = RadioField(
        _l("What becomes of it"), choices=[SelectChoice(each.value, each.value) for each in ANSWERS]
    )


class GapForm(Form):
    """Where a gap in the documentation was written."""

    url = WebAddressField(_l("Where it stands now"), max_length=300)
