"""Refusals: every rule that says no, says it with a stable code and a clear sentence."""

from __future__ import annotations

from dataclasses import dataclass


class DomainError(Exception):
    """A rule of the portal said no.

    ``code`` is stable and dotted (``vote.closed``); ``message`` is a sentence for the person who
    asked; ``field`` names the form field that caused it, if one did.
    """

    def __init__(self, code: str, message: str, *, field: str | None = None) -> None:
        """Keep the stable code, the sentence and the field."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field


class Refusal(DomainError):
    """What was asked is well-formed but against a rule, or malformed at a field."""


class Forbidden(DomainError):
    """The actor is known here but lacks the right; the message says which right."""


class NotFound(DomainError):
    """It does not exist, or the actor may not know that it does."""

    def __init__(self, what: str = "page") -> None:
        """Name what was looked for; strangers learn nothing more."""
        super().__init__("not_found", f"This {what} does not exist, or it is not visible to you.")


class Conflict(DomainError):
    """Somebody else changed the same thing first; look again and retry."""


class ProcessorUnavailable(DomainError):
    """The payment processor could not be reached or answered with an error; nothing was charged."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why an action is not open to somebody, shown beside the disabled button."""

    code: str
    message: str
