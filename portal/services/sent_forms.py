"""Take each form once: a second press or the back button asks for nothing a second time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.domain.errors import Refusal
from portal.domain.tokens import hash_token
from portal.models.sent_forms import SentForm


def take_form(key: str, *, now: datetime) -> None:
    """Note that the form with this key is taken, in the transaction that does what it asks for.

    Refuses a key that was taken before; of two presses at the same moment one gets in. Without a
    key nothing is noted.
    """
    if not key:
        return
    try:
        with db.session.begin_nested():
            db.session.add(SentForm(key_hash=hash_token(key), sent_at=now))
    except IntegrityError:
        raise Refusal(
            "form.twice",
            "This was sent already. Look at what came of it before you send it once more.",
        ) from None
