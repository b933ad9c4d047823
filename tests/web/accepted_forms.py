"""A form that is accepted, for every route that changes something, in the world of ``world``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.database import db
from portal.domain.rules import preview_seal
from portal.domain.sponsorship import publication_seal
from portal.queries.notifications.choices import get_choices
from portal.queries.projects.charters import find_charter
from portal.queries.votes.proposals import get_desk_proposal
from portal.queries.weights.electorate import find_standing
from tests.builders import actor_of
from tests.record_builders import some_receipt
from tests.vote_builders import get_vote
from tests.web.world import World

WEBHOOK = "webhooks.receive_event"
TALLY = "tally.count"  # changes nothing and leads nowhere: see test_tally_page
STOPPING = {"stopping.resume", "stopping.stop"}  # signed addresses: see test_signed_addresses
TODAY = datetime.now(UTC)
LATER = TODAY + timedelta(days=30)
Form = dict[str, Any]

_CHARTER: Form = {
    "step": "save", "damping": "linear", "cap": "1/4", "quorum_weight": "1/2",
    "quorum_electors": "1/2", "threshold": "2/3", "mode": "advisory",
    "privacy": "sealed_roll_call", "contributors": "none", "statements_shown": "nothing",
    "seasoning_days": "30", "window_days": "14",
    "grace_days": "21", "note": "Because.",
}  # fmt: skip
_TIER: Form = {
    "step": "save", "number": "1", "name": "Platinum", "description": "For all.",
    "price": "1200.00", "interval": "year", "voting_weight": "4", "audience": "organization",
    "capacity": "9", "sold_from": "2026-01-01", "sold_until": "2099-01-01", "logo": "large",
    "support_requests": "4", "support_days": "2", "early_access_days": "7", "named_contact": "y",
    "mention": "y", "text_lines": "A bench with a name on it.",
}  # fmt: skip
_PROPOSAL: Form = {"title": "Bigger queues", "summary": "They grow.", "body": "*Why* not.",
                   "revision": "1"}  # fmt: skip
_NEED: Form = {"need": "Transfers that survive", "for_whom": "Ships", "evidence": "A log",
               "cost_of_not": "Days", "offers": ["time"], "offer": "A day", "conflicts": "None",
               "credit": "pseudonym", "pseudonym": "A sailor", "revision": "1",
               "step": "submit"}  # fmt: skip
_STATEMENT: Form = {"position": "with_changes", "meaning": "Forty ships", "changes": "A limit",
                    "conflicts": "None", "credit": "pseudonym", "pseudonym": "A sailor",
                    "revision": "1"}  # fmt: skip
_PLAIN: Form = {}
_BUYER: Form = {"legal_name": "Acme BV", "address": "Street 1", "country": "NL",
                "tax_id": "NL123456789B01"}  # fmt: skip
_SELLER: Form = {
    "legal_name": "Kelp e.V.", "address": "Quay 1", "country": "DE", "tax_id": "DE136695976",
    "email": "books@example.org", "account_holder": "Kelp", "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX", "bank_note": "At the harbor.", "charges_tax": "y", "tax_name": "VAT",
    "tax_rate": "19", "prefix": "KELP", "net_days": "30",
}  # fmt: skip
# A form that is accepted, for every route that changes something: a new route needs one here.
FORMS: dict[str, Form] = {
    "account.choose_name": {"name": "Ada", "next": "/desk"},
    "account.end_everywhere": _PLAIN,
    "account.end_one": _PLAIN,
    "account.end_others": _PLAIN,
    "account.remove_identity": _PLAIN,
    "account.rename": {"name": "Ada"},
    "bank_imports.bring_back": _PLAIN,
    "bank_imports.columns": {"date": "0", "amount": "1"},
    "bank_imports.begin": {"day_order": "ymd", "decimal": "."},
    "bank_imports.match": {"invoice": ""},
    "bank_imports.match_certain": _PLAIN,
    "bank_imports.set_aside": _PLAIN,
    "bank_imports.upload": _PLAIN,
    "billing.accept": {"agreement": "0", "po_number": "PO 1"},
    "billing.order_number": {"sp_acme-po_number": "PO 2"},
    "billing.quote": _BUYER | {"organization": "cove", "version": "1"},
    "billing.save_data": _BUYER,
    "blocks.block": {"person": "", "note": "Kept writing the same."},
    "blocks.end": _PLAIN,
    "blocks.keep_apart": {"person": ""},
    "blocks.lift": _PLAIN,
    "charters.change": _CHARTER,
    "conduct.report": {"what": "Somebody shouted.", "page": "/p/kelp", "who": "Noor",
                       "kept_away": []},
    "conduct.write": {"text": "One more thing."},
    "conduct_desk.close": {"ending": "talked", "reason": "We talked."},
    "conduct_desk.keep": {"person": ""},
    "conduct_desk.look": _PLAIN,
    "conduct_desk.reopen": _PLAIN,
    "conduct_desk.write": {"text": "We look at it."},
    "consultations.put": _STATEMENT,
    "consultations.save_summary": {"text": "*Both* sides.", "revision": "0"},
    "consultations.withdraw": _PLAIN,
    "contributor_ballots.cast": {"position": "for", "reason": "It helps.", "conflict": "None."},
    "contributor_desk.end": {"reason": "The work has ended."},
    "contributor_desk.invite": {"email": "new@example.org", "work": "The tests"},
    "contributor_desk.withdraw_invitation": _PLAIN,
    "contributor_desk.work": {"work": "The tests and the manual"},
    "contributor_needs.change": _NEED,
    "contributor_needs.draft": _NEED,
    "contributor_needs.withdraw": _PLAIN,
    "contributor_needs.write": {"text": "One more thing."},
    "contributor_statements.put": _STATEMENT,
    "contributor_statements.withdraw": _PLAIN,
    "contributors.leave": _PLAIN,
    "contributors.name": {"is_named": "y"},
    "decisions.record": {"kind": "accepted", "reasons": "Carried.", "responsible": "Noor",
                         "review_on": LATER.date().isoformat()},
    "decisions.report": {"action": "start", "text": "Begun.", "owner": "contributor",
                         "credit": "Noor", "shipped_url": "https://example.org/1.0"},
    "decisions.review": {"finding": "stands", "text": "As before.",
                         "next_review_on": LATER.date().isoformat()},
    "desk.invite": {"email": "new@example.org", "role": "maintainer"},
    "desk.save_profile": {"name": "Kelp", "tagline": "Queues.", "description": "Text.",
                          "how_we_work": "Text.", "website": "https://example.org",
                          "help_url": "https://example.org/help",
                          "security_url": "https://example.org/security"},
    "desk.save_roles": {"roles": ["lead", "maintainer"]},
    "desk.withdraw": _PLAIN,
    "invitations.accept": _PLAIN,
    "joining.join": {"needs": [], "proposal": ""},
    "joining.put_back": _PLAIN,
    "members.invite": {"email": "new@example.org", "role": "viewer"},
    "members.leave": _PLAIN,
    "members.remove": _PLAIN,
    "members.resend": _PLAIN,
    "members.save_roles": {"roles": ["billing", "viewer"], "replace": "y"},
    "members.withdraw": _PLAIN,
    "need_desk.answer": {"action": "answer", "text": "It is there.", "as_project": "y"},
    "need_desk.take_up": _PLAIN,
    "needs.change": _NEED,
    "needs.draft": _NEED,
    "needs.withdraw": _PLAIN,
    "needs.write": {"text": "One more thing."},
    "notifications.choose": _PLAIN,
    "operator.add_project": {"name": "Reef", "slug": "reef", "currency": "EUR",
                             "lead_email": "lead@example.org"},
    "organizations.agree_daughter": _PLAIN,
    "organizations.end_parent": _PLAIN,
    "organizations.found": {"name": "Dune", "kind": "company"},
    "organizations.name_parent": {"parent": "cove"},
    "organizations.refuse_daughter": _PLAIN,
    "organizations.save_profile": {"name": "Acme", "website": "https://example.org",
                                   "about": "We are.", "legal_name": "Acme BV",
                                   "address": "Street 1", "country": "NL",
                                   "tax_id": "NL123456789B01", "remove_logo": "y"},
    "personas.become": _PLAIN,
    "proposals.change": _PROPOSAL,
    "proposals.draft": _PROPOSAL,
    "proposals.date": {"until": LATER.date().isoformat()},
    "proposals.publish": {"revision": "1"},
    "proposals.take_up": _PLAIN,
    "proposals.withdraw": {"reason": "No longer needed."},
    "sellers.agree": {"text": "We agree on more.", "number": "2"},
    "sellers.save": _SELLER,
    "screening.decide_message": {"action": "release", "template": "", "reason": ""},
    "screening.decide_need": {"action": "refuse", "template": "support", "reason": "Sorry."},
    "screening.decide_statement": {"action": "refuse", "template": "support", "reason": "Sorry."},
    "screening.distrust": _PLAIN,
    "screening.intake": {"paused": "y", "pause_note": "Back in May.",
                         "quiet_until": LATER.date().isoformat()},
    "screening.recall": _PLAIN,
    "screening.trust": _PLAIN,
    "sign_in.enter_by_link": _PLAIN,
    "sign_in.leave_portal": _PLAIN,
    "sign_in.send_link": {"email": "ada@example.org", "next": "/desk"},
    "reconciliation.close": _PLAIN,
    "reconciliation.close_untied": _PLAIN,
    "reconciliation.compare": _PLAIN,
    "reconciliation.compare_untied": _PLAIN,
    "receipts.checked": {"text": ""},
    "refunds.give": {"payment": "1", "amount": "1.00", "reason": "Agreed."},
    "sponsorship_changes.change": {"version": "1", "due": "0"},
    "sponsorship_changes.collect": {"collection": "invoice", "po_number": "PO 7"},
    "sponsorship_changes.open_cards": _PLAIN,
    "sponsorship_changes.withdraw": _PLAIN,
    "sponsorships.buy": {"organization": "cove", "version": "1"},
    "sponsorships.cancel": _PLAIN,
    "sponsorships.choose_privacy": {"privacy": "private"},
    "sponsorships.resume": _PLAIN,
    "sponsorships.review": {"decision": "approve", "sp_bay-reason": "Fine."},
    "statements.put": _STATEMENT,
    "statements.withdraw": _PLAIN,
    "support.ask": {"tried": "Connect a site", "happened": "No route", "environment": "4.3"},
    "support.settle": _PLAIN,
    "support.write": {"text": "One more thing."},
    "support_desk.answer": {"action": "answer", "text": "Add a route.", "as_project": "y"},
    "support_desk.close": {"action": "close_gap"},
    "support_desk.write_off": {"url": "https://example.org/routes"},
    "tiers.add": _TIER,
    "tiers.announce": {"notice_days": "30"},
    "tiers.archive": _PLAIN,
    "tiers.change": _TIER,
    "tiers.move": {"direction": "up"},
    "tiers.restore": _PLAIN,
    "treasury.credit": {"credit-amount": "10.00", "credit-reason": "A discount."},
    "treasury.pay": {"amount": "40.00", "received_on": TODAY.date().isoformat(),
                     "reference": "12/3", "source": "bank", "seen_open": "10000"},
    "votes.cast": {"position": "for", "reason": "It helps.", "conflict": "None."},
    "votes.desk_cast": {"position": "against", "reason": "It does not."},
    "votes.open_": {"question": "Shall they grow?", "closes_at": f"{LATER:%Y-%m-%dT%H:%M}"},
    "windows.extend": {"closes_at": f"{LATER:%Y-%m-%dT%H:%M}", "reason": "Holidays.",
                       "step": "save"},
}  # fmt: skip
# Accepted as they are only with something a page hands out, or refused for want of a mailed link.
NEEDS_A_LINK = {"sign_in.enter_by_link"}
NEEDS_A_FILE = {"bank_imports.columns", "bank_imports.upload"}
BALLOTS = {"contributor_ballots.cast", "votes.cast", "votes.desk_cast"}


def _charter_number(world: World) -> Form:
    charter = find_charter(world.project_id)
    assert charter
    return {"number": str(charter.number)}


def _previewed(world: World) -> Form:
    page = get_desk_proposal(world.project_id, world.values["number"], now=TODAY)
    standing = find_standing(world.project_id, now=datetime.now(UTC))
    return {"seal": preview_seal(standing, revision=page.revision)}


def _ways(world: World) -> Form:
    person = db.session.merge(world.person)
    return {kind.value: way.value for kind, way in get_choices(actor_of(person)).ways.items()}


def _maintainer(world: World) -> str:
    return str(world.of_endpoint["desk.save_roles"]["person_id"])


def _colleague(world: World) -> Form:
    return {"person": str(world.values["person_id"])}


# What a page hands out with its form, or lets choose.
HANDED_OUT: dict[str, Callable[[World], Form]] = {
    "bank_imports.match": lambda world: {"invoice": f"{world.values['document']}:10000"},
    "blocks.block": _colleague,
    "blocks.keep_apart": _colleague,
    "charters.change": _charter_number,
    "conduct.report": lambda world: {"kept_away": [_maintainer(world)]},
    "conduct_desk.keep": lambda world: {"person": _maintainer(world)},
    "joining.join": lambda world: {
        "needs": [str(world.of_endpoint["need_desk.take_up"]["number"])],
        "proposal": str(world.values["number"]),
    },
    "need_desk.take_up": lambda world: {"proposal": str(world.values["number"])},
    "notifications.choose": _ways,
    "receipts.checked": lambda world: {"text": some_receipt(world.project_id)},
    "refunds.give": lambda world: {"payment": str(world.values["payment_id"])},
    "sponsorships.review": lambda _world: {"sp_bay-seal": publication_seal("Bay", "", None)},
    "votes.open_": _previewed,
    "windows.extend": lambda world: {
        "seal": get_vote(world.values["vote_id"]).closes_at.isoformat()
    },
}


def example(world: World, endpoint: str) -> Form:
    """The accepted form, with what its page would have handed out."""
    handed_out = HANDED_OUT.get(endpoint)
    return FORMS[endpoint] | (handed_out(world) if handed_out else {})
