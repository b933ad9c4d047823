"""Organizations: founded, edited, related; members invited, given roles, leaving."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import DomainError, Forbidden, NotFound, Refusal
from portal.domain.organizations import OrganizationKind, Profile
from portal.domain.permissions import VISITOR, OrganizationRole, ProjectRole
from portal.domain.sponsorship import Publication, Term
from portal.domain.tiers import Audience
from portal.models.audit import AuditEntry
from portal.models.identity import Person
from portal.models.invitations import Invitation
from portal.models.organizations import Membership, Organization
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership
from portal.models.sponsorship import Sponsorship, SponsorshipEvent
from portal.queries.sponsorship.purchases import MYSELF, find_buy_page, find_own_organization
from portal.services.identity.invitations import (
    accept_invitation,
    invite_member,
    resend_invitation,
    withdraw_invitation,
)
from portal.services.identity.memberships import add_role, change_roles, leave_organization
from portal.services.identity.organizations import (
    agree_parent,
    ask_parent,
    edit_profile,
    found_organization,
    leave_parent,
    refuse_parent,
)
from portal.services.identity.pictures import encode_picture
from portal.services.identity.supporters import get_own_organization
from portal.services.projects.maintainers import invite_maintainer
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)
from tests.services.test_pictures import make_picture

OWNER, BILLING = OrganizationRole.OWNER, OrganizationRole.BILLING
REPRESENTATIVE, DEPUTY = OrganizationRole.REPRESENTATIVE, OrganizationRole.DEPUTY
EDITOR, VIEWER = OrganizationRole.EDITOR, OrganizationRole.VIEWER


def _do(verb: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with transaction():
        return verb(*arguments, **({"now": NOW} | options))


def _code(verb: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    with pytest.raises(DomainError) as error:
        _do(verb, *arguments, **options)
    return error.value.code


def _roles(organization: Organization, person: Person) -> set[OrganizationRole]:
    return set(
        db.session.scalars(
            select(Membership.role).where(
                Membership.organization_id == organization.id, Membership.person_id == person.id
            )
        )
    )


def _tags(organization: Organization) -> list[str]:
    return list(
        db.session.scalars(
            select(AuditEntry.tag)
            .where(AuditEntry.organization_id == organization.id)
            .order_by(AuditEntry.id)
        )
    )


def _link(token: str) -> str:
    return f"http://localhost/invitations/{token}"


def _mailed_token() -> str:
    newest = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
    assert newest is not None
    return newest.action_url.rsplit("/", 1)[-1]


# Founding and profile


def test_the_founder_is_owner_and_representative(app: Flask) -> None:
    ada = make_person("Ada")
    slug = _do(
        found_organization, actor_of(ada), name=" Acme  GmbH ", kind=OrganizationKind.COMPANY
    )
    organization = db.session.scalars(select(Organization)).one()
    assert (slug, organization.name) == ("acme-gmbh", "Acme GmbH")
    assert _roles(organization, ada) == {OWNER, REPRESENTATIVE}
    assert _tags(organization) == ["organization:profile:found"]


def test_a_taken_name_gets_the_next_slug(app: Flask) -> None:
    actor = actor_of(make_person())
    slugs = [
        _do(found_organization, actor, name="Acme", kind=OrganizationKind.COMPANY) for _ in range(3)
    ]
    assert slugs == ["acme", "acme-2", "acme-3"]


def test_visitors_found_nothing(app: Flask) -> None:
    assert (
        _code(found_organization, VISITOR, name="Acme", kind=OrganizationKind.COMPANY)
        == "not_found"
    )


def test_two_foundings_at_once_get_two_slugs(committed_app: Flask) -> None:
    with committed_app.app_context():
        actors = [actor_of(make_person()) for _ in range(2)]
    slugs = _race(
        committed_app,
        [
            lambda actor=actor: _do(
                found_organization, actor, name="Acme", kind=OrganizationKind.COMPANY
            )
            for actor in actors
        ],
    )
    assert sorted(slugs) == ["acme", "acme-2"]


def _race(app: Flask, verbs: list[Callable[[], Any]]) -> list[Any]:
    """Run each verb in a thread of its own at the same time; refusals come back as their codes."""
    barrier, outcomes = threading.Barrier(len(verbs)), []

    def run(verb: Callable[[], Any]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                outcomes.append(verb())
            except DomainError as error:
                outcomes.append(error.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.parametrize(
    ("role", "code"),
    [
        (EDITOR, None),
        (OWNER, None),
        (VIEWER, "forbidden.organization.profile.edit"),
        (BILLING, "forbidden.organization.profile.edit"),
        (None, "not_found"),
    ],
)
def test_owners_and_editors_edit_the_profile(app: Flask, role: Any, code: str | None) -> None:
    person = make_person()
    organization = make_organization(roles={person: [role]} if role else {})
    if code:
        assert _code(edit_profile, actor_of(person), organization.id, Profile("New")) == code
    else:
        _do(edit_profile, actor_of(person), organization.id, Profile("New"))
        assert _tags(organization) == ["organization:profile:edit"]


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"name": "Other"}, True),
        ({"website": "https://other.example"}, True),
        ({"about": "x"}, False),
        ({"address": "y", "tax_id": "z", "country": "DE"}, False),
        ({}, False),
    ],
)
def test_a_changed_presentation_is_reviewed_again_while_the_approved_stays(
    app: Flask, *, changes: dict[str, str], again: bool
) -> None:
    """S6: public name, link and logo need a maintainer's approval again after each edit."""
    owner = make_person()
    organization = make_organization("acme", roles={owner: [OWNER]})
    sponsorship = make_sponsorship(organization, make_tier(make_project()))
    profile = Profile(**({"name": organization.name} | changes))
    assert _do(edit_profile, actor_of(owner), organization.id, profile) is again
    row = db.session.get_one(Sponsorship, sponsorship.id)
    expected = Publication.IN_REVIEW if again else Publication.PUBLISHED
    assert (row.publication, row.approved_name) == (expected, "Acme")
    events = db.session.scalars(select(SponsorshipEvent.dimension)).all()
    assert events == (["publication"] if again else [])


