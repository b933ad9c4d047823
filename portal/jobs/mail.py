"""Mail: digests are gathered when they are due, and the outbox is delivered."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from flask import current_app

from portal.database import transaction
from portal.domain.stop_links import StopLink, sign_stop_link, stoppable
from portal.jobs.rows import one
from portal.ports.collaborators import Collaborators
from portal.ports.mail import Mail, MailUndelivered
from portal.services import outbox, purges
from portal.services.notifications import digests
from portal.services.outbox import DueMessage
from portal.services.votes import due_reviews, news
from portal.settings import Settings

# Whatever is sent without asking follows from a role, or from something done here.
_ALWAYS_SENT = (
    "Mail like this is always sent. It follows your roles and what is done with your address here."
    " To stop it, give up the role or leave, from "
)


def spread_news(_world: Collaborators, now: datetime) -> None:
    """Tell those who took part in proposals what became of them, in steps."""
    for news_id in news.find_untold_news():
        with one("news", news_id):
            more = True
            while more:
                with transaction():
                    more = news.tell_some(news_id, now=now)


def remind_of_reviews(_world: Collaborators, now: datetime) -> None:
    """Tell those who decide of decisions whose review date has come, once for each date."""
    for decision_id, due_on in due_reviews.find_due_reviews(now=now):
        with one("review of decision", decision_id), transaction():
            due_reviews.tell_due_review(decision_id, due_on, now=now)


def gather_digests(_world: Collaborators, now: datetime) -> None:
    """Make a digest for everybody for whom something collected is due, however late the run is."""
    last = 0
    while people := digests.find_due_digests(now=now, after=last):
        for person_id in people:
            with one("digest of person", person_id):
                _gather(person_id, now)
        last = people[-1]


def _gather(person_id: int, now: datetime) -> None:
    more = True
    while more:
        with transaction():
            more = digests.gather_digest(person_id, now=now)


def forget_mail(_world: Collaborators, now: datetime) -> None:
    """Mail that was sent long ago loses its words, in portions."""
    while old := purges.find_old_mail(now=now):
        with transaction():
            purges.forget_mail(old, now=now)


def deliver_mail(world: Collaborators, now: datetime) -> None:
    """Hand over what is due; what the server does not take is tried again, ever later."""
    for message_id in outbox.find_due_messages(now=now):
        with transaction():
            message = outbox.claim_message(message_id, now=now)
        if message is None:
            continue
        try:
            world.mail.send(_render(message, world.settings))
        except MailUndelivered as error:
            with transaction():
                outbox.mark_undelivered(message_id, str(error))
        else:
            with transaction():
                outbox.mark_sent(message_id, now=now)


def _render(message: DueMessage, settings: Settings) -> Mail:
    """A mail as text and HTML from one message; its id stays the same at every attempt."""
    # Not render_template: what it adds to pages reads the request, and there is none.
    templates = current_app.jinja_env
    stop_url, site = _stop_url(message, settings), settings.base_url
    values = {
        "heading": message.subject,
        "paragraphs": message.paragraphs,
        "items": [item._replace(action=_absolute(item.action, site)) for item in message.items],
        "action": _absolute(message.action, site),
        "reason": message.why,
        "stop": "" if stop_url else f"{_ALWAYS_SENT}{site}/desk.",
        "stop_link": _stop_link(message, stop_url),
        "choose_link": ("Choose what you get", f"{site}/account/notifications")
        if message.person_id is not None
        else None,
        "site_url": site,
    }
    return Mail(
        message_id=f"<{message.key}@{urlsplit(settings.base_url).hostname or 'localhost'}>",
        recipient=message.recipient,
        subject=message.subject,
        text=templates.get_template("layout/mail.txt").render(values),
        html=templates.get_template("layout/mail.html").render(values),
        stop_url=stop_url,
    )


def _absolute(action: tuple[str, str] | None, site: str) -> tuple[str, str] | None:
    """An action with a whole address: some are posted with a path of the portal."""
    if action is None or not action[1].startswith("/"):
        return action
    return (action[0], site + action[1])


def _stop_url(message: DueMessage, settings: Settings) -> str:
    """Where one click stops mail like this, or nothing where it is always sent."""
    if message.kind is None or message.person_id is None or not stoppable(message.kind):
        return ""
    link = StopLink(message.person_id, message.kind)
    token = sign_stop_link(settings.secret_key, link, issued_on=message.posted_at.date())
    return f"{settings.base_url}/notifications/stop/{token}"


def _stop_link(message: DueMessage, stop_url: str) -> tuple[str, str] | None:
    if not stop_url:
        return None
    return ("Stop the digest" if message.items else "Stop mail of this kind", stop_url)
