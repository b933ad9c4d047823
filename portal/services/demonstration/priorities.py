"""The demonstration's votes over options: their papers, and who chose what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.domain.money import Money
from portal.domain.papers import BallotPaper, Option
from portal.domain.votes import Method
from portal.services.demonstration import texts

Choice = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Priority:
    """One vote; days count back from today, so a close below 0 is yet to come.

    Companies are named, maintainers and contributors are by their place. ``reasons`` are those of the decision.
    """

    text: texts.ProposalSeed
    question: str
    paper: BallotPaper
    opened: int
    closes: int
    companies: dict[str, tuple[Choice, str]]
    maintainers: dict[int, Choice]
    reasons: str = ""
    contributors: Mapping[int, Choice] = field(default_factory=dict)


def _ranks(*order: str) -> Choice:
    """Options from the best on; ids joined by = are level."""
    return {
        "ranks": {
            option: place for place, group in enumerate(order, 1) for option in group.split("=")
        }
    }


def _approve(*options: str) -> Choice:
    return {"approved": list(options)}


def _scores(**scores: int) -> Choice:
    return {"scores": scores}


_RECUSED: Choice = {"recused": True}
_ABOUT_TRACING = "Follow one message through every program that touched it."
_ABOUT_GUARD = "Find slow consumers before the queue is full, and name them."

PRIORITIES = (
    Priority(
        texts.RANKED,
        "Which piece of work shall the autumn release be built around?",
        BallotPaper(
            Method.RANKED,
            (
                Option("", "Tracing of single messages", _ABOUT_TRACING),
                Option("", "Replication across two sites", "A standby that takes over by hand."),
                Option("", "A warning before queues fill up", _ABOUT_GUARD),
                Option("", "Native Windows service", "Start, stop and log like other services."),
            ),
        ),
        opened=72,
        closes=58,
        companies={
            "Ostrava Instruments": (
                _ranks("o1", "o3", "o2", "not_now", "o4"),
                "We look for readings by hand.",
            ),
            "Brackwater Freight": (_ranks("o1", "o2=o3", "not_now"), "Lost bookings cost days."),
            "Pinemoss Health": (_ranks("o1", "o3", "o2", "not_now", "o4"), ""),
            "Quillon Payments": (_ranks("o2", "o1", "not_now"), "Auditors ask about takeover."),
            "Tessera Maps": (_ranks("o3", "o1", "o4", "not_now", "o2"), ""),
            "Copperline Rail": (_ranks("o4", "o1", "not_now"), "Our benches run Windows."),
            "Halden Broadcast": (_ranks("not_now"), "Mend what is there first."),
            "Verdant Grid": (_ranks("o1", "o2", "o3", "not_now"), ""),
            "Loomfield Textiles": (_ranks("o3", "o4", "o1", "not_now"), ""),
            "Meridian Vault": (_ranks("o2", "o1", "not_now"), ""),
        },
        maintainers={
            0: _ranks("o1", "o2=o3", "not_now", "o4"),
            1: _ranks("o3", "o1", "not_now", "o2", "o4"),
            2: _ranks("o1", "o2", "not_now", "o3", "o4"),
        },
        reasons=texts.RANKED_REASONS,
    ),
    Priority(
        texts.BUDGET,
        "Which of the offers shall the summer fund pay for?",
        BallotPaper(
            Method.BUDGET,
            (
                Option("", "A client library for Rust", "Twelve weeks.", 26_000_00),
                Option("", "An independent security review", "Protocol and storage.", 24_000_00),
                Option("", "A benchmark that runs each night", "On rented disks.", 9_000_00),
                Option("", "Translation of the manual", "Spanish and Czech.", 7_500_00),
                Option("", "A meeting of all maintainers", "Four days in Porto.", 12_000_00),
            ),
            budget=Money(60_000_00, "EUR"),
        ),
        opened=44,
        closes=30,
        companies={
            "Ostrava Instruments": (_approve("o2", "o3", "o4"), "We would translate into Czech."),
            "Brackwater Freight": (_approve("o2", "o5"), ""),
            "Pinemoss Health": (_approve("o2"), "Our regulator wants to see a review."),
            "Quillon Payments": (_approve("o1", "o2"), ""),
            "Tessera Maps": (_approve("o1", "o3"), "All new services here are in Rust."),
            "Copperline Rail": (_approve("not_now"), "Keep it for harder times."),
            "Halden Broadcast": (_approve("o4", "o5"), ""),
            "Verdant Grid": (_approve("o1", "o3"), ""),
            "Saltbox Studio": (_RECUSED, "We made the offer for the manual."),
            "Nimbus Bakery Supply": (_approve("o4"), ""),
        },
        maintainers={
            0: _approve("o2", "o3", "o5"),
            1: _approve("o2", "o5"),
            2: _approve("o2", "o3"),
        },
        reasons=texts.BUDGET_REASONS,
    ),
    Priority(
        texts.SCORED,
        "How much would each guide help your people?",
        BallotPaper(
            Method.SCORE,
            (
                Option("", "Moving from 3.x to 5", "With the checker for old clients."),
                Option("", "Running on call", "What to look at first, and what to leave alone."),
                Option("", "Sizing disks and queues", "From messages a day to hardware."),
                Option("", "Writing a good client", "Retries, order, and what at-least-once is."),
            ),
            seats=2,
        ),
        opened=3,
        closes=-6,
        companies={
            "Tessera Maps": (_scores(o1=5, o2=2, o4=4), ""),
            "Pinemoss Health": (_scores(o1=1, o2=5, o3=3, o4=0), ""),
            "Verdant Grid": (_scores(o2=4, o3=5), ""),
        },
        maintainers={1: _scores(o1=5, o2=3, o3=3, o4=2)},
        contributors={1: _scores(o1=4, o2=1, o4=5)},
    ),
)


def choice_of(said: str | Choice) -> Choice:
    """A ballot's content: a position, or what the method takes."""
    return {"position": said} if isinstance(said, str) else said