def test_a_hidden_or_ended_sponsorship_is_not_put_into_review(app: Flask) -> None:
    owner = make_person()
    organization = make_organization(roles={owner: [OWNER]})
    hidden = make_sponsorship(
        organization, make_tier(make_project()), publication=Publication.HIDDEN
    )
    ended = make_sponsorship(organization, make_tier(make_project()), term=Term.ENDED)
    assert _do(edit_profile, actor_of(owner), organization.id, Profile("Other")) is False
    assert db.session.get_one(Sponsorship, hidden.id).publication is Publication.HIDDEN
    assert db.session.get_one(Sponsorship, ended.id).publication is Publication.PUBLISHED


def test_a_logo_is_set_replaced_and_removed(app: Flask) -> None:
    owner = make_person()
    organization = make_organization("acme", roles={owner: [OWNER]})
    make_sponsorship(organization, make_tier(make_project()))
    actor, profile = actor_of(owner), Profile("Acme")
    picture = encode_picture(make_picture())
    assert _do(edit_profile, actor, organization.id, profile, picture=picture) is True
    first = db.session.get_one(Organization, organization.id).picture_id
    assert first is not None
    assert _do(edit_profile, actor, organization.id, profile, picture=picture) is False
    _do(edit_profile, actor, organization.id, profile, remove_picture=True)
    assert db.session.get_one(Organization, organization.id).picture_id is None


# Parents


def _two(app: Flask) -> tuple[Person, Organization, Person, Organization]:
    ada, grace = make_person("Ada"), make_person("Grace")
    return (
        ada,
        make_organization("daughter", roles={ada: [OWNER]}),
        grace,
        make_organization("parent", roles={grace: [OWNER]}),
    )


