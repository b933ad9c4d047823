"""Who and what appears in the demonstration; every person, company and project is invented."""

from __future__ import annotations

from dataclasses import dataclass

from portal.domain.tiers import Audience, Interval


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
        "operator",
        "Operator",
        "Sam Okoro",
        "Runs this instance: creates projects and sees to its health.",
    ),
)


@dataclass(frozen=True, slots=True)
class TierSeed:
    """A tier of the demonstration's project; the price is in minor units of EUR."""

    name: str
    description: str
    price_minor: int
    interval: Interval
    voting_weight: int
    benefits: tuple[dict[str, object], ...]
    audience: Audience = Audience.ORGANIZATION
    capacity: int | None = None


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


SPONSORS = (
    SponsorSeed("Brackwater Freight", "Partner", 410, "SE", "Routes containers through forty ports; every booking passes through Kelpline."),
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

TIERS = (
    TierSeed(
        "Supporter",
        "For a person who wants Kelpline to last.",
        600,
        Interval.MONTH,
        1,
        ({"kind": "text", "text": "A vote in the supporters' house"},),
        audience=Audience.PERSON,
    ),
    TierSeed(
        "Small team",
        "For teams that run one or two queues and want to be heard.",
        60_000,
        Interval.YEAR,
        1,
        ({"kind": "logo", "size": "small"},),
    ),
    TierSeed(
        "Company",
        "For companies whose daily work passes through Kelpline.",
        240_000,
        Interval.YEAR,
        2,
        ({"kind": "logo", "size": "medium"},),
    ),
    TierSeed(
        "Partner",
        "For companies that build products on Kelpline.",
        600_000,
        Interval.YEAR,
        4,
        ({"kind": "logo", "size": "large"},),
    ),
    TierSeed(
        "Anchor",
        "For the few that would rebuild Kelpline if it vanished. Three places.",
        2_400_000,
        Interval.YEAR,
        12,
        ({"kind": "logo", "size": "large"},),
        capacity=3,
    ),
)
