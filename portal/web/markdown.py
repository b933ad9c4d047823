"""Markdown that people wrote, as safe HTML: no raw HTML, no pictures, quiet links."""

from __future__ import annotations

import nh3
from flask import Flask
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

# A page's own headings are h1 and h2; what people write stands below them.
_TOP_LEVEL = 3
_LOWEST_LEVEL = 6
_TAGS = frozenset(
    "p br hr em strong s code pre blockquote ul ol li a "
    "table thead tbody tr th td h3 h4 h5 h6".split()
)
_SCHEMES = {"https", "http", "mailto"}
_RELATION = "nofollow noopener"

_parser = (
    MarkdownIt("commonmark", {"html": False, "linkify": False})
    .enable(["table", "strikethrough"])
    .disable("image")
)
_cleaner = nh3.Cleaner(
    tags=set(_TAGS),
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    url_schemes=_SCHEMES,
    link_rel=_RELATION,
)


def render_markdown(text: str) -> Markup:
    """CommonMark with tables as HTML that is safe in any page.

    HTML in the text is shown as text, pictures become links, addresses other than http, https and
    mailto lose their link, and headings start below h2.
    """
    tokens = _parser.parse(text)
    _lower_headings(tokens)
    html = _parser.renderer.render(tokens, _parser.options, {})
    return Markup(_cleaner.clean(html))  # noqa: S704 - the cleaner lets only the tags above pass


def _lower_headings(tokens: list[Token]) -> None:
    """Keep the order of levels without gaps at the top: the highest written becomes h3."""
    headings = [token for token in tokens if token.type.startswith("heading_")]
    if not headings:
        return
    shift = _TOP_LEVEL - min(int(token.tag[1]) for token in headings)
    for token in headings:
        token.tag = f"h{min(_LOWEST_LEVEL, int(token.tag[1]) + shift)}"


def init_markdown(app: Flask) -> None:
    """Install the filter ``markdown``."""
    app.add_template_filter(render_markdown, "markdown")