def test_a_parent_holds_once_its_owner_agrees(app: Flask) -> None:
    """Related companies share one ballot, so nobody attaches a company to another alone."""
    ada, daughter, grace, parent = _two(app)
    _do(ask_parent, actor_of(ada), daughter.id, "/o/PARENT")
    assert db.session.get_one(Organization, daughter.id).parent_id is None
    assert _code(agree_parent, actor_of(ada), parent.id, "daughter") == "not_found"
    _do(agree_parent, actor_of(grace), parent.id, "daughter")
    row = db.session.get_one(Organization, daughter.id)
    assert (row.parent_id, row.parent_asked_id) == (parent.id, None)
    assert _tags(parent) == ["organization:parent:ask", "organization:parent:agree"]


def test_the_parent_can_refuse_or_end_it_and_the_daughter_can_leave(app: Flask) -> None:
    ada, daughter, grace, parent = _two(app)
    _do(ask_parent, actor_of(ada), daughter.id, "parent")
    _do(refuse_parent, actor_of(grace), parent.id, "daughter")
    assert _code(agree_parent, actor_of(grace), parent.id, "daughter") == "not_found"
    _do(ask_parent, actor_of(ada), daughter.id, "parent")
    _do(agree_parent, actor_of(grace), parent.id, "daughter")
    _do(leave_parent, actor_of(ada), daughter.id)
    assert db.session.get_one(Organization, daughter.id).parent_id is None
    _do(ask_parent, actor_of(ada), daughter.id, "parent")
    _do(leave_parent, actor_of(ada), daughter.id)
    _do(leave_parent, actor_of(ada), daughter.id)
    assert _code(refuse_parent, actor_of(grace), parent.id, "daughter") == "not_found"


def test_unknown_parents_itself_and_circles_are_refused(app: Flask) -> None:
    ada, daughter, grace, parent = _two(app)
    assert _code(ask_parent, actor_of(ada), daughter.id, "nobody") == "organization.parent_unknown"
    assert _code(ask_parent, actor_of(ada), daughter.id, "daughter") == "organization.parent_cycle"
    _do(ask_parent, actor_of(ada), daughter.id, "parent")
    _do(agree_parent, actor_of(grace), parent.id, "daughter")
    assert _code(ask_parent, actor_of(grace), parent.id, "daughter") == "organization.parent_cycle"
    assert _code(ask_parent, actor_of(ada), daughter.id, "parent") == "organization.parent_same"


def test_two_agreements_at_once_never_close_a_circle(committed_app: Flask) -> None:
    with committed_app.app_context():
        ada, daughter, grace, parent = _two(committed_app)
        _do(ask_parent, actor_of(ada), daughter.id, "parent")
        _do(ask_parent, actor_of(grace), parent.id, "daughter")
        actors, ids = (actor_of(ada), actor_of(grace)), (daughter.id, parent.id)
    outcomes = _race(
        committed_app,
        [
            lambda: _do(agree_parent, actors[1], ids[1], "daughter"),
            lambda: _do(agree_parent, actors[0], ids[0], "parent"),
        ],
    )
    assert sorted(outcomes, key=str) == [None, "organization.parent_cycle"]


# Roles


def test_the_last_owner_stays(app: Flask) -> None:
    """S9: an organization always has at least one owner."""
    ada, grace = make_person("Ada"), make_person("Grace")
    organization = make_organization(roles={ada: [OWNER, REPRESENTATIVE], grace: [VIEWER]})
    actor = actor_of(ada)
    for verb in (
        lambda: _code(leave_organization, actor, organization.id),
        lambda: _code(change_roles, actor, organization.id, ada.id, frozenset()),
        lambda: _code(change_roles, actor, organization.id, ada.id, frozenset({REPRESENTATIVE})),
    ):
        assert verb() == "organization.last_owner"
    _do(change_roles, actor, organization.id, grace.id, frozenset({OWNER}))
    _do(leave_organization, actor, organization.id)
    assert (_roles(organization, ada), _roles(organization, grace)) == (set(), {OWNER})


