"""Which characters the file of a document can show, and what stands in for the others.

The file's font has Latin, Greek, Cyrillic, Armenian and Georgian, but not the signs of Chinese,
Japanese, Korean, Thai or Indian scripts. It has Hebrew and Arabic letters, too, but the file sets
letters one by one from left to right: it neither turns a line round nor joins letters, and an
accent that is no part of its letter lands beside its place. So these count as not shown. The page
of a document shows whatever the reader's device has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from flask import current_app, flash
from flask_babel import force_locale
from flask_babel import gettext as _

from portal.web.billing.document_sheet import Sheet

FONT_FILES = (("", "dejavu-sans.ttf"), ("B", "dejavu-sans-bold.ttf"))
STAND_IN = "□"
_LAID_OUT = "\n\r\t"
_MOST_UNSHOWN = 20
_RIGHT_LEFT = frozenset({"R", "AL", "AN"})


def font_folder() -> Path:
    """Where the vendored fonts are."""
    return Path(current_app.static_folder or "") / "vendor"


def find_unshown(text: str) -> str:
    """The characters of a text that a file cannot set rightly, each once, in their order."""
    if text.isascii():
        return ""
    shown = _shown(font_folder())
    wrong = (each for each in text if not _is_invisible(each) and not _is_set(each, shown))
    return "".join(dict.fromkeys(wrong))


def find_unshown_in(sheet: Sheet) -> str:
    """The characters of a whole document that its file cannot set rightly."""
    return find_unshown("".join(_texts(sheet)))


def fit_to_font(sheet: Sheet) -> Sheet:
    """The sheet as its file can say it: with a square for what the font lacks, and a note of it.

    A sheet that the font can show is returned as it is.
    """
    unshown, invisible = find_unshown_in(sheet), filter(_is_invisible, "".join(_texts(sheet)))
    sheet = _mapped(sheet, dict.fromkeys(map(ord, invisible), ""))
    if not unshown:
        return sheet
    fitted: Sheet = _mapped(sheet, {ord(each): STAND_IN for each in unshown})
    with force_locale(sheet.language):
        note = _(
            "%(square)s stands for a character that this file cannot show. The page of this"
            " document shows all of them.",
            square=STAND_IN,
        )
    return replace(fitted, notes=(*fitted.notes, note))


def warn_of_unshown(*texts: str | None) -> None:
    """Say which characters of what was saved the files of documents cannot show."""
    unshown = find_unshown("".join(text or "" for text in texts))
    if unshown:
        flash(
            unshown_words(unshown),
            "live",
        )


def unshown_words(unshown: str) -> str:
    """Says what the file of a document does with characters that it cannot set."""
    named = (f"◌{each}" if unicodedata.category(each)[0] == "M" else each for each in unshown)
    return _(
        "PDF files cannot show these characters and print %(square)s instead: %(unshown)s."
        " Write the name and address in Latin letters too; pages show everything.",
        square=STAND_IN,
        unshown=" ".join(islice(named, _MOST_UNSHOWN)),
    )


def _is_invisible(character: str) -> bool:
    """Whether a character only steers its neighbors: joiners, marks of direction, variants."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def _is_set(character: str, shown: frozenset[str]) -> bool:
    """Whether the file sets a character as its readers expect it."""
    mark = unicodedata.category(character)[0] == "M"
    return (
        character in shown and not mark and unicodedata.bidirectional(character) not in _RIGHT_LEFT
    )


@cache
def _shown(folder: Path) -> frozenset[str]:
    """What every style of the font has; read once, and only when somebody needs it."""
    # The library takes a while, and few requests need it.
    from fpdf import FPDF  # noqa: PLC0415
    from fpdf.fonts import TTFFont  # noqa: PLC0415

    pdf = FPDF()
    fonts = [TTFFont(pdf, folder / name, style, style) for style, name in FONT_FILES]
    for font in fonts:
        font.close()
    regular, bold = (font.cmap.keys() for font in fonts)
    return frozenset(map(chr, regular & bold)) | set(_LAID_OUT)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _texts(getattr(value, each.name))


def _mapped(value: Any, stand_ins: dict[int, str]) -> Any:  # noqa: ANN401 - any part of a sheet
    if isinstance(value, str):
        return value.translate(stand_ins)
    if isinstance(value, tuple):
        return tuple(_mapped(part, stand_ins) for part in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed = {each.name: _mapped(getattr(value, each.name), stand_ins) for each in fields(value)}
    return replace(value, **changed)
