"""What the pages of a ballot share, whoever it is that casts it."""

from __future__ import annotations

from typing import Any

from flask import flash
from flask_babel import gettext as _

from portal.domain.votes import Method
from portal.queries.votes.votes import BallotPage
from portal.web.access import now
from portal.web.votes.method_words import (
    describe_choice,
    explain_ballot,
    explain_count,
    method_names,
)
from portal.web.votes.option_ballots import BallotForm, cast_form, choice_name
from portal.web.votes.outcome_words import house_name


def filled_form(page: BallotPage) -> BallotForm:
    """The form, showing the ballot that stands."""
    ballot = page.ballot
    return cast_form(ballot.choice, ballot.reason, ballot.conflict) if ballot else BallotForm()


def say_cast(reference: str) -> None:
    """Tell whoever cast a ballot that it is cast."""
    flash(_("The ballot is cast. Its receipt is %(receipt)s.", receipt=reference), "good")


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
