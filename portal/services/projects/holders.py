"""Who holds a right in a project: the people whom its mails are for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, select

from portal.database import db
from portal.domain.permissions import PROJECT_POLICY, Permission
from portal.models.identity import Person
from portal.models.projects import Maintainership


def find_holders(project_id: int, permission: Permission) -> Sequence[Row[int, str]]:
    """Id and address of those who hold a right in a project, each once."""
    return db.session.execute(
        select(Person.id, Person.email)
        .join(Maintainership, Maintainership.person_id == Person.id)
        .where(
            Maintainership.project_id == project_id,
            Maintainership.role.in_(PROJECT_POLICY[permission]),
        )
        .distinct()
        .order_by(Person.id)
    ).all()
