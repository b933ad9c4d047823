"""What the pages of a ballot share, whoever it is that casts it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import flash, request
from flask_babel import gettext as _

from portal.database import write_together
from portal.domain.errors import Refusal
from portal.domain.votes import Method
from portal.queries.votes.votes import BallotPage
from portal.services.votes.vote_mail import Receipt
from portal.web.access import collaborators, current_actor, now, this_moment
from portal.web.votes.method_words import (
    describe_choice,
    explain_ballot,
    explain_count,
    method_names,
)
from portal.web.votes.option_ballots import (
    BallotForm,
    cast_form,
    choice_name,
    posted_form,
    read_posted,
)
from portal.web.votes.outcome_words import house_name


def filled_form(page: BallotPage) -> BallotForm:
    """The form, showing the ballot that stands."""
    ballot = page.ballot
    return cast_form(ballot.choice, ballot.reason, ballot.conflict) if ballot else BallotForm()


def cast_posted(cast: Callable[..., Receipt], *where: int) -> BallotForm | None:
    """Cast the posted ballot by one of the services for it; the form where it was refused.

    The server's clock is read when it is the ballot's turn to be written.
    """
    form = posted_form(request.form)
    if not form.validate():
        return form
    try:
        posted = partial(
            cast,
            current_actor(),
            *where,
            read_posted(request.form),
            reason=form.reason.data,
            conflict=form.conflict.data,
            site=collaborators().settings.base_url,
        )
        receipt = write_together(lambda: posted(now=this_moment()))
    except Refusal as refusal:
        form.refuse(refusal)
        return form
    flash(_said(receipt), "done")
    return None


def _said(receipt: Receipt) -> str:
    done = _("The ballot is cast.")
    if not receipt.fresh:
        done = _("This very ballot stood already.")
    elif receipt.replaced:
        done = _("The ballot is cast, and replaces the earlier one.")
    return f"{done} " + _("Its receipt is %(receipt)s.", receipt=receipt.reference)


def ballot_context(page: BallotPage, form: BallotForm) -> dict[str, Any]:
    """What each page of a ballot shows; the controls of a choice are named after ``choice``."""
    plain = page.paper.method is Method.YES_NO
    return {
        "page": page,
        "form": form,
        "choice": "" if plain else choice_name(page.paper),
        "how_to_fill": [] if plain else explain_ballot(page.paper, page.credits),
        "how_counted": [] if plain else explain_count(page.paper, page.tie),
        "house_name": house_name,
        "describe_choice": describe_choice,
        "method_names": method_names(),
        "now": now(),
    }
