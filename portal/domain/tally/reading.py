"""Reading a raw ballot: the checks that every method's validator shares, and their reason codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.domain.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

MALFORMED = "ballot.malformed"
MISSING_FIELD = "ballot.missing_field"
EXTRA_FIELD = "ballot.extra_field"
UNKNOWN_OPTION = "ballot.unknown_option"
DOUBLED_OPTION = "ballot.doubled_option"
OUT_OF_RANGE = "ballot.out_of_range"


def read_fields(raw: object, *names: str) -> dict[str, Any]:
    """Take a ballot that is an object with at most these fields; refuse anything else."""
    if not isinstance(raw, dict):
        raise Refusal(MALFORMED, "A ballot is an object with named fields.")
    if not raw.keys() <= set(names):
        raise Refusal(EXTRA_FIELD, "This ballot has a field that its method does not know.")
    return raw


def read_field(raw: object, name: str) -> object:
    """Take the only field of a ballot; refuse a ballot without it or with others."""
    fields = read_fields(raw, name)
    if name not in fields:
        raise Refusal(MISSING_FIELD, "This ballot says nothing.", field=name)
    return fields[name]


def read_options(raw: object, options: Sequence[str], field: str) -> frozenset[str]:
    """Take a list of options on offer, each at most once."""
    if not isinstance(raw, list | tuple):
        raise Refusal(MALFORMED, "The options of this ballot are not a list.", field=field)
    _check_options(raw, options, field)
    if len(set(raw)) < len(raw):
        raise Refusal(DOUBLED_OPTION, "This ballot names an option twice.", field=field)
    return frozenset(raw)


def read_numbers(
    raw: object, options: Sequence[str], field: str, *, least: int, most: int, beyond: str = ""
) -> dict[str, int]:
    """Take a whole number from least to most for some of the options, in the order on offer.

    ``beyond`` is what to say of another number where the bounds alone explain nothing.
    """
    if not isinstance(raw, dict):
        raise Refusal(MALFORMED, "This ballot does not give numbers to options.", field=field)
    _check_options(raw, options, field)
    for number in raw.values():
        if type(number) is not int:
            raise Refusal(MALFORMED, "This ballot takes whole numbers only.", field=field)
        if not least <= number <= most:
            said = beyond or f"A number on this ballot is not from {least} to {most}."
            raise Refusal(OUT_OF_RANGE, said, field=field)
    return {option: raw[option] for option in options if option in raw}


def _check_options(
    raw: list[Any] | tuple[Any, ...] | dict[Any, Any], options: Sequence[str], field: str
) -> None:
    if not all(isinstance(option, str) for option in raw):
        raise Refusal(MALFORMED, "The options of this ballot are not names.", field=field)
    if not set(raw) <= set(options):
        raise Refusal(
            UNKNOWN_OPTION, "This ballot names an option that is not on offer.", field=field
        )
