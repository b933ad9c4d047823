"""Words that few may read, planted in every state through the services, and who may read each.

Each column of the workshop registers a planter in ``PLANTERS``. It says of every word that it plants
who is to reach it, by the names in ``Stage.readers``: the crawl fails if anybody else does, and also if
one of them does not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import StatementsShown
from portal.domain.conduct import ReportEnding
from portal.domain.needs import Credit, NeedAction, NeedText, Offer
from portal.domain.permissions import Actor, OrganizationRole
from portal.domain.statements import StatementAction, StatementPosition, StatementText
from portal.domain.support import SupportState
from portal.models.conduct import ConductReport
from portal.models.identity import Person
from portal.models.needs import Need, NeedMessage
from portal.models.organizations import Membership, Organization
from portal.models.statements import Statement
from portal.queries.weights.electorate import find_standing
from portal.services.workshop.blocks import block_in_workshop
from portal.services.workshop.conduct import (
    close_report,
    report_conduct,
    write_to_reporter,
    write_to_stewards,
)
from portal.services.workshop.documentation_gaps import write_off_gap
from portal.services.workshop.joining import join_needs
from portal.services.workshop.need_answers import answer_need, write_to_author
from portal.services.workshop.needs import (
    draft_need,
    edit_need,
    submit_need,
    withdraw_need,
    write_to_maintainers,
)
from portal.services.workshop.screening import screen_message, screen_need
from portal.services.workshop.statement_screening import screen_statement
from portal.services.workshop.statements import put_statement
from portal.services.workshop.summaries import write_summary
from tests.builders import actor_of
from tests.support_builders import make_gap, make_request, make_words
from tests.vote_builders import SITE
from tests.web.stage import (
    MAINTAINERS,
    NOBODY,
    OWN,
    OWN_SUPPORT,
    STEWARDS,
    Stage,
    set_stage,
)

__all__ = ("NO_WORDS", "PLANTED", "PLANTERS", "Stage", "set_stage")
_O = OrganizationRole


class NeedPlanter:
    """Needs and messages in every state, from draft to taken up: acme's, or a contributor's own."""

    def __init__(self, stage: Stage, *, in_person: bool = False) -> None:
        self.stage, self.by = stage, "contributor" if in_person else "representative"
        self.project_id, self.acme_id = stage.project.id, None if in_person else stage.acme.id

    def write(self, about: str, readers: frozenset[str], pseudonym: frozenset[str]) -> NeedText:
        plant = self.stage.plant
        words = {
            part: f"About {plant(f'{part} of a need: {about}', readers)} here"
            for part in ("need", "for_whom", "evidence", "cost_of_not", "offer", "conflicts")
        }
        alias = plant(f"pseudonym of a need: {about}", pseudonym)
        return NeedText(
            **words, offers=(Offer.TIME,), credit=Credit.PSEUDONYM, pseudonym=f"Alias {alias}"
        )

    def draft(
        self,
        about: str,
        readers: frozenset[str],
        *,
        by: str = "",
        pseudonym: frozenset[str] | None = None,
    ) -> int:
        text = self.write(about, readers, readers if pseudonym is None else pseudonym)
        with transaction():
            need_id = draft_need(
                self.stage.actor(by or self.by), self.acme_id, self.project_id, text,
                now=self.stage.now,
            )  # fmt: skip
        self.stage.name("need_id", need_id)
        self.stage.name("needs/number", self.number(need_id))
        return need_id

    def submit(self, need_id: int, *, by: str = "") -> int:
        with transaction():
            submit_need(self.stage.actor(by or self.by), self.acme_id, need_id, now=self.stage.now)
        return need_id

    def number(self, need_id: int) -> int:
        return db.session.get_one(Need, need_id).number

    def screen(self, need_id: int, action: NeedAction, reason: str = "") -> int:
        with transaction():
            screen_need(
                self.stage.actor("steward"), self.project_id, self.number(need_id), action,
                reason=reason, site=SITE, now=self.stage.now + timedelta(minutes=1),
            )  # fmt: skip
        return need_id

    def say(self, need_id: int, about: str, readers: frozenset[str], *, by: str) -> int:
        word = self.stage.plant(f"message: {about}", readers)
        with transaction():
            write_to_maintainers(
                self.stage.actor(by), self.acme_id, need_id, f"Say {word}.", now=self.stage.now
            )
        return (
            db.session.scalars(select(NeedMessage.id).order_by(NeedMessage.id.desc())).first() or 0
        )

    def decide(self, message_id: int, *, released: bool, reason: str = "") -> None:
        with transaction():
            screen_message(
                self.stage.actor("steward"), self.project_id, message_id,
                released=released, reason=reason, now=self.stage.now,
            )  # fmt: skip


def plant_needs(stage: Stage) -> None:
    """Needs that no maintainer has: each stage before a release, and what was taken back there."""
    needs, seen = NeedPlanter(stage), OWN | STEWARDS
    needs.draft("draft", OWN)
    needs.submit(needs.draft("waiting", seen))
    reworded = needs.screen(
        needs.submit(needs.draft("reword", NOBODY)),
        NeedAction.ASK_TO_REWORD,
        f"Other words {stage.plant('reason to reword', seen)}",
    )
    with transaction():
        edit_need(
            stage.actor("deputy"), stage.acme.id, reworded, needs.write("reworded", seen, seen),
            revision=1, now=stage.now,
        )  # fmt: skip
    needs.screen(
        needs.submit(needs.draft("refused", seen)),
        NeedAction.REFUSE,
        f"No {stage.plant('reason of a refusal', seen)}",
    )
    taken_back = (
        needs.submit(needs.draft("withdrawn while it waited", OWN)),
        needs.screen(
            needs.submit(needs.draft("withdrawn while it was reworded", OWN)),
            NeedAction.ASK_TO_REWORD,
            "Other words",
        ),
    )
    for need_id in taken_back:
        with transaction():
            withdraw_need(stage.actor("representative"), stage.acme.id, need_id, now=stage.now)


def plant_talks(stage: Stage) -> None:
    """Needs that maintainers have, messages in every state, and what of it becomes public."""
    needs, seen = NeedPlanter(stage), OWN | MAINTAINERS
    everybody = frozenset(stage.readers)
    open_ = needs.screen(needs.submit(needs.draft("open", seen)), NeedAction.RELEASE)
    by = "representative"
    needs.decide(needs.say(open_, "released", seen, by=by), released=True)
    needs.decide(
        needs.say(open_, "refused", OWN | STEWARDS, by=by),
        released=False,
        reason=f"No {stage.plant('reason to refuse a message', OWN | STEWARDS)}",
    )
    needs.say(open_, "waiting", OWN | STEWARDS, by=by)
    said = {"site": SITE, "now": stage.now}
    with transaction():
        write_to_author(
            stage.actor("maintainer"), stage.project.id, needs.number(open_),
            text=f"Back {stage.plant('message of a maintainer', seen)}", as_project=False, **said,
        )  # fmt: skip
    declined = needs.screen(needs.submit(needs.draft("declined", seen)), NeedAction.RELEASE)
    with transaction():
        answer_need(
            stage.actor("maintainer"), stage.project.id, needs.number(declined),
            NeedAction.DECLINE, text=f"No {stage.plant('reason to decline', seen)}",
            as_project=True, **said,
        )  # fmt: skip
    for about, action, alias in (
        ("taken up", NeedAction.RELEASE, everybody),
        ("taken up in private", NeedAction.KEEP_PRIVATE, seen),
    ):
        need_id = needs.screen(needs.submit(needs.draft(about, seen, pseudonym=alias)), action)
        with transaction():
            join_needs(
                stage.actor("maintainer"), stage.project.id, [needs.number(need_id)],
                stage.world.values["number"], **said,
            )  # fmt: skip


def plant_held(stage: Stage) -> None:
    """What the deputy writes, whom the stewards block: their own side alone reads it."""
    needs = NeedPlanter(stage)
    open_ = needs.screen(
        needs.submit(needs.draft("open before a block", OWN | MAINTAINERS)), NeedAction.RELEASE
    )
    blocked = stage.readers["deputy"]
    assert blocked is not None
    with transaction():
        block_in_workshop(
            stage.actor("steward"), stage.project.id, blocked.id,
            note=f"Why {stage.plant('note of a block', frozenset({'steward'}))}", now=stage.now,
        )  # fmt: skip
    needs.submit(needs.draft("held", OWN, by="deputy"), by="deputy")
    needs.submit(needs.draft("begun by another, handed in by them", OWN), by="deputy")
    needs.say(open_, "held", OWN, by="deputy")


def plant_contributor(stage: Stage) -> None:
    """Needs that a contributor states in person: nobody but they reads them along."""
    needs, own = NeedPlanter(stage, in_person=True), frozenset({"contributor"})
    needs.draft("a contributor's draft", own)
    needs.submit(needs.draft("a contributor's, waiting", own | STEWARDS))
    open_ = needs.screen(
        needs.submit(needs.draft("a contributor's, open", own | MAINTAINERS)), NeedAction.RELEASE
    )
    needs.say(open_, "a contributor's, waiting", own | STEWARDS, by="contributor")


def plant_statements(stage: Stage) -> None:
    """Statements of four electors: one waits, one is to be reworded, one refused, one private."""
    number, electors = stage.world.values["number"], _electors(stage)
    rival = frozenset({"rival"})
    seen = {
        "waiting": OWN | STEWARDS,
        "private": rival | MAINTAINERS,
        "reword": NOBODY,  # none of their own side reads along, and no steward needs them again
        "refused": NOBODY,
    }
    for (about, readers), (organization, author) in zip(seen.items(), electors, strict=True):
        text = StatementText(
            StatementPosition.WITH_CHANGES,
            *(
                f"Well, {stage.plant(f'{part} of a statement: {about}', readers)}"
                for part in ("meaning", "changes", "conflicts")
            ),
            credit=Credit.PSEUDONYM,
            pseudonym=f"Alias {stage.plant(f'pseudonym of a statement: {about}', readers)}",
        )
        on = {"now": stage.now}
        mine = select(Statement).where(Statement.organization_id == organization)
        before = db.session.scalar(mine)
        seen_revision = 0 if before is None else before.revision
        with transaction():
            put_statement(
                author, organization, stage.project.id, number, text, seen=seen_revision,
                read_standing=partial(find_standing, stage.project.id, now=stage.now), **on,
            )  # fmt: skip
        statement_id = db.session.scalars(mine).one().id
        stage.name("statement_id", statement_id)
        action = {
            "reword": StatementAction.ASK_TO_REWORD,
            "refused": StatementAction.REFUSE,
            "private": StatementAction.KEEP_PRIVATE,
        }.get(about)
        if action is not None:
            with transaction():
                screen_statement(
                    stage.actor("steward"), stage.project.id, statement_id, action, seen=1,
                    reason="Please", site=SITE, **on,
                )  # fmt: skip


def plant_summary(stage: Stage) -> None:
    """What maintainers make of the statements: electors read it, a contributor with a ballot too."""
    word = stage.plant("summary of a consultation", OWN | {"rival", "contributor"} | MAINTAINERS)
    with transaction():
        write_summary(
            stage.actor("maintainer"), stage.project.id, stage.world.values["number"],
            f"They said {word}.", seen=0, shown=StatementsShown.NOTHING, now=stage.now,
        )  # fmt: skip


def _electors(stage: Stage) -> list[tuple[int, Actor]]:
    """Two whose people read along, then two whose people do not; each with who speaks for it."""
    others = db.session.scalars(
        select(Membership)
        .join(Person, Membership.person_id == Person.id)
        .where(Person.name.startswith("Representative "), Membership.role == _O.REPRESENTATIVE)
        .order_by(Membership.id)
    ).all()
    rival = db.session.scalars(select(Organization).where(Organization.slug == "rival")).one()
    return [
        (stage.acme.id, stage.actor("representative")),
        (rival.id, stage.actor("rival")),
        *(
            (each.organization_id, actor_of(db.session.get_one(Person, each.person_id)))
            for each in others[:2]
        ),
    ]


def plant_support(stage: Stage) -> None:
    """A support request that is talked about, and one of somebody who is blocked."""
    for about, author, readers in (
        ("support", "representative", OWN_SUPPORT | MAINTAINERS),
        ("support of the blocked", "deputy", OWN_SUPPORT),
    ):
        person = stage.readers[author]
        assert person is not None
        request = make_request(
            stage.project, stage.acme, person,
            tried=f"Try {stage.plant(f'tried: {about}', readers)}",
            happened=f"It {stage.plant(f'happened: {about}', readers)}",
            environment=f"On {stage.plant(f'environment: {about}', readers)}",
        )  # fmt: skip
        make_words(request, person, f"And {stage.plant(f'message: {about}', readers)}")
        stage.name("request_id", request.id)
        stage.name("support/number", request.number)


def plant_gaps(stage: Stage) -> None:
    """Gaps in the documentation: one that is open, one that is written, one of the blocked."""
    for about, author, readers in (
        ("open gap", "representative", OWN_SUPPORT | MAINTAINERS),
        ("written gap", "representative", OWN_SUPPORT | MAINTAINERS),
        ("gap of the blocked", "deputy", OWN_SUPPORT),
    ):
        person = stage.readers[author]
        assert person is not None
        request = make_request(
            stage.project, stage.acme, person, SupportState.CLOSED_GAP,
            tried=f"Find {stage.plant(about, readers)}",
        )  # fmt: skip
        make_gap(request)
        stage.name("request_id", request.id)
        if about == "written gap":
            address = f"https://docs.example/{stage.plant(f'address of a {about}', readers)}"
            with transaction():
                write_off_gap(
                    stage.actor("maintainer"), stage.project.id, request.number, url=address,
                    site=SITE, now=stage.now,
                )  # fmt: skip


def plant_reports(stage: Stage) -> None:
    """A report with notes of both sides, one closed, and one that no steward here may see."""

    def report(about: str, readers: frozenset[str], *away: str, by: str) -> int:
        def word(part: str) -> str:
            return stage.plant(f"{part} of a report: {about}", readers)

        with transaction():
            report_id = report_conduct(
                stage.actor(by), stage.project.id, what=f"It was {word('what')}.",
                who=f"By {word('who')}", page=f"/p/kelp?{word('page')}",
                kept_away=[stage.actor(name).person_id or 0 for name in away], site=SITE,
                now=stage.now,
            )  # fmt: skip
        stage.name("report_id", report_id)
        stage.name("conduct/number", db.session.get_one(ConductReport, report_id).number)
        return report_id

    both, said = frozenset({"representative", "steward"}), {"site": SITE, "now": stage.now}
    report_id = report("open", both, "lead", by="representative")
    number = db.session.get_one(ConductReport, report_id).number
    steward = stage.actor("steward")
    with transaction():
        write_to_stewards(
            stage.actor("representative"), report_id, f"Also {stage.plant('note', both)}.", **said
        )
        write_to_reporter(
            steward, stage.project.id, number, f"So {stage.plant('note back', both)}.", **said
        )
        close_report(
            steward, stage.project.id, number, ReportEnding.TALKED,
            reason=f"We {stage.plant('reason of an end', both)}.", **said,
        )  # fmt: skip
    report("about the steward", frozenset({"maintainer"}), "steward", by="maintainer")
    report("by the steward", frozenset({"steward"}), by="steward")


PLANTERS: tuple[Callable[[Stage], None], ...] = (
    plant_needs,
    plant_talks,
    plant_held,
    plant_contributor,
    plant_statements,
    plant_summary,
    plant_support,
    plant_gaps,
    plant_reports,
)
# Columns whose words are planted above; every other text column of the workshop is named with a reason.
PLANTED = {
    "needs": {"need", "for_whom", "evidence", "cost_of_not", "offer", "conflicts", "pseudonym",
              "reason"},
    "need_messages": {"text", "reason"},
    "workshop_blocks": {"note"},
    "conduct_reports": {"what", "who", "page", "reason"},
    "conduct_notes": {"text"},
    "support_requests": {"tried", "happened", "environment"},
    "support_messages": {"text"},
    "statements": {"meaning", "changes", "conflicts", "pseudonym"},
    "consultation_summaries": {"text"},
    "documentation_gaps": {"url"},
}  # fmt: skip
NO_WORDS = {
    "needs": {"offers": "a list of fixed words"},
    "need_messages": {"signed": "a name"},
    "trusts": {"granted_by": "a name"},
    "intakes": {"pause_note": "a steward's words for the public"},
    "statements": {"reason": "a steward's words, beside those of a need"},
    "support_messages": {"signed": "a name"},
    "contributors": {
        "work": "maintainers' words, public with the name",
        "invited_by": "a name",
        "end_reason": "maintainers' words",
    },
    "pseudonyms": {"folded": "the pseudonym of a statement, folded"},
    "consultation_summaries": {"written_by": "a name"},
    "workshop_blocks": {"set_by": "a name", "lifted_by": "a name"},
}
