"""A project's public accounts, in three statements whatever the number of entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.public_accounts import Accounts, MonthSum, add_up
from portal.models.figures import LedgerMonth
from portal.models.tiers import Tier, TierVersion
from portal.queries.projects.public_project import ProjectFrame, get_project_frame


@dataclass(frozen=True, slots=True)
class TierName:
    """A tier as its newest version is called."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """The project, its accounts in each currency, and the names of its tiers by their ids."""

    project: ProjectFrame
    accounts: tuple[Accounts, ...]
    tiers: Mapping[int, TierName]


def get_accounts_page(slug: str, *, now: datetime) -> AccountsPage:
    """The accounts of a project up to this month; NotFound for an unknown project.

    The sums were made when their entries were posted, so their number follows the months.
    """
    project = get_project_frame(slug)
    sums = db.session.execute(
        select(
            LedgerMonth.currency,
            LedgerMonth.month,
            LedgerMonth.account,
            LedgerMonth.cause,
            LedgerMonth.tier_id,
            LedgerMonth.amount_minor,
        ).where(LedgerMonth.project_id == project.id)
    )
    names = db.session.execute(
        select(Tier.id, Tier.slug, TierVersion.name)
        .join(TierVersion, TierVersion.tier_id == Tier.id)
        .where(Tier.project_id == project.id)
        .order_by(Tier.position, Tier.id, TierVersion.number)
    )
    return AccountsPage(
        project,
        add_up((MonthSum(*row) for row in sums), until=f"{now.astimezone(UTC):%Y-%m}"),
        {row.id: TierName(row.slug, row.name) for row in names},
    )
