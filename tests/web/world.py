"""One row for everything that an address can name, around one person with chosen roles."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from portal.database import db, transaction
from portal.domain.bank_statements import find_layout
from portal.domain.charter import ContributorsVoice, DecisionMode
from portal.domain.conduct import ReportEnding, ReportState
from portal.domain.decisions import DecisionKind
from portal.domain.documents import DocumentKind, Line
from portal.domain.money import Money
from portal.domain.needs import Credit, NeedState
from portal.domain.permissions import SYSTEM, OrganizationRole, ProjectRole
from portal.domain.proposals import ProposalState
from portal.domain.reconciliation import FindingKind
from portal.domain.sponsorship import Commercial, Publication, Term
from portal.domain.statements import StatementState
from portal.domain.tokens import hash_token
from portal.models.bank_imports import BankImport, BankLine, ImportState, LineState
from portal.models.billing import Payment
from portal.models.blocks import PersonBlock, WorkshopBlock
from portal.models.conduct import ConductReport
from portal.models.identity import LinkedIdentity, Person, SignIn
from portal.models.invitations import Invitation
from portal.models.needs import Trust
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership, Project
from portal.models.proposals import Proposal
from portal.models.reconciliation import ReconciliationFinding
from portal.models.sponsorship import Sponsorship
from portal.models.support import SupportRequest
from portal.models.tiers import TierVersion
from portal.ports.payments import PaymentSeen, RenewalSeen, RenewalState
from portal.services.billing.invoices import Bill, issue_invoice
from portal.services.billing.issuing import Draft, issue_document
from portal.services.billing.sellers import save_seller, write_agreement
from portal.services.votes.ballots import cast_maintainer_ballot
from portal.services.votes.decisions import decide
from tests.builders import (
    NOW,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)
from tests.contributor_builders import make_contributor
from tests.document_builders import SELLER
from tests.need_builders import make_message, make_need
from tests.statement_builders import make_statement
from tests.support_builders import SUPPORT, make_gap, make_request, make_words
from tests.vote_builders import DAY, SITE, Scene, cast, close, make_draft, make_scene, make_vote

# What stands in an address that names nothing.
NOTHING = {
    "filename": "nothing.css",
    "key": "nothing",
    "provider": "nothing",
    "sha256": "0" * 64,
    "token": "nothing",
}


@dataclass
class World:
    """A person, what the person belongs to, and the value of each part of each address."""

    person: Person
    project_id: int
    organization_id: int
    values: dict[str, Any]
    of_endpoint: dict[str, dict[str, Any]]

    def values_for(self, rule: Rule) -> dict[str, Any]:
        """The parts of one address, each naming a row of this world."""
        known = NOTHING | self.values | self.of_endpoint.get(rule.endpoint, {})
        unknown = rule.arguments - known.keys()
        assert not unknown, f"the world has no value for {sorted(unknown)} of {rule}"
        return {name: known[name] for name in rule.arguments}

    def address(self, app: Flask, rule: Rule, **changes: Any) -> str:
        """A route's address in this world, some parts changed."""
        values = self.values_for(rule)
        with app.test_request_context():
            url: str = app.url_for(
                rule.endpoint, **values | {key: changes[key] for key in changes.keys() & values}
            )
        return url


