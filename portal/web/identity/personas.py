"""The demonstration's personas and mailbox."""

from __future__ import annotations

import re

from flask import Blueprint, redirect, render_template, session
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user
from markupsafe import Markup, escape

from portal.database import transaction
from portal.domain.errors import NotFound
from portal.ports.mail import Mailbox
from portal.queries.billing.accounts import find_personas
from portal.services.demonstration.cast import PERSONAS
from portal.services.identity.sessions import sign_out
from portal.services.identity.signing_in import sign_in_persona
from portal.web.access import collaborators, now, public
from portal.web.identity.sign_in import browser_name, enter

blueprint = Blueprint("personas", __name__)

VISITOR = "visitor"
_SHOWN_MAILS = 50
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


@blueprint.get("/personas")
@public
def choose() -> ResponseReturnValue:
    """Cards of everybody one can be."""
    _require_demonstration()
    found = find_personas(tuple(persona.email for persona in PERSONAS))
    return render_template(
        "personas/choose.html",
        personas=PERSONAS,
        found=found,
        today=now(),
        clock_url=collaborators().settings.stripe_api_base,
    )


@blueprint.post("/personas/<key>")
@public
def become(key: str) -> ResponseReturnValue:
    """Sign in as a persona; as the visitor, sign out."""
    _require_demonstration()
    persona = next((persona for persona in PERSONAS if persona.key == key), None)
    if persona is None and key != VISITOR:
        raise NotFound("persona")
    begun = None
    with transaction():
        if current_user.is_authenticated:
            sign_out(current_user.get_id(), now=now())
        if persona is not None:
            begun = sign_in_persona(
                persona.email, demonstration=True, browser=browser_name(), now=now()
            )
    logout_user()
    session.clear()
    return redirect("/", 303) if begun is None else enter(begun)


@blueprint.get("/mailbox")
@public
def read_mailbox() -> ResponseReturnValue:
    """The newest mails that the demonstration's mail server took in."""
    return render_template("personas/mailbox.html", mails=_mailbox().newest(_SHOWN_MAILS))


@blueprint.get("/mailbox/<key>")
@public
def read_mail(key: str) -> ResponseReturnValue:
    """One mail: its plain text, with its links made clickable; its HTML is never shown."""
    mail = _mailbox().find(key)
    if mail is None:
        raise NotFound("mail")
    return render_template("personas/mail.html", mail=mail, paragraphs=_paragraphs(mail.text))


def _require_demonstration() -> None:
    if not collaborators().settings.demonstration:
        raise NotFound


def _mailbox() -> Mailbox:
    _require_demonstration()
    mailbox = collaborators().mailbox
    if mailbox is None:
        raise NotFound("mailbox")
    return mailbox


def _paragraphs(text: str) -> list[Markup]:
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return [_with_links(block) for block in blocks if block.strip()]


def _with_links(text: str) -> Markup:
    """Text with line breaks kept and http addresses made links; all else is escaped."""
    parts: list[Markup] = []
    end = 0
    for found in _LINK.finditer(text):
        parts.append(escape(text[end : found.start()]))
        parts.append(Markup('<a href="{0}" rel="nofollow">{0}</a>').format(found.group()))
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts).replace("\n", Markup("<br>"))
