"""What each kind of mail and each way is called on pages, and the kinds under their headings."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from portal.domain.notifications import MailKind, Way

WAYS: Mapping[Way, str] = {
    Way.IMMEDIATELY: _l("Immediately"),
    Way.DAILY: _l("Daily digest"),
    Way.WEEKLY: _l("Weekly digest"),
    Way.NEVER: _l("Never"),
}
KINDS: Mapping[MailKind, tuple[str, str]] = {
    MailKind.CONSULTATION: (
        _l("Consultations"),
        _l("A proposal can still change and you may speak on it, or what was said is summed up."),
    ),
    MailKind.VOTE: (
        _l("Votes that open"),
        _l("A ballot of yours is open, or its window was extended."),
    ),
    MailKind.REMINDER: (_l("Reminders of votes"), _l("A ballot of yours is not cast yet.")),
    MailKind.OUTCOME: (
        _l("Outcomes and decisions"),
        _l("How a vote ended in which you could take part, and what was decided."),
    ),
    MailKind.ROADMAP: (
        _l("Roadmap updates"),
        _l("How far those proposals have come on which you voted, or which answer your needs."),
    ),
    MailKind.NEED: (
        _l("Answers to your needs"),
        _l("A steward or a maintainer answered, or a proposal takes the need up."),
    ),
    MailKind.STATEMENT: (
        _l("Statements"),
        _l("What becomes of your statements on proposals in consultation."),
    ),
    MailKind.SUPPORT: (
        _l("Answers to support requests"),
        _l("The maintainers wrote to your organization, or closed a request."),
    ),
    MailKind.TERM: (
        _l("Reminders before a term ends"),
        _l("60, 30, 14 and 3 days before. What concerns a missed payment always comes."),
    ),
    MailKind.DECISION_OWED: (
        _l("Decisions owed"),
        _l("A vote has closed, or a decision's review date has come."),
    ),
    MailKind.NEED_DESK: (
        _l("Needs for the maintainers"),
        _l("A steward released a need, or a message about one."),
    ),
    MailKind.SUPPORT_DESK: (
        _l("Support requests for the maintainers"),
        _l("An organization asks for help, or answers."),
    ),
    MailKind.SCREENING: (
        _l("The screening queue"),
        _l("Something waits for a steward. The mail never says what was written."),
    ),
    MailKind.SPONSOR: (
        _l("New sponsors"),
        _l("Somebody sponsors the project, and their public name waits for approval."),
    ),
    MailKind.TREASURY: (
        _l("Money notes"),
        _l("A payment does not match, or is disputed."),
    ),
}
GROUPS: Mapping[str, tuple[MailKind, ...]] = {
    _l("Votes and what follows"): (
        MailKind.CONSULTATION,
        MailKind.VOTE,
        MailKind.REMINDER,
        MailKind.OUTCOME,
        MailKind.ROADMAP,
    ),
    _l("What you wrote"): (MailKind.NEED, MailKind.STATEMENT, MailKind.SUPPORT),
    _l("Your organization's sponsorships"): (MailKind.TERM,),
    _l("The work of maintainers"): (
        MailKind.DECISION_OWED,
        MailKind.NEED_DESK,
        MailKind.SUPPORT_DESK,
        MailKind.SCREENING,
        MailKind.SPONSOR,
        MailKind.TREASURY,
    ),
}
NECESSARY: Mapping[MailKind, tuple[str, str]] = {
    MailKind.ACCESS: (
        _l("Links to sign in, and news about your access"),
        _l("Without the link nobody gets in; you must learn when your roles change."),
    ),
    MailKind.INVITATION: (
        _l("Invitations"),
        _l("Each is sent once, because somebody asks you for something."),
    ),
    MailKind.CONTRACT: (
        _l("Invoices, receipts, payments and changes of a sponsorship"),
        _l("For owners and billing contacts: they are part of the contract."),
    ),
    MailKind.BALLOT: (
        _l("Receipts of ballots, and word of a ballot that does not count"),
        _l("The receipt is your proof that the ballot is in the public record."),
    ),
    MailKind.CONDUCT: (
        _l("Conduct reports"),
        _l("For who reports and for stewards: somebody waits for an answer to what hurt them."),
    ),
}