def build_world(
    app: Flask,
    name: str = "",
    *,
    in_organization: Collection[OrganizationRole] = (),
    in_project: Collection[ProjectRole] = (),
    contributes: bool = False,
    is_operator: bool = False,
    mark: str = "",
) -> World:
    """A project and an organization with everything in them; ``mark`` makes a second world."""
    person = make_person(name, is_operator=is_operator)
    scene = make_scene(weights=(4, 2), slug=f"kelp{mark}", mode=DecisionMode.TWO_HOUSES,
                       contributors=ContributorsVoice.HOUSE)  # fmt: skip
    project = scene.project
    other = make_contributor(project, make_person(f"Lin{mark}"))
    if contributes:
        make_contributor(project, person)
    with transaction() as session:
        session.add_all(
            Maintainership(project_id=project.id, person_id=person.id, role=role, since=NOW)
            for role in in_project
        )
    acme = make_organization(f"acme{mark}", roles={person: list(in_organization)})
    gold = make_tier(project, slug="gold", benefits=[SUPPORT | {"per_quarter": 9}])
    stake = make_sponsorship(
        acme, gold, reference=f"sp_acme{mark}", renewal_id=f"sub_acme{mark}",
        since=NOW - timedelta(days=200),
    )  # fmt: skip
    _promise_renewal(app, stake)
    papers = _issue(project.id, acme, stake, mark)
    daughter = make_organization(f"bay{mark}", parent_asked_id=acme.id)
    make_sponsorship(daughter, gold, reference=f"sp_bay{mark}", publication=Publication.IN_REVIEW)
    buyer = make_organization(f"cove{mark}", roles={person: [OrganizationRole.OWNER]})
    make_tier(project, slug="silver")
    archived = make_tier(project, slug="bronze")
    colleague = make_person(f"Colleague{mark}")
    votes = _hold_votes(scene)
    more = _add(scene, person, colleague, acme, stake, buyer, mark)
    with transaction() as session:
        archived.tier.archived_at = NOW
        session.add(archived.tier)
    _reprice(project, mark)
    needs = _state_needs(project, acme, colleague, votes["consultation"])
    statement = make_statement(project, votes["consultation"], acme, colleague)
    spoken = make_statement(project, votes["consultation"], None, person,
                            state=StatementState.RELEASED, credit=Credit.PERSON)  # fmt: skip
    support = _ask_for_support(project, acme, colleague)
    own = make_need(project, None, person, NeedState.DRAFT).id
    talked = make_need(project, None, person, NeedState.OPEN).id
    reports = _report(project, person, colleague)
    numbers = {
        "need_desk.show": needs["open_number"], "need_desk.answer": needs["open_number"],
        "need_desk.take_up": needs["open_number"],
        "screening.decide_need": needs["waiting_number"],
        "support_desk.show": support.number, "support_desk.answer": support.number,
        "support_desk.close": support.number, "support_desk.write_off": support.number,
        "decisions.prepare": votes["closed"], "decisions.record": votes["closed"],
        "decisions.review": votes["decided"], "decisions.item": votes["decided"], "decisions.report": votes["decided"],
        "bundles.bundle": votes["decided"], "public.outcome": votes["decided"], "public.decision": votes["decided"],
        "public.present": votes["decided"],
        "conduct_desk.show": reports["open"], "conduct_desk.look": reports["open"],
        "conduct_desk.close": reports["open"], "conduct_desk.write": reports["open"],
        "conduct_desk.keep": reports["open"],
        "joining.put_back": needs["joined_number"],
        "proposals.publish": votes["draft"], "proposals.take_up": more["deferred"],
    }  # fmt: skip
    of_endpoint: dict[str, dict[str, Any]] = (
        {endpoint: {"number": number} for endpoint, number in numbers.items()}
        | {
            "needs.write": {"need_id": needs["open"]},
            "conduct_desk.reopen": {"number": reports["closed"]},
            "blocks.end": {"person_id": reports["blocked"]},
            "blocks.lift": {"person_id": reports["blocked"]},
            "screening.recall": {"statement_id": spoken.id},
            "contributor_needs.write": {"need_id": talked},
            "contributor_desk.withdraw_invitation": {"invitation_id": more["to_contributor"]},
        }
        | {
            f"contributor_needs.{each}": {"need_id": own}
            for each in ("show", "edit", "change", "withdraw")
        }
        | {
            "desk.maintainer": {"person_id": scene.lead.id},
            "desk.save_roles": {"person_id": scene.lead.id},
            "desk.withdraw": {"invitation_id": more["to_project"]},
            "invitations.show": {"token": f"offer{mark}"},
            "invitations.accept": {"token": f"offer{mark}"},
            "personas.become": {"key": "visitor"},
            "sponsorships.review": {"reference": f"sp_bay{mark}"},
            "sponsorships.choose": {"tier": "silver"},
            "sponsorships.buy": {"tier": "silver"},
            "sponsorship_changes.preview": {"tier": "silver"},
            "sponsorship_changes.change": {"tier": "silver"},
            "tiers.announce": {"tier": "iron"},
            "tiers.restore": {"tier": "bronze"},
            "billing.accept": {"document": papers["quote"]},
            "reconciliation.close": {"finding": _finding(project.id, stake.reference)},
            "reconciliation.close_untied": {"finding": _finding(None, f"untied{mark}")},
        }
    )
    values = {
        "first": 1, "index": 2, "second": 3, "size": 3,
        "contributor_id": other.id, "daughter": daughter.slug, "document": papers["invoice"],
        "import_id": papers["import_id"], "line_id": papers["line_id"],
        "identity_id": more["identity"],
        "invitation_id": more["to_organization"], "number": votes["consultation"],
        "organization": acme.slug, "payment_id": more["payment"], "person_id": colleague.id,
        "project": project.slug, "reference": stake.reference, "session_id": more["session"],
        "report_id": reports["own"], "statement_id": statement.id, "request_id": support.id, "revision": 1, "need_id": needs["draft"], "message_id": needs["message"], "tier": "gold", "vote_id": votes["open_vote"], "buyer": buyer.slug,
    }  # fmt: skip
    return World(person, project.id, acme.id, values, of_endpoint)


