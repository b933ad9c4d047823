"""E-mail addresses: checked, and made into the one form by which a person is recognized."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

from portal.domain.errors import Refusal
from portal.domain.identity import Address


def read_address(raw: str, *, field: str = "email") -> Address:
    """Check an address and find its canonical form; nothing is looked up in the network.

    Compatibility forms (full-width letters, ligatures) are replaced by what they stand for. The
    canonical form is case-folded, with the domain in its ASCII (IDNA) spelling, so that case and
    Unicode variants of an address are one person. Refuses what cannot be an address.
    """
    try:
        checked = validate_email(
            unicodedata.normalize("NFKC", raw.strip()), check_deliverability=False
        )
    except EmailNotValidError as error:
        raise Refusal(
            "identity.address",
            "This is not an e-mail address. Enter one such as name@example.org.",
            field=field,
        ) from error
    folded = checked.local_part.casefold()
    canonical = f"{unicodedata.normalize('NFKC', folded)}@{checked.ascii_domain}"
    return Address(checked.normalized, canonical)
