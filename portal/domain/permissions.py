"""Who may do what: one enumeration, one table, deny by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from portal.domain.errors import Forbidden, NotFound


class OrganizationRole(StrEnum):
    """What a person does in an organization; a person may hold several."""

    OWNER = "owner"
    BILLING = "billing"
    REPRESENTATIVE = "representative"
    DEPUTY = "deputy"
    EDITOR = "editor"
    VIEWER = "viewer"


class ProjectRole(StrEnum):
    """What a person does in a project; a person may hold several."""

    LEAD = "lead"
    MAINTAINER = "maintainer"
    STEWARD = "steward"
    TREASURER = "treasurer"


class Permission(StrEnum):
    """Every right there is, named ``scope:subject:action``.

    The scope says where it is held: in the portal, by any signed-in person, in an organization,
    in a project, or by a project's contributors.
    """

    PORTAL_PROJECT_CREATE = "portal:project:create"
    PORTAL_HEALTH_READ = "portal:health:read"
    PORTAL_PAYMENTS_COMPARE = "portal:payments:compare"
    PERSON_ACCOUNT_EDIT = "person:account:edit"
    PERSON_DESK_READ = "person:desk:read"
    PERSON_ORGANIZATION_FOUND = "person:organization:found"
    PERSON_INVITATION_ACCEPT = "person:invitation:accept"
    PERSON_SPONSORSHIP_START = "person:sponsorship:start"
    PERSON_CONDUCT_REPORT = "person:conduct:report"

    ORGANIZATION_DESK_READ = "organization:desk:read"
    ORGANIZATION_PROFILE_EDIT = "organization:profile:edit"
    ORGANIZATION_MEMBERS_EDIT = "organization:members:edit"
    ORGANIZATION_AUDIT_READ = "organization:audit:read"
    ORGANIZATION_SPONSORSHIP_BUY = "organization:sponsorship:buy"
    ORGANIZATION_SPONSORSHIP_CANCEL = "organization:sponsorship:cancel"
    ORGANIZATION_PAYMENTS_READ = "organization:payments:read"
    ORGANIZATION_BILLING_EDIT = "organization:billing:edit"
    ORGANIZATION_BALLOT_CAST = "organization:ballot:cast"
    ORGANIZATION_NEED_READ = "organization:need:read"
    ORGANIZATION_NEED_WRITE = "organization:need:write"
    ORGANIZATION_STATEMENT_READ = "organization:statement:read"
    ORGANIZATION_STATEMENT_WRITE = "organization:statement:write"
    ORGANIZATION_SUPPORT_ASK = "organization:support:ask"

    PROJECT_DESK_READ = "project:desk:read"
    PROJECT_PROFILE_EDIT = "project:profile:edit"
    PROJECT_MAINTAINERS_EDIT = "project:maintainers:edit"
    PROJECT_CHARTER_EDIT = "project:charter:edit"
    PROJECT_TIERS_EDIT = "project:tiers:edit"
    PROJECT_SPONSORS_READ = "project:sponsors:read"
    PROJECT_BILLING_EDIT = "project:billing:edit"
    PROJECT_PAYMENTS_RECORD = "project:payments:record"
    PROJECT_REFUND_GIVE = "project:refund:give"
    PROJECT_PUBLICATION_REVIEW = "project:publication:review"
    PROJECT_PROPOSAL_EDIT = "project:proposal:edit"
    PROJECT_VOTE_OPEN = "project:vote:open"
    PROJECT_BALLOT_CAST = "project:ballot:cast"
    PROJECT_DECISION_EDIT = "project:decision:edit"
    PROJECT_ROADMAP_EDIT = "project:roadmap:edit"
    PROJECT_AUDIT_READ = "project:audit:read"
    PROJECT_LEDGER_READ = "project:ledger:read"
    PROJECT_NEED_READ = "project:need:read"
    PROJECT_NEED_ANSWER = "project:need:answer"
    PROJECT_SCREENING_DECIDE = "project:screening:decide"
    PROJECT_BLOCK_EDIT = "project:block:edit"
    PROJECT_STATEMENT_READ = "project:statement:read"
    PROJECT_STATEMENT_WRITE = "project:statement:write"
    PROJECT_SUMMARY_EDIT = "project:summary:edit"
    PROJECT_SUPPORT_READ = "project:support:read"
    PROJECT_SUPPORT_ANSWER = "project:support:answer"
    PROJECT_CONTRIBUTORS_EDIT = "project:contributors:edit"
    PROJECT_CONDUCT_HANDLE = "project:conduct:handle"

    CONTRIBUTOR_DESK_READ = "contributor:desk:read"
    CONTRIBUTOR_NAME_EDIT = "contributor:name:edit"
    CONTRIBUTOR_PART_END = "contributor:part:end"
    CONTRIBUTOR_BALLOT_CAST = "contributor:ballot:cast"
    CONTRIBUTOR_NEED_WRITE = "contributor:need:write"
    CONTRIBUTOR_STATEMENT_WRITE = "contributor:statement:write"


_O = OrganizationRole
_P = ProjectRole

# The whole policy. A role that is not named here may not.
ORGANIZATION_POLICY: Mapping[Permission, frozenset[OrganizationRole]] = {
    Permission.ORGANIZATION_DESK_READ: frozenset(_O),
    Permission.ORGANIZATION_PROFILE_EDIT: frozenset({_O.OWNER, _O.EDITOR}),
    Permission.ORGANIZATION_MEMBERS_EDIT: frozenset({_O.OWNER}),
    Permission.ORGANIZATION_AUDIT_READ: frozenset({_O.OWNER}),
    Permission.ORGANIZATION_SPONSORSHIP_BUY: frozenset({_O.OWNER, _O.BILLING}),
    Permission.ORGANIZATION_SPONSORSHIP_CANCEL: frozenset({_O.OWNER, _O.BILLING}),
    Permission.ORGANIZATION_PAYMENTS_READ: frozenset({_O.OWNER, _O.BILLING}),
    Permission.ORGANIZATION_BILLING_EDIT: frozenset({_O.OWNER, _O.BILLING}),
    Permission.ORGANIZATION_BALLOT_CAST: frozenset({_O.REPRESENTATIVE, _O.DEPUTY}),
    Permission.ORGANIZATION_NEED_READ: frozenset({_O.OWNER, _O.REPRESENTATIVE, _O.DEPUTY}),
    Permission.ORGANIZATION_NEED_WRITE: frozenset({_O.REPRESENTATIVE, _O.DEPUTY}),
    Permission.ORGANIZATION_STATEMENT_READ: frozenset({_O.OWNER, _O.REPRESENTATIVE, _O.DEPUTY}),
    Permission.ORGANIZATION_STATEMENT_WRITE: frozenset({_O.REPRESENTATIVE, _O.DEPUTY}),
    Permission.ORGANIZATION_SUPPORT_ASK: frozenset(
        {_O.OWNER, _O.REPRESENTATIVE, _O.DEPUTY, _O.EDITOR}
    ),
}
PROJECT_POLICY: Mapping[Permission, frozenset[ProjectRole]] = {
    Permission.PROJECT_DESK_READ: frozenset(_P),
    Permission.PROJECT_PROFILE_EDIT: frozenset({_P.LEAD}),
    Permission.PROJECT_MAINTAINERS_EDIT: frozenset({_P.LEAD}),
    Permission.PROJECT_CHARTER_EDIT: frozenset({_P.LEAD}),
    Permission.PROJECT_TIERS_EDIT: frozenset({_P.LEAD, _P.TREASURER}),
    Permission.PROJECT_SPONSORS_READ: frozenset({_P.LEAD, _P.MAINTAINER, _P.TREASURER}),
    Permission.PROJECT_BILLING_EDIT: frozenset({_P.LEAD, _P.TREASURER}),
    Permission.PROJECT_PAYMENTS_RECORD: frozenset({_P.LEAD, _P.TREASURER}),
    Permission.PROJECT_REFUND_GIVE: frozenset({_P.LEAD, _P.TREASURER}),
    Permission.PROJECT_PUBLICATION_REVIEW: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_PROPOSAL_EDIT: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_VOTE_OPEN: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_BALLOT_CAST: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_DECISION_EDIT: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_ROADMAP_EDIT: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_AUDIT_READ: frozenset({_P.LEAD, _P.MAINTAINER, _P.TREASURER}),
    Permission.PROJECT_LEDGER_READ: frozenset({_P.LEAD, _P.TREASURER}),
    Permission.PROJECT_NEED_READ: frozenset({_P.LEAD, _P.MAINTAINER, _P.STEWARD}),
    Permission.PROJECT_NEED_ANSWER: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_SCREENING_DECIDE: frozenset({_P.LEAD, _P.STEWARD}),
    # A silent power, hence in few hands: not even a lead's, unless they are a steward too.
    Permission.PROJECT_BLOCK_EDIT: frozenset({_P.STEWARD}),
    Permission.PROJECT_STATEMENT_READ: frozenset({_P.LEAD, _P.MAINTAINER, _P.STEWARD}),
    Permission.PROJECT_STATEMENT_WRITE: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_SUMMARY_EDIT: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_SUPPORT_READ: frozenset({_P.LEAD, _P.MAINTAINER, _P.STEWARD}),
    Permission.PROJECT_SUPPORT_ANSWER: frozenset({_P.LEAD, _P.MAINTAINER}),
    Permission.PROJECT_CONTRIBUTORS_EDIT: frozenset({_P.LEAD, _P.MAINTAINER}),
    # Beside the role, domain/conduct asks who a report is about: nobody handles their own.
    Permission.PROJECT_CONDUCT_HANDLE: frozenset({_P.STEWARD}),
}
# Contributors are all alike; what they may, every one of them may, in their project alone.
CONTRIBUTOR_POLICY = frozenset(
    {
        Permission.CONTRIBUTOR_DESK_READ,
        Permission.CONTRIBUTOR_NAME_EDIT,
        Permission.CONTRIBUTOR_PART_END,
        Permission.CONTRIBUTOR_BALLOT_CAST,
        Permission.CONTRIBUTOR_NEED_WRITE,
        Permission.CONTRIBUTOR_STATEMENT_WRITE,
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks: a visitor (no person id), a person with roles, or the portal itself.

    Roles are keyed by organization id and project id; ``contributions`` are the projects in which
    the person is a contributor. ``SYSTEM`` acts for jobs and processors.
    """

    person_id: int | None = None
    name: str = ""
    is_operator: bool = False
    is_system: bool = False
    organizations: Mapping[int, frozenset[OrganizationRole]] = field(default_factory=dict)
    projects: Mapping[int, frozenset[ProjectRole]] = field(default_factory=dict)
    contributions: frozenset[int] = frozenset()