def _reprice(project: Project, mark: str) -> None:
    """A tier in its second version, with a renewing sponsorship of the first."""
    iron = make_tier(project, slug="iron")
    make_sponsorship(make_organization(f"ebb{mark}"), iron, renewal_id=f"sub_ebb{mark}")
    with transaction():
        db.session.add(TierVersion(
            tier_id=iron.tier_id, number=2, name="Iron", price_minor=12000,
            currency=iron.currency, interval=iron.interval, voting_weight=1,
            audience=iron.audience, benefits=[], created_at=NOW,
        ))  # fmt: skip


def _finding(project_id: int | None, key: str) -> int:
    """Something that does not match at the processor."""
    row = ReconciliationFinding(
        kind=FindingKind.RENEWAL_UNKNOWN, key=key, project_id=project_id, sentence="A charge.",
        first_seen_at=NOW,
    )  # fmt: skip
    with transaction():
        db.session.add(row)
        db.session.flush()
        return row.id


def _issue(project_id: int, acme: Organization, stake: Sponsorship, mark: str) -> dict[str, Any]:
    """An open invoice of the project, and a quote of another project that waits."""
    other = make_project(f"dune{mark}")
    tier = make_tier(other)
    waiting = make_sponsorship(
        acme, tier, reference=f"sp_dune{mark}", term=Term.PENDING, commercial=Commercial.QUOTED,
        active_since=None, publication=Publication.HIDDEN,
    )  # fmt: skip
    with transaction():
        for each in (project_id, other.id):
            save_seller(SYSTEM, each, SELLER, now=NOW)
        write_agreement(SYSTEM, project_id, "We agree.", number=1, now=NOW)
        invoice = issue_invoice(
            db.session.merge(stake), Bill(f"world{mark}", (NOW + 30 * DAY).date()),
            actor=SYSTEM, site=SITE, now=NOW,
        )  # fmt: skip
        quote = issue_document(
            db.session.merge(waiting),
            Draft(DocumentKind.QUOTE, f"quote{mark}", [Line("A tier", 1, Money(10_000, "EUR"))],
                  due_on=datetime.now(UTC).date() + 30 * DAY,
                  notes={"interval": "year", "tier_version": tier.id}),
            actor=SYSTEM, now=NOW,
        )  # fmt: skip
        statement = _statement("preview", project_id, mark)
        read = _statement("done", project_id, mark)
        db.session.add_all((statement, read))
        db.session.flush()
        line = BankLine(
            project_id=project_id, bank_import_id=read.id, fingerprint="a", booked_on=NOW.date(),
            amount_minor=4000, currency="EUR", payer="Acme", purpose=invoice.number,
            state=LineState.TO_MATCH,
        )  # fmt: skip
        db.session.add(line)
        db.session.flush()
        return {"invoice": invoice.reference, "quote": quote.reference,
                "import_id": statement.id, "line_id": line.id}  # fmt: skip


