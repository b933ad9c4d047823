"""How entries of the public record are called on pages and in the feed."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.domain.outcomes import Verdict
from portal.domain.record.entries import EntryType

_NAMES = {
    EntryType.CHARTER_CHANGED: _l("Charter put into force"),
    EntryType.VOTE_OPENED: _l("Vote opened"),
    EntryType.BALLOT_CAST: _l("Ballot cast"),
    EntryType.BALLOT_SUPERSEDED: _l("Ballot replaced"),
    EntryType.BALLOT_VOIDED: _l("Ballot voided"),
    EntryType.WINDOW_EXTENDED: _l("Window extended"),
    EntryType.VOTE_CLOSED: _l("Vote closed"),
    EntryType.TALLIED: _l("Outcome stored"),
    EntryType.DECIDED: _l("Decision made or reviewed"),
    EntryType.VETOED: _l("Veto given"),
    EntryType.CORRECTED: _l("Correction"),
}


def describe_entry(type_: EntryType) -> str:
    """What happened, in two or three words."""
    return str(_NAMES[type_])


def outcome_sentence(verdict: Verdict) -> str:
    """How a vote ended, in a sentence."""
    return {
        Verdict.CARRIED: _("The proposal was carried."),
        Verdict.NOT_CARRIED: _("The proposal was not carried."),
        Verdict.VALID: _("The vote is valid; its page shows what came of it."),
        Verdict.NO_QUORUM: _("The quorum was missed, so the vote gives no answer."),
    }[verdict]
