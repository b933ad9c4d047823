"""The texts of templates in the reader's language, found once for each request."""

from __future__ import annotations

from babel.support import NullTranslations, Translations
from flask import Flask, g
from flask_babel import get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup


def init_texts(app: Flask) -> None:
    """Let templates translate without asking for the reader's language at each text.

    A page has hundreds of texts, and asking took a sixth of its time. One rendering keeps to one
    language: that of its request.
    """
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: _translations().ugettext(text),
        ngettext=lambda one, many, number: _translations().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"] = _translate


@pass_eval_context
def _translate(context: EvalContext, text: str, **values: object) -> str:
    """What Jinja's own does, without its detours: most texts are plain and have no values."""
    found: str = _translations().ugettext(text)
    if context.autoescape:
        found = Markup(found)  # noqa: S704 - the project's own text
    return found % values if values or "%" in found else found


def _translations() -> NullTranslations | Translations:
    found: NullTranslations | Translations | None = g.get("translations")
    if found is None:
        found = g.translations = get_translations()
    return found
