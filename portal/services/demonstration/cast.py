"""Who and what appears in the demonstration; every person, company and project is invented."""

from __future__ import annotations

from dataclasses import dataclass

from portal.domain.money import Money
from portal.domain.permissions import ProjectRole
from portal.domain.tiers import (
    Audience,
    Benefit,
    EarlyAccess,
    Interval,
    Logo,
    LogoSize,
    Mention,
    NamedContact,
    Support,
    TextLine,
    TierTerms,
)


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody a newcomer can sign in as with one click."""

    key: str
    title: str
    name: str
    purpose: str

    @property
    def email(self) -> str:
        """The fixed address under which the persona is found."""
        return f"{self.key}@personas.example"


PERSONAS = (
    Persona(
        "owner",
        "Company owner",
        "Marta Lindqvist",
        "Runs Brackwater Freight, a sponsor, and Brackwater Labs, which has no stake yet: buy one.",
    ),
    Persona(
        "representative",
        "Representative",
        "Jonas Abara",
        "Casts Brackwater Freight's one ballot in the open vote.",
    ),
    Persona(
        "billing",
        "Billing contact",
        "Ilse Romano",
        "Sees Brackwater Freight's payments, receipts and the next charge.",
    ),
    Persona(
        "maintainer",
        "Maintainer",
        "Noor Castellan",
        "Leads Kelpline: charter, tiers, sponsors to review, proposals, votes, decisions.",
    ),
    Persona(
        "contributor",
        "Contributor",
        "Yuki Brandvold",
        "Invited by Kelpline for work, not for money: a ballot, needs, and no name in public.",
    ),
    Persona(
        "steward",
        "Steward",
        "Teo Marchetti",
        "Screens what others write before anybody sees it, and reads conduct reports.",
    ),
    Persona(
        "operator",
        "Operator",
        "Sam Okoro",
        "Runs this instance: creates projects and sees to its health.",
    ),
)

MAINTAINERS = (
    ("Teo Marchetti", (ProjectRole.MAINTAINER, ProjectRole.STEWARD)),
    ("Wren Halloran", (ProjectRole.MAINTAINER,)),
    ("Priya Natarajan", (ProjectRole.TREASURER,)),
)


@dataclass(frozen=True, slots=True)
class SponsorSeed:
    """A sponsor: its name, tier, how many days ago it began, and what became of it."""

    name: str
    tier: str
    days_ago: int
    country: str
    about: str
    ending: str = ""
    parent: str = ""


# A company that the owner has founded and that has no stake yet.
UNSTAKED = SponsorSeed("Brackwater Labs", "", 20, "SE", "Tries out new routes before Freight does.")

# Companies that buy by invoice and have not paid: overdue, and open.
INVOICED = (
    SponsorSeed("Tidewrack Analytics", "Company", 39, "NL", "Counts what the sea brings in."),
    SponsorSeed("Petrel Optics", "Small team", 6, "PL", "Grinds lenses for small telescopes."),
)

SPONSORS = (
    SponsorSeed("Brackwater Freight", "Partner", 350, "SE", "Routes containers through forty ports; every booking passes through Kelpline."),
    SponsorSeed("Ostrava Instruments", "Anchor", 380, "CZ", "Builds laboratory scales that report their readings as events."),
    SponsorSeed("Pinemoss Health", "Partner", 300, "FI", "Appointment and laboratory software for rural clinics."),
    SponsorSeed("Quillon Payments", "Partner", 255, "IE", "Settles payments for cooperative shops."),
    SponsorSeed("Tessera Maps", "Company", 350, "PT", "Keeps walking maps up to date from many small edits."),
    SponsorSeed("Copperline Rail", "Company", 290, "AT", "Signal diagnostics for narrow-gauge railways."),
    SponsorSeed("Halden Broadcast", "Company", 205, "NO", "Subtitles live radio for people who read it."),
    SponsorSeed("Verdant Grid", "Company", 150, "NL", "Balances neighborhood batteries minute by minute."),
    SponsorSeed("Loomfield Textiles", "Small team", 330, "BE", "Weaving plans for small mills."),
    SponsorSeed("Saltbox Studio", "Small team", 240, "CA", "A design studio with one persistent queue."),
    SponsorSeed("Nimbus Bakery Supply", "Small team", 190, "FR", "Flour, yeast and delivery slots for bakeries."),
    SponsorSeed("Arkwright Robotics", "Small team", 120, "GB", "Teaches old sewing machines new stitches."),
    SponsorSeed("Brackwater Ports", "Small team", 210, "SE", "Berth planning; belongs to Brackwater Freight.", parent="Brackwater Freight"),
    SponsorSeed("Fennel & Rye", "Small team", 9, "DK", "Meal planning for canteens; joined last week.", ending="in review"),
    SponsorSeed("Meridian Vault", "Company", 170, "CH", "Asked to stay unnamed.", ending="private"),
    SponsorSeed("Ashgrove Media", "Small team", 380, "US", "Missed its renewal; in grace for a few days more.", ending="grace"),
    SponsorSeed("Larkspur Telecom", "Company", 640, "ES", "Sponsored for a year.", ending="ended"),
)  # fmt: skip


def _tier(
    name: str,
    description: str,
    euros: int,
    weight: int,
    benefits: tuple[Benefit, ...],
    *,
    interval: Interval = Interval.YEAR,
    audience: Audience = Audience.ORGANIZATION,
    capacity: int | None = None,
) -> TierTerms:
    return TierTerms(
        name=name,
        description=description,
        price=Money(euros * 100, "EUR"),
        interval=interval,
        voting_weight=weight,
        audience=audience,
        capacity=capacity,
        benefits=benefits,
    )


TIERS = (
    _tier(
        "Supporter",
        "For a person who wants Kelpline to last.",
        6,
        1,
        (TextLine("A ballot in the supporters' house, where the charter opens it"),),
        interval=Interval.MONTH,
        audience=Audience.PERSON,
    ),
    _tier(
        "Small team",
        "For teams that run one or two queues and want to be heard.",
        600,
        1,
        (Logo(LogoSize.SMALL),),
    ),
    _tier(
        "Company",
        "For companies whose daily work passes through Kelpline.",
        2_400,
        2,
        (Logo(LogoSize.MEDIUM), Mention()),
    ),
    _tier(
        "Partner",
        "For companies that build products on Kelpline.",
        6_000,
        4,
        (Logo(LogoSize.LARGE), Mention(), EarlyAccess(14), Support(4, 5)),
    ),
    _tier(
        "Anchor",
        "For the few that would rebuild Kelpline if it vanished. Three places.",
        24_000,
        12,
        (Logo(LogoSize.LEAD), Mention(), EarlyAccess(30), Support(12, 2), NamedContact()),
        capacity=3,
    ),
)