VISITOR = Actor()
SYSTEM = Actor(name="Stakehold", is_system=True)


def may(
    actor: Actor,
    permission: Permission,
    *,
    organization_id: int | None = None,
    project_id: int | None = None,
) -> bool:
    """Whether the actor holds the permission, in the organization or project it is scoped to."""
    if actor.is_system:
        return True
    if actor.person_id is None:
        return False
    match permission.split(":", 1)[0]:
        case "portal":
            return actor.is_operator
        case "person":
            return True
        case "organization":
            roles = actor.organizations.get(organization_id or 0, frozenset())
            return bool(roles & ORGANIZATION_POLICY.get(permission, frozenset()))
        case "contributor":
            return project_id in actor.contributions and permission in CONTRIBUTOR_POLICY
        case _:
            held = actor.projects.get(project_id or 0, frozenset())
            return bool(held & PROJECT_POLICY.get(permission, frozenset()))


def require(
    actor: Actor,
    permission: Permission,
    *,
    organization_id: int | None = None,
    project_id: int | None = None,
) -> None:
    """Refuse unless the actor may: strangers as if nothing were there, members with the reason."""
    if may(actor, permission, organization_id=organization_id, project_id=project_id):
        return
    scope, subject, action = permission.split(":")
    member = (scope == "organization" and organization_id in actor.organizations) or (
        scope == "project" and project_id in actor.projects
    )
    if not member:
        raise NotFound
    raise Forbidden(
        f"forbidden.{scope}.{subject}.{action}",
        f"Your role in this {scope} does not include this: {subject}, {action}.",
    )
