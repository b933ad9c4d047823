"""Who is entitled in a vote, with which weight and power, and who is left out and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

from portal.domain.chambers import Chamber, Elector, LeftOut, Member
from portal.domain.charter import Charter, ContributorsVoice, House
from portal.domain.errors import Obstacle
from portal.domain.sponsorship import Commercial, Term, seasoned_at, voting_obstacles
from portal.domain.tiers import Audience
from portal.domain.weights import (
    THOUSANDTHS,
    damp,
    effective_weights,
    merge_related,
)


@dataclass(frozen=True, slots=True)
class SponsorFact:
    """What the electorate needs to know of one sponsorship at the record instant.

    ``raw`` is the tier snapshot's voting weight in units. ``renews`` says that the term goes on
    unless somebody stops it. ``public_name`` is None where the sponsor's name may not be shown.
    """

    organization_id: int
    name: str
    public_name: str | None
    raw: int
    audience: Audience
    commercial: Commercial
    term: Term
    active_since: datetime | None
    renews: bool
    term_ends_at: datetime | None
    grace_ends_at: datetime | None
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class MaintainerFact:
    """A person who maintains the project, as lead or maintainer."""

    person_id: int
    name: str


@dataclass(frozen=True, slots=True)
class ContributorFact:
    """A person whom the maintainers invited for their work; nothing of money is known here.

    ``public_name`` is None where the person stays unnamed.
    """

    person_id: int
    name: str
    public_name: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything an electorate is drawn up from; ``parents`` leads from daughter to parent.

    At most one sponsorship of an organization may be running, as the database ensures.
    """

    sponsors: tuple[SponsorFact, ...]
    maintainers: tuple[MaintainerFact, ...]
    parents: Mapping[int, int]
    contributors: tuple[ContributorFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Electorate:
    """All houses at a record instant, and who is left out of them."""

    charter: Charter
    record_at: datetime
    sponsors: Chamber
    maintainers: Chamber
    supporters: Chamber
    contributors: Chamber
    left_out: tuple[LeftOut, ...] = field(default=())

    @property
    def chambers(self) -> tuple[Chamber, ...]:
        """All houses, sponsors first."""
        return self.sponsors, self.maintainers, self.supporters, self.contributors


def draw_up(facts: Facts, charter: Charter, at: datetime) -> Electorate:
    """Draw up the electorate at an instant (VOTING 2), from facts read at that instant.

    Sponsors of organization tiers form the sponsors' house, those of person tiers the supporters'
    house; related companies are one elector with the largest weight among them. Every maintainer
    weighs one, and so does every contributor where the charter gives them a voice; whoever is both
    counts once, as a maintainer. Damping and cap hold in the two houses of those who pay.
    """
    entitled: dict[House, list[SponsorFact]] = {House.SPONSORS: [], House.SUPPORTERS: []}
    left_out = []
    for fact in facts.sponsors:
        house = house_of(fact)
        obstacle = find_obstacle(fact, charter, at)
        if obstacle is None:
            entitled[house].append(fact)
        else:
            left_out.append(_left_out(fact, house, obstacle, charter))
        if house is House.SUPPORTERS and obstacle is None:
            left_out.append(_left_out(fact, House.SPONSORS, _AS_A_PERSON, charter))
    maintainers, contributors = _people(facts, charter)
    return Electorate(
        charter=charter,
        record_at=at,
        sponsors=_chamber(House.SPONSORS, entitled[House.SPONSORS], facts.parents, charter),
        maintainers=maintainers,
        supporters=_chamber(House.SUPPORTERS, entitled[House.SUPPORTERS], facts.parents, charter),
        contributors=contributors,
        left_out=tuple(left_out),
    )


def house_of(fact: SponsorFact) -> House:
    """The house a sponsorship belongs to: what was bought decides."""
    return House.SUPPORTERS if fact.audience is Audience.PERSON else House.SPONSORS


def find_obstacle(fact: SponsorFact, charter: Charter, at: datetime) -> Obstacle | None:
    """Why a sponsorship carries no vote at an instant; None if it does (PRODUCT S2, S5; VOTING 2).

    The clock decides, not the jobs: a term or a grace that has run out counts as over even where
    no job has said so yet.
    """
    obstacles = voting_obstacles(
        commercial=fact.commercial,
        term=_term_at(fact, charter, at),
        active_since=fact.active_since,
        voting_weight=fact.raw,
        seasoning_days=charter.seasoning_days,
        at=at,
        disputed=fact.disputed,
    )
    return obstacles[0] if obstacles else None


_AS_A_PERSON = Obstacle(
    "voting.person_tier", "Sponsors as a person, and is counted in the house of supporters."
)


def _term_at(fact: SponsorFact, charter: Charter, at: datetime) -> Term:
    """The term's state, with what the clock alone has ended since the jobs last ran."""
    if fact.term is Term.GRACE and fact.grace_ends_at is not None and fact.grace_ends_at <= at:
        return Term.LAPSED
    if fact.term is Term.ACTIVE and fact.term_ends_at is not None:
        grace = timedelta(days=charter.grace_days) if fact.renews else timedelta()
        if fact.term_ends_at + grace <= at:
            return Term.LAPSED if fact.renews else Term.ENDED
    return fact.term


def _left_out(fact: SponsorFact, house: House, obstacle: Obstacle, charter: Charter) -> LeftOut:
    eligible_at = None
    if obstacle.code == "voting.seasoning" and fact.active_since is not None:
        eligible_at = seasoned_at(fact.active_since, charter.seasoning_days)
    return LeftOut(fact.organization_id, fact.name, fact.public_name, house, obstacle, eligible_at)


def _chamber(
    house: House, facts: Iterable[SponsorFact], parents: Mapping[int, int], charter: Charter
) -> Chamber:
    """Merge related companies, then dampen and cap."""
    by_id = {fact.organization_id: fact for fact in facts}
    # Companies between two sponsors link them without being sponsors themselves.
    between = [company for company in parents if company not in by_id]
    listed = [
        (each.organization_id, parents.get(each.organization_id), each.raw)
        for each in by_id.values()
    ]
    listed += [(company, parents[company], 0) for company in between]
    groups = [group for group in merge_related(listed) if group.raw]
    weights = effective_weights(
        [group.raw for group in groups], damping=charter.damping, cap=charter.cap
    )
    total = sum(weights)
    electors = []
    for group, weight in zip(groups, weights, strict=True):
        lead = by_id[group.lead]
        others = [by_id[each] for each in group.members if each in by_id and each != group.lead]
        electors.append(
            Elector(
                name=lead.name,
                public_name=lead.public_name,
                members=tuple(Member(each.organization_id, each.name) for each in (lead, *others)),
                person_id=None,
                raw=group.raw,
                weight=weight,
                share=Fraction(weight, total or 1),
                capped=weight < int(damp(group.raw, charter.damping) * THOUSANDTHS),
            )
        )
    return Chamber(house, tuple(sorted(electors, key=_by_weight)), charter.threshold)


def _by_weight(elector: Elector) -> tuple[int, Fraction, bool, str]:
    """The heaviest first, then the named by name; the unnamed stay as they came, behind them."""
    name = elector.public_name
    return -elector.weight, -elector.raw, name is None, "" if name is None else name.casefold()


def _people(facts: Facts, charter: Charter) -> tuple[Chamber, Chamber]:
    """The maintainers' house and the contributors', as the charter seats contributors."""
    maintainers = [
        ContributorFact(each.person_id, each.name, each.name) for each in facts.maintainers
    ]
    known = {each.person_id for each in maintainers}
    contributors = [each for each in facts.contributors if each.person_id not in known]
    voice = charter.contributors
    among = contributors if voice is ContributorsVoice.MAINTAINERS else []
    apart = contributors if voice is ContributorsVoice.HOUSE else []
    return (
        _headcount(House.MAINTAINERS, [*maintainers, *among], charter),
        _headcount(House.CONTRIBUTORS, apart, charter),
    )


def _headcount(house: House, people: list[ContributorFact], charter: Charter) -> Chamber:
    """A house in which everybody weighs one: the named by name, the unnamed behind them."""
    share = Fraction(1, len(people) or 1)
    electors = (
        Elector(
            each.name,
            each.public_name,
            (),
            each.person_id,
            Fraction(1),
            THOUSANDTHS,
            share,
            capped=False,
        )
        for each in people
    )
    return Chamber(house, tuple(sorted(electors, key=_by_weight)), charter.threshold)


def shuffle_unnamed(
    electorate: Electorate, shuffle: Callable[[Sequence[Elector]], Sequence[Elector]]
) -> Electorate:
    """The same electorate with those of one weight who stay unnamed in another order.

    A vote publishes the place of each elector: nobody shall find one by it, nor find them again
    from one vote to the next.
    """
    return replace(
        electorate,
        sponsors=_shuffled(electorate.sponsors, shuffle),
        maintainers=_shuffled(electorate.maintainers, shuffle),
        supporters=_shuffled(electorate.supporters, shuffle),
        contributors=_shuffled(electorate.contributors, shuffle),
    )


def _shuffled(
    chamber: Chamber, shuffle: Callable[[Sequence[Elector]], Sequence[Elector]]
) -> Chamber:
    named = [each for each in chamber.electors if each.public_name is not None]
    unnamed = [each for each in chamber.electors if each.public_name is None]
    electors = sorted((*named, *shuffle(unnamed)), key=_by_weight)
    return replace(chamber, electors=tuple(electors))


def share_of(electorate: Electorate, organization_id: int) -> Fraction:
    """An organization's share of the weight of its house, with its related companies; 0 if none."""
    for chamber in (electorate.sponsors, electorate.supporters):
        elector = chamber.find(organization_id)
        if elector is not None:
            return elector.share
    return Fraction(0)
