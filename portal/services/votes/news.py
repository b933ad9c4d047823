"""News of a proposal: a consultation for its electors, decisions and progress for who took part."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.decisions import DecisionKind, RoadmapAction, RoadmapState
from portal.domain.notifications import MailKind
from portal.domain.proposals import ProposalState
from portal.domain.statements import has_ended
from portal.models.decisions import DecisionRecord
from portal.models.identity import Person
from portal.models.notifications import ProposalNews
from portal.models.proposals import Proposal
from portal.services.outbox import Letter, post_mails
from portal.services.votes.audiences import may_speak, took_part

_SPAN = 2000
_DECIDED = {
    DecisionKind.ACCEPTED: "accepted",
    DecisionKind.DECLINED: "declined",
    DecisionKind.DEFERRED: "deferred",
    DecisionKind.BACK_TO_WORK: "sent back to work",
}
_STANDS = {
    RoadmapState.ACCEPTED: "accepted, not begun",
    RoadmapState.IN_PROGRESS: "in progress",
    RoadmapState.SHIPPED: "shipped",
    RoadmapState.DROPPED: "dropped",
}


def spread_decision(record: DecisionRecord, *, now: datetime) -> None:
    """Tell those who took part what was decided, and whether it follows the outcome."""
    proposal, kind = record.proposal, DecisionKind(record.kind)
    said = f"{proposal.project.name} decided on proposal {proposal.number}: {_DECIDED[kind]}."
    follows = {
        True: "The decision follows the outcome.",
        False: "The decision departs from the outcome.",
        None: "There was no outcome to follow.",
    }[record.follows]
    _spread(
        proposal,
        MailKind.OUTCOME,
        f"Decided: {proposal.title}",
        [said, follows, "The reasons stand on its page."],
        ("Read the decision", f"/p/{proposal.project.slug}/proposals/{proposal.number}/decision"),
        now=now,
    )


def spread_progress(
    proposal: Proposal, action: RoadmapAction, state: RoadmapState, text: str, *, now: datetime
) -> None:
    """Tell those who took part how far an accepted proposal has come, in the maintainers' words."""
    stands = f"{proposal.project.name}, proposal {proposal.number}: {_STANDS[state]}."
    heading = "Shipped" if action is RoadmapAction.SHIP else "On the roadmap"
    _spread(
        proposal,
        MailKind.ROADMAP,
        f"{heading}: {proposal.title}",
        [stands, *([text] if text else [])],
        ("See the roadmap", f"/p/{proposal.project.slug}/roadmap"),
        now=now,
    )


def spread_consultation(proposal: Proposal, *, now: datetime) -> None:
    """Tell those who may put statements that a proposal can still be changed."""
    project, number = proposal.project, proposal.number
    _spread(
        proposal,
        MailKind.CONSULTATION,
        f"In consultation: {proposal.title}",
        [
            f"{project.name} put proposal {number} into consultation: its text can still change.",
            f"You may say once, {_until(proposal)}, what it would mean for you.",
            "A steward reads it before anybody else does.",
        ],
        ("Read the proposal", f"/p/{project.slug}/proposals/{number}"),
        now=now,
    )


def spread_consultation_end(proposal: Proposal, *, now: datetime) -> None:
    """Tell those who may put statements until when, now that it was said or changed."""
    project, number = proposal.project, proposal.number
    _spread(
        proposal,
        MailKind.CONSULTATION,
        f"Time for statements: {proposal.title}",
        [f"{project.name} takes statements on proposal {number} {_until(proposal)}."],
        ("Read the proposal", f"/p/{project.slug}/proposals/{number}"),
        now=now,
    )


def spread_summary(proposal: Proposal, *, now: datetime) -> None:
    """Tell those who may put statements that the maintainers summed them up; none of its words."""
    project, number = proposal.project, proposal.number
    _spread(
        proposal,
        MailKind.CONSULTATION,
        f"Summed up: {proposal.title}",
        [
            f"The maintainers of {project.name} summed up the statements on proposal {number}.",
            *(
                []
                if has_ended(proposal.consulted_until, None, now=now)
                else [f"You can still change what you said {_until(proposal)}."]
            ),
        ],
        ("Read the proposal", f"/p/{project.slug}/proposals/{number}"),
        now=now,
    )


def find_untold_news(*, limit: int = 100) -> list[int]:
    """Ids of news of which not everybody concerned was told, the oldest first."""
    return list(
        db.session.scalars(
            select(ProposalNews.id)
            .where(ProposalNews.finished_at.is_(None))
            .order_by(ProposalNews.id)
            .limit(limit)
        )
    )


def tell_some(news_id: int, *, now: datetime) -> bool:
    """Post news to the next people, two thousand or less; False once all are told.

    Of a consultation that is over meanwhile, nobody else is told.
    """
    news = db.session.get(ProposalNews, news_id, with_for_update=True, populate_existing=True)
    if news is None or news.finished_at is not None:
        return False
    proposal = news.proposal
    if news.kind == MailKind.CONSULTATION:
        if proposal.state is not ProposalState.CONSULTATION:
            news.finished_at = now
            return False
        concerned = may_speak(proposal.project_id)
        why = f"You may put statements on proposals of {proposal.project.name}."
    else:
        concerned = took_part(proposal.id)
        why = f"You took part in this proposal of {proposal.project.name}."
    people = db.session.execute(
        select(Person.id, Person.email)
        .where(Person.id.in_(concerned), Person.id > news.told_to)
        .order_by(Person.id)
        .limit(_SPAN)
    ).all()
    if not people:
        news.finished_at = now
        return False
    post_mails(
        (
            Letter(
                dedupe_key=f"news:{news.id}:{person.id}",
                recipient=person.email,
                subject=news.subject,
                paragraphs=news.paragraphs.split("\n\n"),
                why=why,
                action=(news.action_label, news.action_path),
                kind=MailKind(news.kind),
                person_id=person.id,
                project_id=proposal.project_id,
            )
            for person in people
        ),
        now=now,
    )
    news.told_to = people[-1].id
    return True


def _until(proposal: Proposal) -> str:
    until = proposal.consulted_until
    return f"until {until.day} {until:%B %Y} (UTC)" if until else "until a vote opens"


def _spread(
    proposal: Proposal,
    kind: MailKind,
    subject: str,
    paragraphs: list[str],
    action: tuple[str, str],
    *,
    now: datetime,
) -> None:
    label, path = action
    db.session.add(
        ProposalNews(
            proposal=proposal,
            proposal_id=proposal.id,
            kind=kind.value,
            subject=subject[:200],
            paragraphs="\n\n".join(paragraphs),
            action_label=label,
            action_path=path,
            happened_at=now,
        )
    )
