"""Projects: their addresses, currencies and profiles, and who must never be missing."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from portal.domain.errors import Refusal
from portal.domain.permissions import ProjectRole

LONGEST_SLUG = 60
LONGEST_TEXT = 20_000
CURRENCIES = tuple(
    "AED ARS AUD BHD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JOD JPY"
    " KES KRW KWD MAD MXN MYR NGN NOK NZD OMR PEN PHP PLN RON SAR SEK SGD THB TND TRY TWD UAH UGX"
    " USD VND XAF XOF ZAR".split()
)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ProjectProfile:
    """What a project says about itself; the two long texts are Markdown, the links may be empty."""

    name: str
    tagline: str = ""
    description: str = ""
    how_we_work: str = ""
    website: str = ""
    help_url: str = ""
    security_url: str = ""


def check_slug(slug: str) -> str:
    """A project's part of every address; refuses all but lower-case words joined by hyphens."""
    if len(slug) > LONGEST_SLUG or not _SLUG.fullmatch(slug):
        raise Refusal(
            "project.slug",
            "An address has lower-case letters, digits and single hyphens between them, at most"
            f" {LONGEST_SLUG} characters, such as river-tools.",
            field="slug",
        )
    return slug


def check_currency(currency: str) -> str:
    """The currency a project sells in, by its ISO 4217 code."""
    if currency not in CURRENCIES:
        raise Refusal(
            "project.currency",
            f"Choose one of these currencies: {', '.join(CURRENCIES)}.",
            field="currency",
        )
    return currency


def check_leads(roles: Mapping[int, Collection[ProjectRole]]) -> None:
    """Refuse roles, by person, that would leave a project without a lead."""
    if not any(ProjectRole.LEAD in held for held in roles.values()):
        raise Refusal(
            "maintainers.last_lead",
            "A project always has at least one lead. Make somebody else a lead first.",
            field="roles",
        )
