"""Rights: one table, deny by default; strangers learn nothing, members the reason."""

from __future__ import annotations

import re

import pytest

from portal.domain.errors import Forbidden, NotFound
from portal.domain.permissions import (
    CONTRIBUTOR_POLICY,
    ORGANIZATION_POLICY,
    PROJECT_POLICY,
    SYSTEM,
    VISITOR,
    Actor,
    OrganizationRole,
    Permission,
    ProjectRole,
    may,
    require,
)

STRANGER = Actor(person_id=1, name="Stranger")


def scope(permission: Permission) -> str:
    return permission.split(":")[0]


def test_every_permission_is_covered_by_the_policy_exactly_once() -> None:
    for permission in Permission:
        assert (permission in ORGANIZATION_POLICY) == (scope(permission) == "organization")
        assert (permission in PROJECT_POLICY) == (scope(permission) == "project")
        assert (permission in CONTRIBUTOR_POLICY) == (scope(permission) == "contributor")
        scopes = {"portal", "person", "organization", "project", "contributor"}
        assert scope(permission) in scopes


def test_every_permission_can_be_held_by_somebody() -> None:
    assert all(ORGANIZATION_POLICY.values())
    assert all(PROJECT_POLICY.values())


@pytest.mark.parametrize("permission", Permission)
def test_a_permission_is_named_scope_subject_action(permission: Permission) -> None:
    assert re.fullmatch(r"[a-z]+:[a-z_]+:[a-z_]+", permission)
    assert permission.name == permission.value.replace(":", "_").upper()


@pytest.mark.parametrize("permission", Permission)
def test_a_visitor_may_nothing(permission: Permission) -> None:
    assert not may(VISITOR, permission, organization_id=1, project_id=1)
    assert may(SYSTEM, permission, organization_id=1, project_id=1)


@pytest.mark.parametrize("permission", Permission)
def test_a_stranger_has_only_what_any_signed_in_person_has(permission: Permission) -> None:
    held = may(STRANGER, permission, organization_id=1, project_id=1)
    assert held == (scope(permission) == "person")
    assert not may(
        Actor(person_id=1, is_operator=True), permission, organization_id=1, project_id=1
    ) or scope(permission) in {"person", "portal"}


@pytest.mark.parametrize("permission", ORGANIZATION_POLICY)
@pytest.mark.parametrize("role", OrganizationRole)
def test_an_organizations_roles_hold_there_and_nowhere_else(
    permission: Permission, role: OrganizationRole
) -> None:
    actor = Actor(person_id=1, organizations={7: frozenset({role})})
    assert may(actor, permission, organization_id=7) == (role in ORGANIZATION_POLICY[permission])
    assert not may(actor, permission, organization_id=8)
    assert not may(actor, permission)


@pytest.mark.parametrize("permission", PROJECT_POLICY)
@pytest.mark.parametrize("role", ProjectRole)
def test_a_projects_roles_hold_there_and_nowhere_else(
    permission: Permission, role: ProjectRole
) -> None:
    actor = Actor(person_id=1, projects={7: frozenset({role})})
    assert may(actor, permission, project_id=7) == (role in PROJECT_POLICY[permission])
    assert not may(actor, permission, project_id=8)
    assert not may(actor, permission)


@pytest.mark.parametrize("permission", Permission)
def test_a_contributor_has_the_rights_of_contributors_in_that_project_alone(
    permission: Permission,
) -> None:
    actor = Actor(person_id=1, contributions=frozenset({7}))
    held = permission in CONTRIBUTOR_POLICY or scope(permission) == "person"
    assert may(actor, permission, project_id=7) == held
    assert may(actor, permission, project_id=8) == (scope(permission) == "person")


def test_a_stranger_is_told_there_is_nothing_and_a_member_which_right_is_missing() -> None:
    steward = Actor(person_id=1, projects={7: frozenset({ProjectRole.STEWARD})})
    with pytest.raises(NotFound):
        require(STRANGER, Permission.PROJECT_CHARTER_EDIT, project_id=7)
    with pytest.raises(Forbidden) as refusal:
        require(steward, Permission.PROJECT_CHARTER_EDIT, project_id=7)
    assert refusal.value.code == "forbidden.project.charter.edit"
    viewer = Actor(person_id=1, organizations={7: frozenset({OrganizationRole.VIEWER})})
    with pytest.raises(Forbidden):
        require(viewer, Permission.ORGANIZATION_BALLOT_CAST, organization_id=7)
    with pytest.raises(NotFound):
        require(STRANGER, Permission.PORTAL_PROJECT_CREATE)
    require(STRANGER, Permission.PERSON_ACCOUNT_EDIT)