def _statement(state: str, project_id: int, mark: str) -> BankImport:
    text = "Date,Amount,Name,Description\n2026-11-20,40.00,Acme,KELP-00001\n"
    return BankImport(
        project_id=project_id, file_name="bank.csv", sha256=f"{state}{mark}", text=text,
        layout=asdict(find_layout(text)), position=29, state=ImportState(state), rows_total=1,
        uploaded_by="Ada", uploaded_at=NOW,
    )  # fmt: skip


def _promise_renewal(app: Flask, stake: Sponsorship) -> None:
    """The processor knows of the renewal, and of the payment that can be given back."""
    assert stake.renewal_id
    assert stake.term_starts_at
    assert stake.term_ends_at
    gateway = app.extensions["stakehold"].payments
    paid = PaymentSeen(f"pi_{stake.reference}", Money(10000, "EUR"), NOW - 9 * DAY, None)
    gateway.payments[f"paid_{stake.reference}"] = [paid]
    gateway.renewals[stake.renewal_id] = RenewalSeen(
        stake.renewal_id, stake.reference, RenewalState.ACTIVE, Money(10000, "EUR"),
        stake.term_starts_at, stake.term_ends_at, cancel_at_term_end=False,
    )  # fmt: skip


def _state_needs(
    project: Project, acme: Organization, author: Person, proposal: int
) -> dict[str, int]:
    """Needs by state, ids and numbers; one joins the proposal; and a message that waits."""
    draft = make_need(project, acme, author, NeedState.DRAFT)
    waiting = make_need(project, acme, author, NeedState.WAITING)
    open_ = make_need(project, acme, author, NeedState.OPEN)
    answers = select(Proposal.id).filter_by(project_id=project.id, number=proposal)
    joined = make_need(project, acme, author, NeedState.TAKEN_UP,
                       proposal_id=db.session.scalars(answers).one())  # fmt: skip
    with transaction() as session:
        session.add(
            Trust(project_id=project.id, person_id=author.id, granted_by="Noor", granted_at=NOW)
        )
    return {"draft": draft.id, "waiting_number": waiting.number, "open": open_.id,
            "open_number": open_.number, "joined_number": joined.number, "message": make_message(open_, author).id}  # fmt: skip


def _ask_for_support(project: Project, acme: Organization, author: Person) -> SupportRequest:
    """A request with an answer, which showed a gap in the documentation."""
    request = make_request(project, acme, author)
    make_words(request, author, by_project=True)
    make_gap(request)
    return request


def _report(project: Project, person: Person, colleague: Person) -> dict[str, int]:
    """Conduct reports: one's own by id; another's by number, waiting and closed."""

    def add(number: int, reporter: Person, state: ReportState) -> ConductReport:
        return ConductReport(
            project_id=project.id, number=number, reporter_id=reporter.id, what="Words",
            state=state, received_at=NOW, updated_at=NOW, handler_id=colleague.id,
            ending=ReportEnding.TALKED if state is ReportState.CLOSED else None,
        )  # fmt: skip

    own = add(1, person, ReportState.RECEIVED)
    rows = [own, add(2, colleague, ReportState.RECEIVED), add(3, colleague, ReportState.CLOSED)]
    blocked = make_person()
    block = WorkshopBlock(project_id=project.id, person_id=blocked.id, set_by="Noor", set_at=NOW)
    apart = PersonBlock(blocker_id=person.id, blocked_id=blocked.id, set_at=NOW)
    with transaction() as session:
        session.add_all([*rows, block, apart])
    return {"own": own.id, "open": 2, "closed": 3, "blocked": blocked.id}


