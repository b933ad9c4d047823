"""Markdown: what people wrote, and nothing that could run or pretend."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.markdown import render_markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Top\n\n## Next", "<h3>Top</h3>\n<h4>Next</h4>\n"),
        ("###### Deep", "<h3>Deep</h3>\n"),
        ("# a\n\n###### z", "<h3>a</h3>\n<h6>z</h6>\n"),
        ("*a* **b**", "<p><em>a</em> <strong>b</strong></p>\n"),
        (
            "[a](https://example.org)",
            '<p><a href="https://example.org" rel="nofollow noopener">a</a></p>\n',
        ),
        ("<b>raw</b>", "<p>&lt;b&gt;raw&lt;/b&gt;</p>\n"),
        ("", ""),
    ],
)
def test_rendering(text: str, html: str) -> None:
    assert render_markdown(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,1)",
        "[x](vbscript:1)",
        "<javascript:alert(1)>",
        "[x](&#106;avascript:alert(1))",
        "![x](javascript:alert(1))",
    ],
)
def test_addresses_that_run_are_no_links(text: str) -> None:
    assert "<a" not in render_markdown(text)


def test_pictures_are_not_loaded() -> None:
    assert "<img" not in render_markdown("![tracker](https://example.org/pixel.png)")


_ALLOWED = re.compile(
    r"</?(?:p|br|hr|em|strong|s|code|pre|blockquote|ul|li|table|thead|tbody|tr|th|td|h[3-6])>"
    r'|</?ol>|<ol start="\d+">|</a>'
    r'|<a (?:href="(?:https?:|mailto:|[^":]*["/?#]|[^":]*")[^"<>]*"? ?)?(?:title="[^"]*" )?'
    r'rel="nofollow noopener">'
)
_PIECES = st.sampled_from(
    [
        "<script>",
        "</script>",
        "<img src=x onerror=1>",
        "[a](",
        "javascript:",
        "https://e.org",
        ")",
        "# ",
        "\n\n",
        "`",
        "**",
        "<",
        ">",
        '"',
        "'",
        "&lt;",
        "| a |\n|-|\n",
        "- ",
        "1. ",
        "style=",
        "\x00",
    ]
)


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_no_tag_but_the_allowed_ones_ever_comes_out(text: str) -> None:
    html = render_markdown(text)
    rest = _ALLOWED.sub("", html)
    assert "<" not in rest, rest
