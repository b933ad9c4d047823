"""Plays the demonstration's history through the same verbs that people use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import Charter, DecisionMode, StatementsShown
from portal.domain.decisions import DecisionKind, RoadmapAction
from portal.domain.electorate import Electorate
from portal.domain.papers import YES_NO_PAPER, BallotPaper
from portal.domain.permissions import Actor
from portal.domain.rules import preview_seal
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.services.demonstration import texts
from portal.services.demonstration.cast import SPONSORS, TIERS, UNSTAKED
from portal.services.demonstration.conduct import tell_stewards
from portal.services.demonstration.consultation import hold_consultation
from portal.services.demonstration.contributors import (
    add_contributors,
    cast_for_contributors,
    give_voice,
    state_contributor_needs,
)
from portal.services.demonstration.follow_through import follow_through
from portal.services.demonstration.mail import hold_back_mail
from portal.services.demonstration.people import Companies, add_maintainers, add_personas
from portal.services.demonstration.priorities import PRIORITIES, Choice, Priority, choice_of
from portal.services.demonstration.project import found_project
from portal.services.demonstration.stakes import add_stake, tiers_by_name
from portal.services.demonstration.support import ask_for_support
from portal.services.demonstration.treasury import play_treasury, set_up_treasury
from portal.services.demonstration.workshop import state_needs
from portal.services.projects.charters import write_charter
from portal.services.projects.roadmap import report_progress
from portal.services.sponsorship.tiers import add_tier
from portal.services.votes.ballots import cast_ballot, cast_maintainer_ballot
from portal.services.votes.decisions import decide
from portal.services.votes.proposals import draft_proposal, publish_proposal, withdraw_proposal
from portal.services.votes.tallies import close_vote
from portal.services.votes.votes import open_vote

ReadStanding = Callable[[int, datetime], Electorate]

_FOR, _AGAINST, _ABSTAIN = "for", "against", "abstain"


@dataclass(frozen=True, slots=True)
class _Ballots:
    """Who says what in one vote: companies by name, maintainers by their place."""

    companies: Mapping[str, tuple[str | Choice, str]]
    maintainers: Mapping[int, str | Choice]


def seed_demonstration(*, site: str, read_standing: ReadStanding, now: datetime) -> None:
    """Fill an empty portal inside the caller's transaction; one with any project is left alone.

    ``read_standing`` gives a project's electorate at an instant. Mail of the past is not sent,
    except what concerns the personas today.
    """
    if db.session.scalar(select(Project.id).limit(1)) is not None:
        return
    now = now.replace(second=0, microsecond=0)
    personas = add_personas(now=now)
    project = found_project(now=now)
    maintainers = add_maintainers(project.id, personas, now=now)
    lead = maintainers[0]
    write_charter(
        lead,
        project.id,
        Charter(
            mode=DecisionMode.TWO_HOUSES,
            seasoning_days=0,
            statements_shown=StatementsShown.POSITIONS,
        ),
        number=1,
        note="The first charter.",
        now=project.created_at,
    )
    for terms in TIERS:
        add_tier(lead, project.id, terms, now=project.created_at)
    companies = Companies(personas, now=now)
    tiers = tiers_by_name(project.id)
    for seed in SPONSORS:
        add_stake(companies.found(seed), tiers[seed.tier], seed, now=now)
    companies.found(UNSTAKED)
    set_up_treasury(lead, project.id, now=project.created_at)
    play_treasury(lead, project.id, companies, tiers, site=site, now=now)
    contributors = add_contributors(project.id, lead, personas["contributor"], now=now)
    _Workshop(project.id, maintainers, contributors, companies, site, read_standing, now).play()
    follow_through(lead, project.id, now=now)
    state_needs(project.id, maintainers, companies, site=site, now=now)
    hold_consultation(
        project.id,
        maintainers,
        contributors,
        companies,
        read_standing=read_standing,
        site=site,
        now=now,
    )
    ask_for_support(project.id, maintainers, companies, site=site, now=now)
    state_contributor_needs(project.id, lead, contributors[0], site=site, now=now)
    tell_stewards(project.id, maintainers, companies, site=site, now=now)
    db.session.flush()
    hold_back_mail(now=now)


class _Workshop:
    """Proposals, votes, decisions and the roadmap, told in their order."""

    def __init__(
        self,
        project_id: int,
        maintainers: list[Actor],
        contributors: list[Actor],
        companies: Companies,
        site: str,
        read_standing: ReadStanding,
        now: datetime,
    ) -> None:
        """Take the cast; nothing happens yet."""
        self._project_id = project_id
        self._maintainers = maintainers
        self._contributors = contributors
        self._lead = maintainers[0]
        self._companies = companies
        self._site = site
        self._read_standing = read_standing
        self._now = now

    def play(self) -> None:
        """Tell the story from a shipped proposal to a draft."""
        self._ship(self._propose(texts.SHIPPED, 170))
        withdrawn = self._propose(texts.WITHDRAWN, 140)
        withdraw_proposal(
            self._lead,
            self._project_id,
            withdrawn,
            reason="Measurements showed that reading back would be slower than a larger disk.",
            now=self._at(120),
        )
        self._depart(self._propose(texts.DEPARTED, 100))
        self._miss_quorum(self._propose(texts.NO_QUORUM, 40))
        self._leave_open(self._propose(texts.OPEN, 21))
        self._propose(texts.CONSULTED, 6)
        self._draft(texts.DRAFTED, 2)
        for priority in PRIORITIES:
            self._prioritize(priority)

    def _at(self, days_ago: int) -> datetime:
        return self._now - timedelta(days=days_ago)

    def _draft(self, seed: texts.ProposalSeed, days_ago: int) -> int:
        return draft_proposal(
            self._lead,
            self._project_id,
            title=seed.title,
            summary=seed.summary,
            body=seed.body,
            now=self._at(days_ago),
        )

    def _propose(self, seed: texts.ProposalSeed, days_ago: int) -> int:
        number = self._draft(seed, days_ago + 5)
        publish_proposal(self._lead, self._project_id, number, revision=1, now=self._at(days_ago))
        return number

    def _open(
        self,
        number: int,
        question: str,
        *,
        opened: int,
        closes: datetime,
        paper: BallotPaper = YES_NO_PAPER,
    ) -> int:
        at = self._at(opened)
        revision = db.session.scalars(
            select(Proposal.revision).where(
                Proposal.project_id == self._project_id, Proposal.number == number
            )
        ).one()
        electorate = self._read_standing(self._project_id, at)
        return open_vote(
            self._lead,
            self._project_id,
            number,
            question=question,
            closes_at=closes,
            seal=preview_seal(electorate, revision=revision),
            read_standing=lambda: electorate,
            paper=paper,
            site=self._site,
            now=at,
        )

    def _cast(self, vote_id: int, ballots: _Ballots, *, days_ago: int) -> None:
        at = self._at(days_ago)
        for step, (name, (position, reason)) in enumerate(ballots.companies.items()):
            actor = self._companies.casters[name]
            cast_ballot(
                actor,
                vote_id,
                self._companies.by_name[name].id,
                choice_of(position),
                reason=reason,
                site=self._site,
                now=at + timedelta(minutes=41 * step),
            )
        for place, position in ballots.maintainers.items():
            cast_maintainer_ballot(
                self._maintainers[place],
                self._project_id,
                vote_id,
                choice_of(position),
                site=self._site,
                now=at + timedelta(minutes=17 * (place + 1)),
            )

    def _decide(
        self, number: int, kind: DecisionKind, reasons: str, *, days_ago: int, review: date
    ) -> None:
        decide(
            self._lead,
            self._project_id,
            number,
            kind=kind,
            reasons=reasons,
            responsible="Teo Marchetti",
            review_on=review,
            now=self._at(days_ago),
        )

    def _report(self, number: int, action: RoadmapAction, text: str, days_ago: int) -> None:
        shipped = action is RoadmapAction.SHIP
        report_progress(
            self._lead,
            self._project_id,
            number,
            action=action,
            text=text,
            shipped_url="https://kelpline.example/releases/4.3" if shipped else "",
            now=self._at(days_ago),
        )

    def _ship(self, number: int) -> None:
        vote_id = self._open(
            number,
            "Shall Kelpline encrypt messages at rest, at a cost of 4 to 7 percent of throughput?",
            opened=160,
            closes=self._at(146),
        )
        self._cast(
            vote_id,
            _Ballots(
                {
                    "Ostrava Instruments": (_FOR, "Our customers' auditors ask for it."),
                    "Brackwater Freight": (_FOR, "Customs data must be encrypted from next year."),
                    "Pinemoss Health": (_FOR, "Patient data."),
                    "Quillon Payments": (_FOR, ""),
                    "Tessera Maps": (_AGAINST, "Our edits are public; we would pay for nothing."),
                    "Copperline Rail": (_ABSTAIN, ""),
                    "Halden Broadcast": (_AGAINST, "Live subtitles cannot spare the throughput."),
                    "Loomfield Textiles": (_FOR, ""),
                    "Saltbox Studio": (_ABSTAIN, "No view on cryptography."),
                    "Meridian Vault": (_FOR, ""),
                },
                {0: _FOR, 1: _FOR, 2: _FOR},
            ),
            days_ago=155,
        )
        close_vote(vote_id, site=self._site, now=self._at(146))
        self._decide(
            number,
            DecisionKind.ACCEPTED,
            texts.FOLLOWING_REASONS,
            days_ago=141,
            review=self._at(20).date(),
        )
        self._report(number, RoadmapAction.START, "Work has begun on the key file.", 130)
        self._report(number, RoadmapAction.NOTE, "Rotation works without a stop; measuring.", 75)
        self._report(number, RoadmapAction.SHIP, "Released in 4.3, off for public queues.", 34)

    def _depart(self, number: int) -> None:
        vote_id = self._open(
            number,
            "Shall version 5 end support for the 2.x wire protocol?",
            opened=90,
            closes=self._at(76),
        )
        self._cast(
            vote_id,
            _Ballots(
                {
                    "Ostrava Instruments": (_AGAINST, "Scales in the field cannot be updated."),
                    "Brackwater Freight": (
                        _AGAINST,
                        "Forty ports, eleven of them with old clients.",
                    ),
                    "Pinemoss Health": (_FOR, "We moved last year."),
                    "Quillon Payments": (_FOR, ""),
                    "Tessera Maps": (_AGAINST, ""),
                    "Copperline Rail": (_AGAINST, "Certified devices change slowly."),
                    "Verdant Grid": (_FOR, ""),
                    "Nimbus Bakery Supply": (_ABSTAIN, ""),
                    "Arkwright Robotics": (_FOR, ""),
                },
                {0: _FOR, 1: _FOR, 2: _FOR},
            ),
            days_ago=85,
        )
        close_vote(vote_id, site=self._site, now=self._at(76))
        self._decide(
            number,
            DecisionKind.ACCEPTED,
            texts.DEPARTURE_REASONS,
            days_ago=60,
            review=self._at(1).date(),
        )
        self._report(number, RoadmapAction.START, "The checker for old clients comes first.", 45)
        self._report(number, RoadmapAction.NOTE, "The checker is in testing at two sponsors.", 11)

    def _miss_quorum(self, number: int) -> None:
        vote_id = self._open(
            number,
            "Shall Kelpline serve its figures in the OpenMetrics format?",
            opened=18,
            closes=self._at(4),
        )
        self._cast(
            vote_id,
            _Ballots(
                {
                    "Quillon Payments": (_FOR, "We scrape everything else."),
                    "Verdant Grid": (_FOR, ""),
                    "Saltbox Studio": (_FOR, ""),
                },
                {0: _FOR, 2: _ABSTAIN},
            ),
            days_ago=12,
        )
        close_vote(vote_id, site=self._site, now=self._at(4))

    def _leave_open(self, number: int) -> None:
        vote_id = self._open(
            number,
            "Shall two maintainers spend five months on replication across two sites?",
            opened=6,
            closes=self._at(-8),
        )
        self._cast(
            vote_id,
            _Ballots(
                {
                    "Ostrava Instruments": (_FOR, ""),
                    "Pinemoss Health": (_FOR, ""),
                    "Halden Broadcast": (_AGAINST, ""),
                    "Loomfield Textiles": (_ABSTAIN, ""),
                },
                {1: _FOR},
            ),
            days_ago=4,
        )

    def _prioritize(self, seed: Priority) -> None:
        """A vote over options, with its close and decision where they are past.

        In the one that is still open contributors have a house of their own for the first time.
        """
        if seed.closes < 0:
            give_voice(self._project_id, self._lead, at=self._at(seed.opened + 2))
        number = self._propose(seed.text, seed.opened + 12)
        vote_id = self._open(
            number,
            seed.question,
            opened=seed.opened,
            closes=self._at(seed.closes),
            paper=seed.paper,
        )
        ballots = _Ballots(seed.companies, seed.maintainers)
        self._cast(vote_id, ballots, days_ago=seed.opened - 1)
        if seed.closes < 0:
            cast_for_contributors(
                self._project_id,
                self._contributors,
                vote_id,
                seed.contributors,
                site=self._site,
                at=self._at(seed.opened - 1),
            )
            return
        close_vote(vote_id, site=self._site, now=self._at(seed.closes))
        self._decide(
            number,
            DecisionKind.ACCEPTED,
            seed.reasons,
            days_ago=seed.closes - 8,
            review=self._at(-90).date(),
        )
