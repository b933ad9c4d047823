"""Count once an hour who has voted, so that pages show turnout but never when somebody voted."""

from __future__ import annotations

from datetime import datetime
from math import ceil

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update

from portal.database import db
from portal.domain.charter import PrivacyMode
from portal.domain.rules import read_terms
from portal.domain.votes import VoteState, full_hour
from portal.models.votes import Ballot, Elector, HouseTurnout, Vote


def find_uncounted(*, now: datetime) -> list[int]:
    """Ids of open votes whose turnout was not counted up to the last full hour."""
    return list(
        db.session.scalars(
            select(Vote.id)
            .outerjoin(HouseTurnout, HouseTurnout.vote_id == Vote.id)
            .where(
                Vote.state == VoteState.OPEN,
                or_(HouseTurnout.id.is_(None), HouseTurnout.counted_to < full_hour(now)),
            )
            .distinct()
            .order_by(Vote.id)
        )
    )


def count_turnout(vote_id: int, *, now: datetime) -> None:
    """Count, house by house, who had voted by the last full hour; voided electors have not.

    From the close on everybody who has voted is counted: there is no hour left to tell.
    In secret votes no elector is marked and no weight is kept: both could tell who it was.
    """
    vote = db.session.get_one(Vote, vote_id)
    hour = full_hour(now) if now < vote.closes_at else vote.closes_at
    terms = read_terms(vote.terms)
    secret = terms.privacy is PrivacyMode.SECRET_AGGREGATE
    if not secret:
        _mark_present(vote_id, hour)
    voted = _voted(vote_id, hour)
    rows = db.session.execute(
        select(
            Elector.house,
            func.count().label("electors"),
            func.sum(Elector.weight).label("weight"),
            func.sum(case((voted, 1), else_=0)).label("present"),
            func.sum(case((voted, Elector.weight), else_=0)).label("present_weight"),
            func.min(Elector.id).label("first"),
        )
        .where(Elector.vote_id == vote_id)
        .group_by(Elector.house)
        .order_by("first")
    ).all()
    known = {
        each.house: each
        for each in db.session.scalars(select(HouseTurnout).where(HouseTurnout.vote_id == vote_id))
    }
    for row in rows:
        turnout = known.get(row.house) or HouseTurnout(vote=vote, vote_id=vote_id, house=row.house)
        turnout.electors, turnout.weight = row.electors, row.weight
        turnout.needed = ceil(terms.quorum_electors * row.electors)
        turnout.needed_weight = ceil(terms.quorum_weight * int(row.weight))
        turnout.present = row.present
        turnout.present_weight = None if secret else row.present_weight
        turnout.counted_to = hour
        db.session.add(turnout)


def _mark_present(vote_id: int, hour: datetime) -> None:
    """Mark who has voted; of those marked before, only a voided ballot takes the mark away."""
    for present, voted in ((True, _voted(vote_id, hour)), (False, Elector.voided_at.is_not(None))):
        db.session.execute(
            update(Elector)
            .where(Elector.vote_id == vote_id, Elector.present.is_not(present), voted)
            .values(present=present)
            .execution_options(synchronize_session=False)
        )


def _voted(vote_id: int, hour: datetime) -> ColumnElement[bool]:
    """Whether an elector had cast a ballot before an hour; to replace it does not undo that."""
    cast = select(Ballot.elector_id).where(Ballot.vote_id == vote_id, Ballot.cast_at < hour)
    return and_(Elector.voided_at.is_(None), Elector.id.in_(cast))
