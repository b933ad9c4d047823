"""What a sponsor who comes, or moves to another tier, would weigh and decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache

from portal.domain.chambers import Power
from portal.domain.charter import Charter
from portal.domain.electorate import Facts, SponsorFact
from portal.domain.power import (
    BANZHAF_ELECTORS,
    banzhaf,
    majority_quota,
    warnings,
)
from portal.domain.sponsorship import Commercial, Term
from portal.domain.tiers import Audience
from portal.domain.weights import (
    class_weights,
)


def with_sponsor(
    facts: Facts,
    organization_id: int,
    *,
    raw: int,
    audience: Audience,
    at: datetime,
    name: str = "",
) -> Facts:
    """The same facts with one organization sponsoring at a given weight, paid and long seasoned.

    What it sponsors today is replaced: so a purchase, an upgrade or a downgrade can be tried.
    """
    hypothetical = SponsorFact(
        organization_id=organization_id,
        name=name,
        public_name=name,
        raw=raw,
        audience=audience,
        commercial=Commercial.PAID,
        term=Term.ACTIVE,
        active_since=at - timedelta(days=100_000),
        renews=True,
        term_ends_at=None,
        grace_ends_at=None,
    )
    others = tuple(fact for fact in facts.sponsors if fact.organization_id != organization_id)
    return replace(facts, sponsors=(*others, hypothetical))


def newcomers_share(classes: Mapping[Fraction, int], charter: Charter, weight: int) -> Fraction:
    """The share of its house that one new elector of a raw weight would hold.

    ``classes`` tells how many electors of the house have each raw weight today.
    """
    then = Counter(classes)
    then[Fraction(weight)] += 1
    weights = class_weights(then, damping=charter.damping, cap=charter.cap)
    total = sum(weights[raw] * electors for raw, electors in then.items())
    return Fraction(weights[Fraction(weight)], total or 1)


def newcomers_power(classes: Mapping[Fraction, int], charter: Charter, weight: int) -> Power | None:
    """The power that one new elector of a raw weight would have; None if there are too many.

    Arguments as in ``newcomers_share``.
    """
    then = Counter(classes)
    then[Fraction(weight)] += 1
    if then.total() > BANZHAF_ELECTORS:
        return None
    by_class = class_weights(then, damping=charter.damping, cap=charter.cap)
    sizes = tuple((by_class[raw], electors) for raw, electors in then.items())
    return _power_of(by_class[Fraction(weight)], sizes, charter.threshold)


@lru_cache(maxsize=128)
def _power_of(weight: int, sizes: tuple[tuple[int, int], ...], threshold: Fraction | None) -> Power:
    """The power of an elector of this weight among so many electors of each weight."""
    weights = [each for each, electors in sizes for _elector in range(electors)]
    place = weights.index(weight)
    quota = majority_quota(weights, threshold)
    return Power(banzhaf(weights, quota)[place], warnings(weights, quota)[place])
