"""Pages everybody can read, without signing in and without a script."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from portal.domain.errors import NotFound
from portal.domain.permissions import Permission, may
from portal.domain.votes import Method
from portal.queries.identity.public_organizations import (
    find_public_picture,
    get_organization_page,
    get_own_picture,
)
from portal.queries.projects.charters import find_charter
from portal.queries.projects.public_home import get_home_page
from portal.queries.projects.public_people import find_public_people
from portal.queries.projects.public_project import get_project_frame, get_project_page
from portal.queries.projects.roadmap import get_roadmap
from portal.queries.sponsorship.public_sponsors import get_sponsors_page
from portal.queries.sponsorship.stake_effects import list_credited
from portal.queries.sponsorship.tiers import list_tiers_on_sale
from portal.queries.votes.outcomes import OutcomePage, get_outcome_page
from portal.queries.votes.proposals import get_proposal_page, list_proposals
from portal.queries.votes.windows import find_window, get_present_page
from portal.queries.workshop.needs import find_need_credits
from portal.queries.workshop.own_statements import list_own_desks
from portal.queries.workshop.screening import find_intake
from portal.queries.workshop.statements import find_public_statements
from portal.queries.workshop.support_pace import find_public_pace, gives_support
from portal.web.access import collaborators, current_actor, now, public
from portal.web.page_cache import page_changes_at, public_page
from portal.web.projects.charter_rules import describe_charter, describe_voice, describe_weight
from portal.web.row_numbers import asked_number
from portal.web.sponsorship.benefits import describe_benefit
from portal.web.votes.method_words import explain_count, list_choice, method_names
from portal.web.votes.option_outcomes import name_chosen, sum_chosen
from portal.web.votes.outcome_words import (
    explain_house,
    explain_mode,
    house_name,
    unnamed_elector,
)
from portal.web.votes.power_words import describe_power, explain_frozen_power, explain_power
from portal.web.votes.public_charts import (
    draw_standing,
    outcome_charts,
    power_chart,
    share_chart,
    turnout_chart,
    window_chart,
)
from portal.web.workshop.statement_forms import POSITIONS

blueprint = Blueprint("public", __name__)
blueprint.add_app_template_filter(describe_benefit, "benefit")

_YEAR = "public, max-age=31536000, immutable"
_ROBOTS = """User-agent: *
Disallow: /account
Disallow: /appearance
Disallow: /contributor
Disallow: /desk
Disallow: /invitations
Disallow: /operator
Disallow: /organizations
Disallow: /sign-in
Disallow: /webhooks
"""


@blueprint.get("/")
@public_page
def home() -> ResponseReturnValue:
    """The projects of this instance, and what a stake is."""
    page = get_home_page(now=now(), after=request.args.get("after", ""))
    page_changes_at(page.changes_at, now=now())
    return _page("home", page=page)


@blueprint.get("/p/<project>")
@public_page
def overview(project: str) -> ResponseReturnValue:
    """A project: what it is, where it stands, what is being voted on."""
    page = get_project_page(project, now=now())
    page_changes_at(page.changes_at, now=now())
    return _page("project", page=page, project=page.project)


@blueprint.get("/p/<project>/sponsors")
@public_page
def sponsors(project: str) -> ResponseReturnValue:
    """Who pays, by tier and since when; the weights that follow; who paid before."""
    after, before = request.args.get("after", ""), request.args.get("before", "")
    page = get_sponsors_page(project, now=now(), after=after, before=before)
    chart = draw_standing(page)
    further = bool(after or before)
    warnings = explain_power(page.electorate.sponsors) if page.electorate else ()
    return _page(
        "sponsors", page=page, project=page, chart=chart, warnings=warnings, further=further
    )


@blueprint.get("/p/<project>/tiers")
@public_page
def tiers(project: str) -> ResponseReturnValue:
    """What can be bought, and what share of the vote it would give today."""
    frame = get_project_frame(project)
    on_sale = list_tiers_on_sale(frame.id, now=now())
    shares = {tier.slug: share_chart(tier.share, tier.terms.audience) for tier in on_sale}
    return _page(
        "tiers",
        project=frame,
        tiers=on_sale,
        shares=shares,
        describe_power=describe_power,
        pace=find_public_pace(frame.id),
    )


@blueprint.get("/p/<project>/roadmap")
@public_page
def roadmap(project: str) -> ResponseReturnValue:
    """What was accepted, and how far it has come."""
    frame = get_project_frame(project)
    return _page("roadmap", project=frame, roadmap=get_roadmap(frame.id))


@blueprint.get("/p/<project>/proposals")
@public_page
def proposals(project: str) -> ResponseReturnValue:
    """Every published proposal, the newest first."""
    frame = get_project_frame(project)
    before = asked_number("before")
    found = list_proposals(frame.id, now=now(), before=before)
    for row in found.rows:
        page_changes_at(row.vote.closes_at if row.vote else None, now=now())
    return _page("proposals", project=frame, proposals=found, further=before is not None)


@blueprint.get("/p/<project>/proposals/<int:number>")
@public_page
def proposal(project: str, number: int) -> ResponseReturnValue:
    """A proposal, where it stands, and its votes."""
    frame = get_project_frame(project)
    page = get_proposal_page(frame.id, number, now=now())
    for vote in page.votes:
        page_changes_at(vote.closes_at, now=now())
        page_changes_at(_day_after(vote.review_on), now=now())
    page_changes_at(page.consulted_until, now=now())
    window = find_window(page.votes[0].id) if page.votes else None
    asked = page.asked
    choice = asked is not None and asked.paper.method is not Method.YES_NO
    return _page(
        "proposal",
        choice=choice,
        how_counted=explain_count(asked.paper, asked.tie) if asked and choice else [],
        method_names=method_names(),
        project=frame,
        page=page,
        need_credits=find_need_credits(frame.id, number),
        consultation=find_public_statements(frame.id, number),
        desks=list_own_desks(current_actor(), frame.id, Permission.ORGANIZATION_STATEMENT_READ),
        contributes=may(
            current_actor(), Permission.CONTRIBUTOR_STATEMENT_WRITE, project_id=frame.id
        ),
        positions=POSITIONS,
        window=window,
        turnout=window_chart(window.turnouts) if window else None,
    )


@blueprint.get("/p/<project>/proposals/<int:number>/present")
@public_page
def present(project: str, number: int) -> ResponseReturnValue:
    """Who has voted on a proposal so far, never how or when."""
    frame = get_project_frame(project)
    page = get_present_page(frame.id, number, now=now(), after=asked_number("after") or 0)
    page_changes_at(page.closes_at, now=now())
    return render_template(
        "windows/present.html",
        project=frame,
        page=page,
        turnout=window_chart(page.window.turnouts),
        house_name=house_name,
        unnamed_elector=unnamed_elector,
        now=now(),
    )


@blueprint.get("/p/<project>/proposals/<int:number>/outcome")
@public_page
def outcome(project: str, number: int) -> ResponseReturnValue:
    """How a vote ended, house by house, with the roll call."""
    frame = get_project_frame(project)
    after = asked_number("after") or 0
    page = _outcome(frame.id, number, after=after)
    return _page(
        "outcome",
        after=after,
        project=frame,
        page=page,
        pictures=outcome_charts(page.figures),
        chosen=name_chosen(page.figures),
        chosen_cost=sum_chosen(page.figures),
        how_weighed=describe_weight(page.damping, page.cap),
        how_counted=explain_count(page.figures.paper, page.tie),
        list_choice=list_choice,
        turnout=turnout_chart(page.figures),
        house_name=house_name,
        unnamed_elector=unnamed_elector,
        explain_house=explain_house,
        explain_power=explain_frozen_power,
        power_chart=partial(power_chart, cap=page.cap),
        mode=explain_mode(page.figures),
        signed=bool(collaborators().record_key.public_keys()),
    )


@blueprint.get("/p/<project>/proposals/<int:number>/decision")
@public_page
def decision(project: str, number: int) -> ResponseReturnValue:
    """What the maintainers decided on an outcome, and why."""
    frame = get_project_frame(project)
    page = _outcome(frame.id, number, reviews=True)
    if page.decision is None:
        raise NotFound("decision")
    page_changes_at(_day_after(page.decision.next_review_on), now=now())
    return _page("decision", project=frame, page=page)


@blueprint.get("/p/<project>/charter")
@public_page
def charter(project: str) -> ResponseReturnValue:
    """The rules of this project's votes, from the configuration that the tally reads."""
    frame = get_project_frame(project)
    page = find_charter(frame.id)
    if page is None:
        raise NotFound("charter")
    return _page("charter", project=frame, page=page, rules=describe_charter(page.charter))


