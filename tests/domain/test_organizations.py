"""Organizations: slugs, membership rules, parents, profiles."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.domain.errors import Refusal
from portal.domain.organizations import (
    PROFILE_LENGTHS,
    RESERVED_SLUGS,
    Profile,
    check_members,
    check_parent,
    clean_profile,
    list_roles,
    slugs_for,
)
from portal.domain.permissions import OrganizationRole as Role

NAMES = {1: "Ada", 2: "Grace", 3: "Edsger"}


def _refusal(**held: set[Role]) -> str | None:
    try:
        check_members({int(key[1:]): frozenset(roles) for key, roles in held.items()}, NAMES)
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    ("name", "slugs"),
    [
        ("Acme", ["acme", "acme-2", "acme-3"]),
        ("New", ["new-2", "new-3", "new-4"]),
        ("東京", ["organization-2", "organization-3", "organization-4"]),
    ],
)
def test_slugs_are_made_from_the_name(name: str, slugs: list[str]) -> None:
    assert list(islice(slugs_for(name), 3)) == slugs


@given(st.text(max_size=200))
@example("𝓐cme")
def test_slugs_fit_an_address_and_its_column(name: str) -> None:
    for slug in islice(slugs_for(name), 20):
        assert slug.isascii()
        assert slug == slug.lower().strip("-")
        assert len(slug) <= 60
        assert slug not in RESERVED_SLUGS
        assert all(letter.isalnum() or letter == "-" for letter in slug)


def test_an_organization_always_has_an_owner() -> None:
    assert _refusal(p1={Role.REPRESENTATIVE}, p2={Role.BILLING}) == "organization.last_owner"
    assert _refusal() == "organization.last_owner"
    assert _refusal(p1={Role.OWNER}) is None


@pytest.mark.parametrize("seat", [Role.REPRESENTATIVE, Role.DEPUTY])
def test_there_is_one_representative_and_one_deputy(seat: Role) -> None:
    assert _refusal(p1={Role.OWNER, seat}, p2={seat}) == "organization.seat_taken"
    assert _refusal(p1={Role.OWNER}, p2={seat}) is None


def test_representative_and_deputy_are_two_people() -> None:
    both = {Role.OWNER, Role.REPRESENTATIVE, Role.DEPUTY}
    assert _refusal(p1=both) == "organization.seat_twice"
    assert _refusal(p1={Role.OWNER, Role.REPRESENTATIVE}, p2={Role.DEPUTY}) is None


def test_the_sentence_names_who_holds_the_seat() -> None:
    held = {1: frozenset({Role.OWNER, Role.DEPUTY}), 2: frozenset({Role.DEPUTY})}
    with pytest.raises(Refusal, match="Ada and Grace"):
        check_members(held, NAMES)


@pytest.mark.parametrize(("parent", "chain"), [(1, {}), (2, {2: 1}), (4, {4: 3, 3: 2, 2: 1})])
def test_a_circle_of_parents_is_refused(parent: int, chain: dict[int, int | None]) -> None:
    with pytest.raises(Refusal, match="belong to itself"):
        check_parent(1, parent, chain)


def test_a_parent_above_is_fine_and_an_old_circle_elsewhere_ends() -> None:
    check_parent(1, 2, {2: 3, 3: None})
    check_parent(1, 2, {2: 3, 3: 2})


def test_a_profile_is_cleaned() -> None:
    kept = clean_profile(Profile(" Acme ", address="a\r\nb", country="DE", website="acme.example"))
    assert kept == Profile("Acme", address="a\nb", country="DE", website="https://acme.example")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", ""),
        ("name", "\u202eemcA"),
        ("name", "Ac\u200bme"),
        ("name", "x" * 121),
        ("country", "de"),
        ("country", "D1"),
        ("website", "javascript:alert(1)"),
        ("website", "data:text/html,x"),
        *((key, "x" * (size + 1)) for key, size in PROFILE_LENGTHS.items() if key != "website"),
    ],
)
def test_a_profile_is_refused_at_the_field(key: str, value: str) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_profile(Profile(**({"name": "Acme"} | {key: value})))
    assert refusal.value.field == key


def test_scripts_are_text_like_any_other() -> None:
    assert clean_profile(Profile("<script>alert(1)</script>")).name == "<script>alert(1)</script>"


def test_roles_in_words() -> None:
    assert list_roles(frozenset({Role.DEPUTY, Role.OWNER})) == "owner, deputy"
    assert list_roles(frozenset()) == "no role"
