"""Take each form once: what a second press or the back button sends again is not done again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, text

from portal.database import Instant, db
from portal.domain.errors import Refusal
from portal.domain.tokens import hash_token
from portal.models.sent_forms import SentForm

SENT_BEFORE = "form.sent_before"
REMEMBERED = timedelta(days=1)

# One statement on both databases, so that of two at once the second sees the first.
_TAKE = text(
    "INSERT INTO sent_forms (key_hash, sent_at) VALUES (:key, :now)"
    " ON CONFLICT (key_hash) DO UPDATE SET sent_at = excluded.sent_at"
    " WHERE sent_forms.sent_at <= :forgotten RETURNING key_hash"
).bindparams(bindparam("now", type_=Instant), bindparam("forgotten", type_=Instant))


def take_form(sent: str, *, now: datetime) -> None:
    """Note what is sent, in the transaction that does what it asks for.

    Refuses what was taken less than a day ago; of two presses at the same moment one gets in.
    """
    taken = db.session.execute(
        _TAKE, {"key": hash_token(sent), "now": now, "forgotten": now - REMEMBERED}
    ).first()
    if taken is None:
        raise Refusal(
            SENT_BEFORE,
            "You sent exactly this less than a day ago, and it was taken. "
            "Send it again if you want it a second time.",
        )


def forget_form(sent: str) -> None:
    """Let what was taken and then came to nothing be sent again."""
    db.session.execute(delete(SentForm).where(SentForm.key_hash == hash_token(sent)))
