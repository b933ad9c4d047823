"""Screening: what a steward may do with words before others see them, and usual reasons (W3)."""

from __future__ import annotations

from dataclasses import dataclass

from portal.domain.needs import NeedAction

SCREENING_ACTIONS = (
    NeedAction.RELEASE,
    NeedAction.KEEP_PRIVATE,
    NeedAction.ASK_TO_REWORD,
    NeedAction.REFUSE,
)


@dataclass(frozen=True, slots=True)
class TemplateReason:
    """A reason that fits often, in words that leave the person out of it."""

    code: str
    action: NeedAction
    text: str


TEMPLATE_REASONS = (
    TemplateReason(
        "tone",
        NeedAction.ASK_TO_REWORD,
        "The point is welcome. Please say it without judging the people behind the work.",
    ),
    TemplateReason(
        "evidence",
        NeedAction.ASK_TO_REWORD,
        "Please add how you know: a number, a report or a case that can be followed.",
    ),
    TemplateReason(
        "private_data",
        NeedAction.ASK_TO_REWORD,
        "Please take out names, addresses and other private data of third parties.",
    ),
    TemplateReason(
        "two_needs",
        NeedAction.ASK_TO_REWORD,
        "These are two needs. Please state each on its own, so that each gets its answer.",
    ),
    TemplateReason(
        "support",
        NeedAction.REFUSE,
        "This is a question about use. The support desk answers it; needs are about what is built.",
    ),
    TemplateReason(
        "security",
        NeedAction.REFUSE,
        "This is a security report. Please send it through the security door, not here.",
    ),
    TemplateReason(
        "conduct",
        NeedAction.REFUSE,
        "This is about people, not about the work, so it goes no further.",
    ),
)


def find_template(code: str) -> TemplateReason | None:
    """The template of a code, if there is one."""
    return next((each for each in TEMPLATE_REASONS if each.code == code), None)