@pytest.mark.parametrize("_round", range(3))
def test_two_owners_leaving_at_once_leave_one_behind(committed_app: Flask, _round: int) -> None:
    with committed_app.app_context():
        people = [make_person(), make_person()]
        organization = make_organization(roles={person: [OWNER] for person in people})
        actors = [actor_of(person) for person in people]
        organization_id = organization.id
    outcomes = _race(
        committed_app,
        [lambda actor=actor: _do(leave_organization, actor, organization_id) for actor in actors],
    )
    assert sorted(outcomes, key=str) == [None, "organization.last_owner"]


def test_two_owners_removing_each_other_at_once_leave_one(committed_app: Flask) -> None:
    with committed_app.app_context():
        people = [make_person(), make_person()]
        organization = make_organization(roles={person: [OWNER] for person in people})
        actors = [actor_of(person) for person in people]
        ids, organization_id = [person.id for person in people], organization.id
    _race(
        committed_app,
        [
            lambda: _do(change_roles, actors[0], organization_id, ids[1], frozenset()),
            lambda: _do(change_roles, actors[1], organization_id, ids[0], frozenset()),
        ],
    )
    with committed_app.app_context():
        owners = db.session.scalars(select(Membership).where(Membership.role == OWNER)).all()
        assert len(owners) == 1


def test_a_taken_seat_is_refused_or_replaced(app: Flask) -> None:
    ada, grace = make_person("Ada"), make_person("Grace")
    organization = make_organization(roles={ada: [OWNER, REPRESENTATIVE], grace: [VIEWER]})
    actor, wanted = actor_of(ada), frozenset({REPRESENTATIVE})
    assert (
        _code(change_roles, actor, organization.id, grace.id, wanted) == "organization.seat_taken"
    )
    _do(change_roles, actor, organization.id, grace.id, wanted, replace=True)
    assert (_roles(organization, ada), _roles(organization, grace)) == ({OWNER}, {REPRESENTATIVE})
    assert [mail.recipient for mail in db.session.scalars(select(OutboxMessage))] == [grace.email]


def test_two_people_can_swap_seats(app: Flask) -> None:
    ada, grace = make_person("Ada"), make_person("Grace")
    organization = make_organization(roles={ada: [OWNER, REPRESENTATIVE], grace: [DEPUTY]})
    _do(
        change_roles,
        actor_of(ada),
        organization.id,
        grace.id,
        frozenset({REPRESENTATIVE}),
        replace=True,
    )
    _do(change_roles, actor_of(ada), organization.id, ada.id, frozenset({OWNER, DEPUTY}))
    assert _roles(organization, ada) == {OWNER, DEPUTY}


def test_only_owners_change_roles_and_only_of_members(app: Flask) -> None:
    ada, grace, eve = make_person(), make_person(), make_person()
    organization = make_organization(roles={ada: [OWNER], grace: [EDITOR]})
    other = make_organization(roles={eve: [OWNER]})
    with pytest.raises(Forbidden):
        _do(change_roles, actor_of(grace), organization.id, grace.id, frozenset({OWNER}))
    with pytest.raises(NotFound):
        _do(change_roles, actor_of(eve), organization.id, ada.id, frozenset())
    with pytest.raises(NotFound):
        _do(change_roles, actor_of(ada), organization.id, eve.id, frozenset({OWNER}))
    with pytest.raises(NotFound):
        _do(leave_organization, actor_of(ada), other.id)


# Invitations


def _invited(
    app: Flask,
    *,
    role: OrganizationRole = BILLING,
    email: str = "grace@example.org",
) -> tuple[Person, Organization, str]:
    ada = make_person("Ada")
    organization = make_organization("acme", roles={ada: [OWNER]})
    _do(invite_member, actor_of(ada), organization.id, email=email, role=role, link_url=_link)
    return ada, organization, _mailed_token()


