"""Whose a pseudonym is in a project: nobody takes another's name, and no name gives one away."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CompoundSelect, func, select, union_all

from portal.database import connection, db, insert_missing
from portal.domain.errors import Refusal
from portal.domain.statements import fold_name
from portal.models.identity import Person
from portal.models.needs import Need
from portal.models.projects import Maintainership, Project
from portal.models.sponsorship import Sponsorship
from portal.models.statements import Pseudonym


def claim_pseudonym(
    project_id: int, name: str, *, organization_id: int | None, person_id: int | None
) -> None:
    """Let an organization, or a person, speak under a pseudonym in a project; again is harmless.

    Refuses another's pseudonym, a name that sponsors, maintainers or the project go by in public,
    and one that stands on a need: the maintainers know whose that is.
    """
    folded = fold_name(name)
    if not folded:
        raise _refusal("statement.pseudonym", "A pseudonym needs letters or digits.")
    if _is_somebodys_name(project_id, name):
        raise _refusal("statement.pseudonym_name", "This is somebody's name here. Choose another.")
    if _stands_on_a_need(project_id, folded):
        raise _TAKEN
    owner = {"organization_id": organization_id, "person_id": person_id}
    connection().execute(
        insert_missing(Pseudonym), {"project_id": project_id, "folded": folded, **owner}
    )
    holder = db.session.execute(
        select(Pseudonym.organization_id, Pseudonym.person_id).where(
            Pseudonym.project_id == project_id, Pseudonym.folded == folded
        )
    ).one()
    if (holder.organization_id, holder.person_id) != (organization_id, person_id):
        raise _TAKEN


def is_claimed(project_id: int, name: str) -> bool:
    """Whether a statement of the project stands, or stood, under a pseudonym."""
    found = select(Pseudonym.id).where(
        Pseudonym.project_id == project_id, Pseudonym.folded == fold_name(name)
    )
    return db.session.scalar(found) is not None


_TAKEN = Refusal(
    "statement.pseudonym_taken",
    "This pseudonym is in use here, on a statement or on a need, where maintainers know whose it"
    " is. Choose another.",
    field="pseudonym",
)


def _refusal(code: str, sentence: str) -> Refusal:
    return Refusal(code, sentence, field="pseudonym")


def _is_somebodys_name(project_id: int, name: str) -> bool:
    """Names that are public in the project; those of private sponsors are not asked."""
    lower = name.lower()
    names: CompoundSelect[*tuple[Any, ...]] = union_all(
        select(Project.name).where(Project.id == project_id, func.lower(Project.name) == lower),
        select(Person.name)
        .join(Maintainership, Maintainership.person_id == Person.id)
        .where(Maintainership.project_id == project_id, func.lower(Person.name) == lower),
        select(Sponsorship.approved_name).where(
            Sponsorship.project_id == project_id,
            ~Sponsorship.is_private,
            func.lower(Sponsorship.approved_name) == lower,
        ),
    ).limit(1)
    return db.session.execute(names).first() is not None


def _stands_on_a_need(project_id: int, folded: str) -> bool:
    names = db.session.scalars(
        select(Need.pseudonym).where(Need.project_id == project_id, Need.pseudonym != "").distinct()
    )
    return any(fold_name(name) == folded for name in names)