def _hold_votes(scene: Scene) -> dict[str, int]:
    """Proposals by number: in consultation, draft, closed, decided; and the open vote's id."""
    now = datetime.now(UTC)
    start = now - 40 * DAY

    def hold() -> int:
        vote_id = make_vote(scene, now=start)
        for index in range(len(scene.organizations)):
            cast(scene, vote_id, index, "for", now=start + DAY)
        with transaction():
            cast_maintainer_ballot(scene.lead_actor, scene.project.id, vote_id,
                                   {"position": "for"}, site=SITE, now=start + DAY)  # fmt: skip
        close(vote_id, now=start + 14 * DAY)
        return vote_id

    hold()
    with transaction():
        decide(scene.lead_actor, scene.project.id, 1, kind=DecisionKind.ACCEPTED,
               reasons="Carried.", responsible="Noor", review_on=(now + 90 * DAY).date(),
               now=now)  # fmt: skip
    hold()
    open_vote = make_vote(scene, now=now - timedelta(minutes=5))
    draft = make_draft(scene)
    with transaction() as session:
        session.add(_proposal(scene, draft + 1, ProposalState.CONSULTATION))
    return {"decided": 1, "closed": 2, "draft": draft, "consultation": draft + 1,
            "open_vote": open_vote}  # fmt: skip


def _proposal(scene: Scene, number: int, state: ProposalState) -> Proposal:
    return Proposal(
        project_id=scene.project.id, number=number, title="Faster queues", state=state,
        created_at=NOW - 9 * DAY, published_at=NOW - 9 * DAY, updated_at=NOW - 9 * DAY,
    )  # fmt: skip


def _add(
    scene: Scene, person: Person, colleague: Person, acme: Organization, stake: Sponsorship,
    buyer: Organization, mark: str,
) -> dict[str, int]:  # fmt: skip
    """What has no builder of its own; the ids that addresses name."""
    now = datetime.now(UTC)
    deferred = _proposal(scene, 90, ProposalState.DEFERRED)
    payment = Payment(
        sponsorship_id=stake.id, tier_snapshot_id=stake.tier_snapshot_id,
        term_starts_at=stake.term_starts_at, term_ends_at=stake.term_ends_at, amount_minor=10000,
        currency="EUR", processor="stripe", processor_payment_id=f"pi_{stake.reference}",
        paid_at=NOW - 9 * DAY,
    )  # fmt: skip
    identity = LinkedIdentity(
        person_id=person.id, issuer="https://login.example", subject=f"s{mark}", linked_at=NOW
    )
    session_elsewhere = SignIn(
        token_hash=hash_token(f"elsewhere{mark}"), person_id=person.id, started_at=now,
        expires_at=now + 9 * DAY,
    )  # fmt: skip
    to_organization = _invitation(f"org{mark}", now, organization_id=acme.id)
    to_project = _invitation(f"project{mark}", now, project_id=scene.project.id)
    own = _invitation(f"offer{mark}", now, email=person.email,
                      organization_id=buyer.id)  # fmt: skip
    to_contributor = _invitation(f"contributor{mark}", now, project_id=scene.project.id)
    to_contributor.role, to_contributor.work = "contributor", "The tests"
    with transaction() as session:
        session.add(to_contributor)
        session.add(Membership(organization_id=acme.id, person_id=colleague.id,
                               role=OrganizationRole.VIEWER, since=NOW))  # fmt: skip
        session.add_all((deferred, payment, identity, session_elsewhere, to_organization,
                         to_project, own))  # fmt: skip
    return {"deferred": deferred.number, "payment": payment.id, "identity": identity.id,
            "session": session_elsewhere.id, "to_organization": to_organization.id,
            "to_project": to_project.id, "to_contributor": to_contributor.id}  # fmt: skip


def _invitation(token: str, now: datetime, *, email: str = "", **target: int) -> Invitation:
    email = email or f"{token}@example.org"
    role = "viewer" if "organization_id" in target else "maintainer"
    return Invitation(
        email=email, email_canonical=email, role=role, token_hash=hash_token(token),
        invited_by="Noor", invited_at=now, expires_at=now + 9 * DAY, **target,
    )  # fmt: skip
