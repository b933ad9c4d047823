"""Organizations: what a sponsor is, and the rules its membership never breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from portal.domain.errors import Refusal
from portal.domain.permissions import OrganizationRole
from portal.domain.text import clean_line, clean_lines, clean_web_address, make_slug

LONGEST_SLUG = 50
# Words that stand, or may once stand, where an organization's slug does.
RESERVED_SLUGS = frozenset("all api edit join me new none null operator search stakehold".split())
# Roles that at most one person holds in an organization: they speak for it in votes.
SEATS = (OrganizationRole.REPRESENTATIVE, OrganizationRole.DEPUTY)


class OrganizationKind(StrEnum):
    """A company, or an organization of one for a person who sponsors."""

    COMPANY = "company"
    PERSON = "person"


def slugs_for(name: str) -> Iterator[str]:
    """Slugs to try for a name, best first: ``acme``, ``acme-2``, ``acme-3``; never a reserved word.

    A name without Latin letters or digits becomes ``organization-2`` and so on.
    """
    slug = make_slug(name, max_length=LONGEST_SLUG)
    if slug and slug not in RESERVED_SLUGS:
        yield slug
    number = 2
    while True:
        yield f"{slug or 'organization'}-{number}"
        number += 1


def check_members(
    held: Mapping[int, frozenset[OrganizationRole]], names: Mapping[int, str]
) -> None:
    """Refuse a membership, roles by person, that breaks a rule.

    There is at least one owner (PRODUCT S9), at most one representative and one deputy, and these
    two are not the same person.
    """
    if not any(OrganizationRole.OWNER in roles for roles in held.values()):
        raise Refusal(
            "organization.last_owner",
            "An organization always has at least one owner. Make somebody else an owner first.",
            field="roles",
        )
    for seat in SEATS:
        holders = sorted(names[person] for person, roles in held.items() if seat in roles)
        if len(holders) > 1:
            raise Refusal(
                "organization.seat_taken",
                f"There is one {seat} at a time, and {' and '.join(holders)} would both be it. "
                "Choose to replace the present one, or leave this role out.",
                field="roles",
            )
    if any(set(SEATS) <= roles for roles in held.values()):
        raise Refusal(
            "organization.seat_twice",
            "The deputy votes when the representative cannot, so these are two people.",
            field="roles",
        )


def check_parent(organization_id: int, parent_id: int, ancestors: Mapping[int, int | None]) -> None:
    """Refuse a parent that is the organization itself or belongs to it.

    ``ancestors`` leads from each organization above ``parent_id`` to its own parent.
    """
    above: int | None = parent_id
    seen: set[int] = set()
    while above is not None and above not in seen:
        if above == organization_id:
            raise Refusal(
                "organization.parent_cycle",
                "An organization cannot belong to itself or to one that belongs to it.",
                field="parent",
            )
        seen.add(above)
        above = ancestors.get(above)


def list_roles(roles: frozenset[OrganizationRole]) -> str:
    """Roles in words for the audit list: ``owner, representative``."""
    return ", ".join(role for role in OrganizationRole if role in roles) or "no role"


@dataclass(frozen=True, slots=True)
class Profile:
    """What an organization says about itself; ``country`` is an ISO 3166 code or empty."""

    name: str
    legal_name: str = ""
    address: str = ""
    country: str = ""
    tax_id: str = ""
    website: str = ""
    about: str = ""


PROFILE_LENGTHS = {
    "name": 120,
    "legal_name": 200,
    "address": 500,
    "country": 2,
    "tax_id": 40,
    "website": 300,
    "about": 600,
}
# What the public sees of a sponsor: a maintainer approves it again after each change (PRODUCT S6).
PRESENTED = frozenset({"name", "website", "picture"})
_CLEANERS = {"address": clean_lines, "about": clean_lines, "website": clean_web_address}


def clean_profile(profile: Profile) -> Profile:
    """The profile as it is kept; refuses what cannot be kept, at its field, and an empty name."""
    values = {}
    for key, raw in asdict(profile).items():
        clean = _CLEANERS.get(key, clean_line)
        try:
            values[key] = clean(raw, max_length=PROFILE_LENGTHS[key])
        except Refusal as refusal:
            raise Refusal(refusal.code, refusal.message, field=key) from refusal
    if not values["name"]:
        raise Refusal("organization.name_empty", "Enter the organization’s name.", field="name")
    country = values["country"]
    if country and not (country.isascii() and country.isalpha() and country.isupper()):
        raise Refusal("organization.country", "Choose a country from the list.", field="country")
    return Profile(**values)