def test_an_invitation_is_mailed_and_accepted_once(app: Flask) -> None:
    _ada, organization, token = _invited(app)
    grace = make_person("Grace", email="GRACE@example.org")
    joined = _do(accept_invitation, actor_of(grace), token)
    assert (joined.slug, joined.is_project) == ("acme", False)
    assert _roles(organization, grace) == {BILLING}
    assert _tags(organization) == ["organization:invitation:send", "organization:member:join"]
    assert _code(accept_invitation, actor_of(grace), token) == "invitation.accepted"


def test_only_the_invited_address_accepts(app: Flask) -> None:
    ada, organization, token = _invited(app)
    eve = make_person("Eve")
    for person in (ada, eve):
        assert _code(accept_invitation, actor_of(person), token) == "invitation.other_address"
    assert _code(accept_invitation, actor_of(eve), "unknown") == "not_found"
    assert _code(accept_invitation, VISITOR, token) == "not_found"
    assert _roles(organization, eve) == set()


@pytest.mark.parametrize("raw", ["", "grace", "g\u200brace@example.org", "a@b@c.example"])
def test_an_invitation_needs_an_address(app: Flask, raw: str) -> None:
    ada = make_person()
    organization = make_organization(roles={ada: [OWNER]})
    assert (
        _code(invite_member, actor_of(ada), organization.id, email=raw, role=VIEWER, link_url=_link)
        == "identity.address"
    )


def test_what_is_held_open_or_taken_is_not_offered_again(app: Flask) -> None:
    ada, organization, _token = _invited(app)

    def offer(email: str, role: OrganizationRole) -> str:
        return _code(
            invite_member, actor_of(ada), organization.id, email=email, role=role, link_url=_link
        )

    assert offer("Grace@EXAMPLE.org", BILLING) == "invitation.open"
    assert offer(ada.email, OWNER) == "invitation.held"
    _do(change_roles, actor_of(ada), organization.id, ada.id, frozenset({OWNER, REPRESENTATIVE}))
    assert offer("x@example.org", REPRESENTATIVE) == "invitation.seat_taken"


def test_a_seat_taken_meanwhile_is_refused_at_acceptance_and_the_offer_stays(app: Flask) -> None:
    ada, organization, token = _invited(app, role=REPRESENTATIVE)
    grace = make_person("Grace", email="grace@example.org")
    _do(change_roles, actor_of(ada), organization.id, ada.id, frozenset({OWNER, REPRESENTATIVE}))
    assert _code(accept_invitation, actor_of(grace), token) == "organization.seat_taken"
    assert db.session.scalars(select(Invitation)).one().accepted_at is None


def test_withdrawn_and_old_invitations_are_refused(app: Flask) -> None:
    ada, organization, token = _invited(app)
    grace = make_person("Grace", email="grace@example.org")
    invitation = db.session.scalars(select(Invitation)).one()
    assert (
        _code(accept_invitation, actor_of(grace), token, now=NOW + timedelta(days=14))
        == "invitation.expired"
    )
    _do(withdraw_invitation, actor_of(ada), organization.id, invitation.id)
    assert _code(accept_invitation, actor_of(grace), token) == "invitation.withdrawn"
    assert _code(withdraw_invitation, actor_of(ada), organization.id, invitation.id) == "not_found"


def test_sending_again_makes_a_new_link_and_spoils_the_old_one(app: Flask) -> None:
    ada, organization, token = _invited(app)
    grace = make_person("Grace", email="grace@example.org")
    invitation = db.session.scalars(select(Invitation)).one()
    later: datetime = NOW + timedelta(days=20)
    _do(resend_invitation, actor_of(ada), organization.id, invitation.id, link_url=_link, now=later)
    assert _code(accept_invitation, actor_of(grace), token, now=later) == "not_found"
    _do(accept_invitation, actor_of(grace), _mailed_token(), now=later)
    assert (
        _code(resend_invitation, actor_of(ada), organization.id, invitation.id, link_url=_link)
        == "invitation.accepted"
    )


