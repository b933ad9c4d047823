"""A page where anybody has a ballot file counted; nothing of it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO, TextIOWrapper

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.domain.errors import Refusal
from portal.domain.tally.file_counts import count_file
from portal.domain.tally.file_rules import Completion, FileRules, Report
from portal.domain.tally.formats import encoding_of, read_ballots
from portal.domain.tally.options import Unranked
from portal.domain.tally.ordering import number_places
from portal.web.access import public
from portal.web.forms import refused
from portal.web.limits import limited
from portal.web.votes.tally_charts import explain_report, report_chart
from portal.web.votes.tally_forms import MOST_BYTES, TallyForm

blueprint = Blueprint("tally", __name__)

_MOST_OPTIONS = 300
_SECONDS = 6


@blueprint.get("/tally")
@public
def ask() -> ResponseReturnValue:
    """The form."""
    return _render(TallyForm())


@blueprint.post("/tally")
@limited("12 per minute; 120 per hour")
@public
def count() -> ResponseReturnValue:
    """Count the file that came with the request, and show every figure."""
    form = TallyForm()
    if not form.validate():
        return _render(form), 422
    try:
        report = _count(form)
    except Refusal as refusal:
        refused(form, Refusal(refusal.code, refusal.message, field="file"))
        return _render(form), 422
    return _render(form, report)


def _count(form: TallyForm) -> Report:
    with form.upload.stream as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Refusal("tally.too_large", _("This file is larger than 4 MB."))
    text = TextIOWrapper(BytesIO(data), encoding_of(data), newline="")
    try:
        file = read_ballots(form.upload.filename or "", text, form.counted_by)
    except UnicodeError:
        raise Refusal(
            "tally.encoding", _("This file is not UTF-8 text: save it as UTF-8.")
        ) from None
    if len(file.options) > _MOST_OPTIONS:
        raise Refusal(
            "tally.too_many_options",
            _(
                "This page counts up to %(most)s options; the command counts more.",
                most=_MOST_OPTIONS,
            ),
        )
    rules = FileRules(
        unranked=Unranked(form.unranked.data),
        seats=form.seats.number or 1,
        completion=Completion(form.completion.data),
        threshold=form.threshold.share,
        each_round=_deadline(),
    )
    return count_file(file, rules)


def _deadline() -> Callable[[], None]:
    """Refuse to go on when a count takes longer than a page may."""
    ends = time.monotonic() + _SECONDS

    def check() -> None:
        if time.monotonic() > ends:
            raise Refusal(
                "tally.too_long",
                _("This count takes too long for a page. The command portal tally does it."),
            )

    return check


def _render(form: TallyForm, report: Report | None = None) -> str:
    return render_template(
        "tally.html",
        form=form,
        report=report,
        places=() if report is None else number_places(report.get("order", ())),
        chart=None if report is None else report_chart(report),
        said=() if report is None else list(explain_report(report)),
    )
