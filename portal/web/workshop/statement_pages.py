"""The pages of a statement, wherever its author's side has them: read, put, take back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, Refusal
from portal.domain.needs import Credit
from portal.domain.statements import StatementState
from portal.queries.identity.actors import Scope
from portal.queries.weights.electorate import find_standing
from portal.queries.workshop.own_statements import OwnConsultation
from portal.web.access import now
from portal.web.forms import refused
from portal.web.workshop.statement_forms import POSITIONS, SHOWN, STATEMENT_CREDITS, StatementForm


@dataclass(frozen=True)
class Seat:
    """From where a statement on one proposal is put.

    ``home`` is where it is read, ``here`` where the form is posted, ``listed`` the name and address
    of the list that it stands in; ``speaker`` for whom it speaks, ``writes`` whether the reader
    may. ``read`` finds the consultation as it is seen from there; ``put`` hands a text in,
    ``withdraw`` takes it back. In person, ``credit`` is the name that the form proposes;
    ``is_named`` says that public pages name its author anyway.
    """

    project: Scope
    home: str
    here: str
    speaker: str
    frame: Mapping[str, Any]
    read: Callable[[], OwnConsultation]
    put: Callable[..., None]
    withdraw: Callable[..., None]
    listed: tuple[str, str] = ("", "")
    writes: bool = True
    credit: Credit = Credit.ORGANIZATION
    is_named: bool = True


_WORDS = {"positions": POSITIONS, "credits": STATEMENT_CREDITS, "promise": SHOWN}


def show_statement(seat: Seat) -> str:
    """One's own statement, and what others said."""
    return render_template(
        "statements/show.html", **seat.frame, **_WORDS, seat=seat, page=seat.read()
    )


def take_back(seat: Seat) -> ResponseReturnValue:
    """Withdraw the statement."""
    with transaction():
        seat.withdraw(now=now())
    flash(_("The statement is withdrawn, and its words are deleted."), "good")
    return redirect(seat.home, 303)


def show_form(seat: Seat) -> str:
    """The statement as a form: with the text that stands, or empty."""
    page = seat.read()
    form = StatementForm(formdata=None, pseudonym=page.last_pseudonym, credit=seat.credit.value)
    if page.own is not None:
        if page.own.state is not StatementState.WITHDRAWN:
            form.show(page.own)
        form.revision.data = str(page.own.revision)
    return _render(seat, page, form)


def save(seat: Seat) -> ResponseReturnValue:
    """Hand the statement in; what was typed stays where it is refused, beside a newer text."""
    form, is_older = StatementForm(), False
    if seat.credit is not Credit.ORGANIZATION:
        form.speak_in_person()
    if form.validate():
        standing = partial(find_standing, seat.project.id, now=now())
        try:
            with transaction():
                seat.put(form.read(), seen=form.seen, read_standing=standing, now=now())
        except (Conflict, Refusal) as error:
            refused(form, error)
            is_older = isinstance(error, Conflict)
        else:
            flash(_("Your statement is handed in."), "good")
            return redirect(seat.home, 303)
    page = seat.read()
    if is_older and page.own is not None:
        # Having seen the saved text beside their own, they may hand theirs in over it.
        form.revision.data = str(page.own.revision)
    return _render(seat, page, form, conflict=is_older), 409 if is_older else 422


def _render(
    seat: Seat, page: OwnConsultation, form: StatementForm, *, conflict: bool = False
) -> str:
    if seat.credit is not Credit.ORGANIZATION:
        form.speak_in_person()
    return render_template(
        "statements/edit.html",
        **seat.frame,
        **_WORDS,
        seat=seat,
        page=page,
        form=form,
        conflict=conflict,
    )
