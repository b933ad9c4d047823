"""Statements for tests: a project in consultation with electors, a steward and a maintainer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import StatementsShown
from portal.domain.needs import Credit
from portal.domain.permissions import Actor, ProjectRole
from portal.domain.statements import (
    StatementAction,
    StatementPosition,
    StatementState,
    StatementText,
)
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import CharterVersion, Maintainership, Project
from portal.models.proposals import Proposal
from portal.models.statements import Statement
from portal.queries.weights.electorate import find_standing
from portal.services.workshop.statement_screening import screen_statement
from portal.services.workshop.statements import put_own_statement, put_statement
from portal.services.workshop.summaries import write_summary
from tests.builders import NOW, actor_of, make_person
from tests.vote_builders import SITE, Scene, make_consultation, make_scene

TEXT = StatementText(
    StatementPosition.WITH_CHANGES,
    "Forty ships would sync overnight",
    "A limit for each link",
    "None that we know",
    credit=Credit.ORGANIZATION,
    pseudonym="",
)
HIDDEN = replace(TEXT, credit=Credit.PSEUDONYM, pseudonym="Quillwort")


@dataclass
class Consultation:
    """A proposal in consultation; the first two sponsors are the author's and another elector."""

    scene: Scene
    number: int
    steward: Person
    maintainer: Person

    @property
    def project_id(self) -> int:
        return self.scene.project.id

    def put(self, text: StatementText = TEXT, *, by: int = 0, **values: Any) -> int:
        """Hand in the statement of a sponsor; its id."""
        organization = self.scene.organizations[by]
        before = self.find(by)
        settings: dict[str, Any] = {
            "seen": before.revision if before else 0,
            "read_standing": partial(find_standing, self.project_id, now=NOW),
            "now": NOW,
        }
        with transaction():
            put_statement(
                self.scene.representative(by), organization.id, self.project_id, self.number,
                text, **(settings | values),
            )  # fmt: skip
        statement = self.find(by)
        assert statement
        return statement.id

    def put_own(self, text: StatementText, **values: Any) -> int:
        """Hand in the maintainer's own statement; its id."""
        with transaction():
            put_own_statement(
                actor_of(self.maintainer), self.project_id, self.number, text,
                **({"seen": 0, "read_standing": partial(find_standing, self.project_id, now=NOW),
                    "now": NOW} | values),
            )  # fmt: skip
        return db.session.scalars(
            select(Statement.id).where(Statement.organization_id.is_(None))
        ).one()

    def screen(
        self,
        statement_id: int,
        action: StatementAction = StatementAction.RELEASE,
        *,
        reason: str = "",
        seen: int | None = None,
        by: Actor | None = None,
    ) -> None:
        """A steward's decision on the newest revision, unless another was seen."""
        if seen is None:
            seen = get_statement(statement_id).revision
        with transaction():
            screen_statement(
                by or actor_of(self.steward), self.project_id, statement_id, action,
                seen=seen, reason=reason, site=SITE, now=NOW,
            )  # fmt: skip

    def release(self, text: StatementText = TEXT, *, by: int = 0) -> int:
        """A statement that a steward released; its id."""
        statement_id = self.put(text, by=by)
        self.screen(statement_id)
        return statement_id

    def summarize(self, text: str, *, seen: int = 0) -> None:
        """The maintainers' summary."""
        with transaction():
            write_summary(
                actor_of(self.maintainer), self.project_id, self.number, text, seen=seen,
                shown=find_standing(self.project_id, now=NOW).charter.statements_shown, now=NOW,
            )  # fmt: skip

    def show(self, shown: StatementsShown) -> None:
        """Let the charter in force show so much, without a version of its own."""
        with transaction():
            charter = db.session.scalars(
                select(CharterVersion).where(CharterVersion.project_id == self.project_id)
            ).one()
            charter.statements_shown = shown

    def find(self, by: int) -> Statement | None:
        """The statement of a sponsor."""
        return db.session.scalar(
            select(Statement)
            .join(Proposal, Statement.proposal_id == Proposal.id)
            .where(
                Statement.organization_id == self.scene.organizations[by].id,
                Proposal.number == self.number,
            )
            .execution_options(populate_existing=True)
        )


def make_statements(**charter: Any) -> Consultation:
    """Sponsors, a steward, a maintainer, and a proposal in consultation."""
    scene = make_scene(**charter)
    steward, maintainer = make_person("Steve Steward"), make_person("Mia Maintainer")
    with transaction() as session:
        for person, role in ((steward, ProjectRole.STEWARD), (maintainer, ProjectRole.MAINTAINER)):
            session.add(
                Maintainership(
                    project_id=scene.project.id, person_id=person.id, role=role, since=NOW
                )
            )
    return Consultation(scene, make_consultation(scene), steward, maintainer)


def make_statement(
    project: Project,
    number: int,
    organization: Organization | None,
    author: Person,
    **values: Any,
) -> Statement:
    """A statement that waits for a steward, as a row."""
    proposal = db.session.scalars(
        select(Proposal).where(Proposal.project_id == project.id, Proposal.number == number)
    ).one()
    statement = Statement(
        **(
            {
                "project_id": project.id, "proposal_id": proposal.id,
                "organization_id": organization.id if organization else None,
                "author_id": author.id,
                "state": StatementState.WAITING, "promised": StatementsShown.EVERYTHING,
                "proposal_revision": 1, "created_at": NOW, "submitted_at": NOW,
                "position": TEXT.position, "meaning": TEXT.meaning, "changes": TEXT.changes,
                "conflicts": TEXT.conflicts, "credit": TEXT.credit,
            }
            | values
        )
    )  # fmt: skip
    with transaction() as session:
        session.add(statement)
    return statement


def get_statement(statement_id: int) -> Statement:
    """A statement as it stands."""
    return db.session.get_one(Statement, statement_id, populate_existing=True)


def state_of(statement_id: int) -> StatementState:
    """Where a statement stands."""
    return get_statement(statement_id).state