def test_another_organization_s_invitations_are_not_found(app: Flask) -> None:
    _ada, _organization, _token = _invited(app)
    eve = make_person("Eve")
    other = make_organization(roles={eve: [OWNER]})
    invitation = db.session.scalars(select(Invitation)).one()
    for verb, options in ((withdraw_invitation, {}), (resend_invitation, {"link_url": _link})):
        assert _code(verb, actor_of(eve), other.id, invitation.id, **options) == "not_found"


def test_an_invitation_can_be_accepted_once_also_at_the_same_time(committed_app: Flask) -> None:
    with committed_app.app_context():
        _ada, _organization, token = _invited(committed_app)
        actor = actor_of(make_person("Grace", email="grace@example.org"))
    outcomes = _race(
        committed_app, [lambda: _do(accept_invitation, actor, token).slug for _ in range(2)]
    )
    assert sorted(outcomes) == ["acme", "invitation.accepted"]


def test_a_maintainer_s_invitation_is_accepted_by_the_same_page(app: Flask) -> None:
    lead = make_person("Lead")
    project = make_project("kelp", roles={lead: [ProjectRole.LEAD]})
    _do(
        invite_maintainer,
        actor_of(lead),
        project.id,
        email="grace@example.org",
        role=ProjectRole.STEWARD,
        link_url=_link,
    )
    grace = make_person("Grace", email="grace@example.org")
    joined = _do(accept_invitation, actor_of(grace), _mailed_token())
    assert (joined.slug, joined.is_project) == ("kelp", True)
    held = select(Maintainership.role).where(Maintainership.person_id == grace.id)
    assert db.session.scalars(held).all() == [ProjectRole.STEWARD]


def test_fifty_open_invitations_are_enough(app: Flask) -> None:
    ada = make_person()
    organization = make_organization(roles={ada: [OWNER]})
    for number in range(50):
        _do(
            invite_member,
            actor_of(ada),
            organization.id,
            email=f"p{number}@example.org",
            role=VIEWER,
            link_url=_link,
        )
    assert (
        _code(
            invite_member,
            actor_of(ada),
            organization.id,
            email="last@example.org",
            role=VIEWER,
            link_url=_link,
        )
        == "invitation.too_many"
    )


def test_a_refusal_leaves_no_trace(app: Flask) -> None:
    ada = make_person()
    organization = make_organization(roles={ada: [OWNER]})
    with pytest.raises(Refusal):
        _do(leave_organization, actor_of(ada), organization.id)
    assert _tags(organization) == []
    assert db.session.scalars(select(OutboxMessage)).all() == []


def _own(person: Person) -> int:
    actor = actor_of(person)
    return int(_do(get_own_organization, actor, read_own=find_own_organization, now=NOW)[1])


def test_s10_an_organization_of_one_is_made_once_and_named_apart_from_namesakes(app: Flask) -> None:
    ada, namesake = make_person("Ada Lindqvist"), make_person("Ada Lindqvist")
    db.session.commit()
    first = _own(ada)
    assert _own(ada) == first != _own(namesake)
    made = db.session.get_one(Organization, first)
    assert (made.kind, made.slug) == (OrganizationKind.PERSON, "ada-lindqvist")
    assert actor_of(ada).organizations[first] == {OWNER, REPRESENTATIVE}


def test_s10_a_colleague_let_into_it_still_sponsors_as_themselves_until_it_is_theirs(
    app: Flask,
) -> None:
    project, ada, heir = make_project(), make_person("Ada"), make_person("Heir")
    tier = make_tier(project, audience=Audience.PERSON).tier
    db.session.commit()
    own = _own(ada)
    _do(add_role, actor_of(heir), own, heir.id, OWNER, now=NOW)

    def buyers(person: Person) -> set[str]:
        page = find_buy_page(actor_of(person), project.slug, tier.slug, None, now=NOW)
        return {choice.slug for choice in page.choices}

    assert buyers(ada) == {"ada"}
    assert buyers(heir) == {"ada", MYSELF}
    _do(leave_organization, actor_of(ada), own, now=NOW)
    assert buyers(ada) == {MYSELF}
    assert buyers(heir) == {"ada"}
    assert _own(heir) == own != _own(ada)
