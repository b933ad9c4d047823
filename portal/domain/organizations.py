"""Organizations: what a sponsor is, and the rules its membership never breaks."""

from __future__ import annotations

from enum import StrEnum


class OrganizationKind(StrEnum):
    """A company, or an organization of one for a person who sponsors."""

    COMPANY = "company"
    PERSON = "person"