@blueprint.get("/p/<project>/contribute")
@public_page
def contribute(project: str) -> ResponseReturnValue:
    """Three doors: help with use, security, development."""
    frame = get_project_frame(project)
    intake = find_intake(frame.id)
    page_changes_at(intake.quiet_until, now=now())
    resting = intake.quiet_until is not None and intake.quiet_until > now()
    return _page(
        "contribute",
        project=frame,
        intake=intake,
        resting=resting,
        gives_support=gives_support(frame.id),
        desks=list_own_desks(current_actor(), frame.id, Permission.ORGANIZATION_NEED_WRITE),
        contributes=may(current_actor(), Permission.CONTRIBUTOR_NEED_WRITE, project_id=frame.id),
        maintainers=find_public_people(frame.id).maintainers,
    )


@blueprint.get("/p/<project>/how-we-work")
@public_page
def how_we_work(project: str) -> ResponseReturnValue:
    """Who is in the room, what a stake buys, and what it does not."""
    frame = get_project_frame(project)
    charter = find_charter(frame.id)
    return _page(
        "how_we_work",
        project=frame,
        people=find_public_people(frame.id),
        voice=describe_voice(charter.charter.contributors) if charter else "",
    )


@blueprint.get("/o/<organization>")
@public_page
def organization(organization: str) -> ResponseReturnValue:
    """What a sponsor lets the public know, as maintainers approved it."""
    page = get_organization_page(organization)
    return _page("organization", page=page, credited=list_credited(organization))


@blueprint.get("/pictures/<sha256>.webp")
@public
def picture(sha256: str) -> ResponseReturnValue:
    """A picture; its address is that of its bytes, so it never changes."""
    found, cache = find_public_picture(sha256), _YEAR
    if found is None:
        found, cache = get_own_picture(sha256, actor=current_actor()), "private, no-store"
    response = Response(found.data, content_type=found.media_type)
    response.headers["Cache-Control"] = cache
    return response


@blueprint.get("/robots.txt")
@public
def robots() -> ResponseReturnValue:
    """What search engines may read: the public pages."""
    return Response(_ROBOTS, content_type="text/plain; charset=utf-8")


def _outcome(project_id: int, number: int, *, after: int = 0, reviews: bool = False) -> OutcomePage:
    return get_outcome_page(
        project_id, number, vote_id=asked_number("vote"), after=after, reviews=reviews
    )


def _day_after(day: date | None) -> datetime | None:
    """When a day is over, for pages that say whether it is."""
    return None if day is None else datetime.combine(day + timedelta(days=1), time(), UTC)


def _page(template: str, **context: Any) -> str:  # noqa: ANN401 - whatever the template shows
    return render_template(f"public/{template}.html", now=now(), **context)
