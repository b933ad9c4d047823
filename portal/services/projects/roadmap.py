"""Follow accepted items to shipped, with reports on the way (PRODUCT D2)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.decisions import (
    CREDITED,
    Hands,
    RoadmapAction,
    check_step,
    move_item,
)
from portal.domain.errors import NotFound
from portal.domain.permissions import Actor, Permission, require
from portal.models.decisions import RoadmapItem, RoadmapUpdate
from portal.models.proposals import Proposal
from portal.services.audit import record_change
from portal.services.votes.news import spread_progress


def report_progress(
    actor: Actor,
    project_id: int,
    number: int,
    *,
    action: RoadmapAction,
    text: str = "",
    hands: Hands | None = None,
    shipped_url: str = "",
    now: datetime,
) -> None:
    """Move an item of the roadmap, or note progress where it stands.

    Without ``hands`` the item stays in those it is in. Refuses steps the item is not ready for,
    shipping without an https link, and dropping, pausing or noting without a sentence.
    """
    require(actor, Permission.PROJECT_ROADMAP_EDIT, project_id=project_id)
    item = db.session.scalar(
        select(RoadmapItem)
        .join(Proposal, Proposal.id == RoadmapItem.proposal_id)
        .where(RoadmapItem.project_id == project_id, Proposal.number == number)
        .with_for_update(of=RoadmapItem)
        .execution_options(populate_existing=True)
    )
    if item is None:
        raise NotFound("roadmap item")
    before = item.state
    item.state = move_item(before, action)
    check_step(action, text=text, shipped_url=shipped_url)
    if hands is not None:
        item.owner_role = hands.role
        item.owner = hands.credit if hands.role in CREDITED else ""
    if action is RoadmapAction.SHIP:
        item.shipped_url = shipped_url
    item.changed_at = now
    if text:
        db.session.add(
            RoadmapUpdate(item=item, item_id=item.id, text=text, author=actor.name, at=now)
        )
    spread_progress(item.proposal, action, item.state, text, now=now)
    stands = item.state.value.replace("_", " ")
    record_change(
        f"roadmap:item:{action}",
        f"Roadmap, proposal {number}: {stands}" + (f". {text}" if text else ""),
        actor=actor,
        now=now,
        project_id=project_id,
        details={"proposal": number, "before": before.value, "after": item.state.value},
    )
