"""Which mail may go to its readers, as they want it now and whom they are kept apart from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from portal.domain.notifications import DEFAULT_WAYS, MailKind, Way
from portal.services.notifications.apart import Pair, find_apart
from portal.services.notifications.ways import find_ways


class Notification(Protocol):
    """What tells of a mail how it may go: a letter to post, or a message of the outbox."""

    @property
    def kind(self) -> str | None:
        """Its MailKind; nothing, or an empty text, counts as necessary."""
        ...

    @property
    def person_id(self) -> int | None:
        """Its reader."""
        ...

    @property
    def about_id(self) -> int | None:
        """Whose doing it tells of."""
        ...


def find_allowed(mails: Iterable[Notification]) -> Mapping[int, Way]:
    """The way of each mail that may go, by its place; what is missing may not.

    Two statements for any number of mails. Necessary mail goes at once, whoever it is about.
    Refuses mail that can be turned off and does not say whose it is by ``ValueError``.
    """
    mails = list(mails)
    asked = {place: _asked(mail) for place, mail in enumerate(mails) if mail.kind in DEFAULT_WAYS}
    ways = find_ways(asked.values())
    pairs = {place: _pair(mails[place]) for place in asked}
    apart = find_apart(pair for pair in pairs.values() if pair is not None)
    return {
        place: ways[asked[place]] if place in asked else Way.IMMEDIATELY
        for place in range(len(mails))
        if place not in asked or (ways[asked[place]] is not Way.NEVER and pairs[place] not in apart)
    }


def _asked(mail: Notification) -> tuple[int, MailKind]:
    if mail.person_id is None:
        raise ValueError(f"whose mail is it, that can be turned off: {mail.kind}")
    return mail.person_id, MailKind(mail.kind or "")


def _pair(mail: Notification) -> Pair | None:
    if mail.person_id is None or mail.about_id is None:
        return None
    return mail.person_id, mail.about_id
