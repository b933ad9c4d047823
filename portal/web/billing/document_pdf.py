"""A document's sheet as a PDF file: the same sheet gives the same bytes, whenever it is asked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from portal.web.billing.document_characters import FONT_FILES
from portal.web.billing.document_sheet import Block, Sheet

if TYPE_CHECKING:
    from fpdf import FPDF

_FONT = "DejaVu"
_LEFT, _RIGHT, _TOP = 20.0, 190.0, 20.0
_WIDTH = _RIGHT - _LEFT
_INK, _QUIET, _RULE = (28, 27, 25), (96, 92, 85), (200, 195, 186)


def write_pdf(sheet: Sheet, *, issued_at: datetime, fonts: Path) -> bytes:
    """Draw a sheet on A4 with the vendored font in the folder ``fonts``."""
    # Imported here: the library and its fonts take a while, and few requests need them.
    from fpdf import FPDF  # noqa: PLC0415

    pdf = FPDF(format="A4")
    pdf.set_creation_date(issued_at)
    pdf.set_title(f"{sheet.title} {sheet.number}")
    pdf.set_author(sheet.seller.lines[0])
    pdf.set_lang(sheet.language)
    pdf.set_margins(_LEFT, _TOP, 210 - _RIGHT)
    pdf.c_margin = 0
    pdf.set_auto_page_break(auto=True, margin=20)
    for style, name in FONT_FILES:
        pdf.add_font(_FONT, style, fonts / name)
    pdf.add_page()
    _draw_head(pdf, sheet)
    _draw_positions(pdf, sheet)
    _draw_pairs(pdf, sheet.payment)
    _draw_notes(pdf, sheet)
    return bytes(pdf.output())


def _draw_head(pdf: FPDF, sheet: Sheet) -> None:
    """Title, the two sides beside each other, and the facts below."""
    _set(pdf, 20, bold=True)
    pdf.cell(_WIDTH, 10, f"{sheet.title} {sheet.number}", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    top = pdf.get_y()
    left = _draw_block(pdf, sheet.seller, _LEFT, top)
    right = _draw_block(pdf, sheet.buyer, _LEFT + _WIDTH / 2, top)
    pdf.set_xy(_LEFT, max(left, right) + 4)
    _draw_pairs(pdf, sheet.facts)


def _draw_block(pdf: FPDF, block: Block, x: float, y: float) -> float:
    """A heading and its lines at a place; returns where they end."""
    pdf.set_xy(x, y)
    _set(pdf, 8, color=_QUIET)
    pdf.multi_cell(_WIDTH / 2 - 6, 5, block.heading, new_x="LEFT", new_y="NEXT")
    for number, line in enumerate(block.lines):
        _set(pdf, 10, bold=number == 0)
        pdf.multi_cell(_WIDTH / 2 - 6, 5.2, line, align="L", new_x="LEFT", new_y="NEXT")
    return float(pdf.get_y())


def _draw_pairs(pdf: FPDF, pairs: tuple[tuple[str, str], ...]) -> None:
    """Labels with their values, between two rules; nothing if there are none."""
    if not pairs:
        return
    _rule(pdf)
    for label, value in pairs:
        _set(pdf, 9, color=_QUIET)
        pdf.cell(45, 6, label)
        _set(pdf, 10)
        pdf.multi_cell(_WIDTH - 45, 6, value, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(3)


def _draw_positions(pdf: FPDF, sheet: Sheet) -> None:
    """The positions and, at the right below them, the sums."""
    widths = (_WIDTH - 65, 20.0, 45.0)
    _rule(pdf)
    _set(pdf, 8, color=_QUIET)
    for width, label, align in zip(widths, sheet.columns, "LRR", strict=True):
        pdf.cell(width, 6, label, align=align)
    pdf.ln(6)
    for text, quantity, amount in sheet.rows:
        _set(pdf, 10)
        top = pdf.get_y()
        pdf.multi_cell(widths[0] - 4, 6, text, align="L", new_x="LMARGIN", new_y="NEXT")
        bottom = pdf.get_y()
        if bottom < top:  # the text went over to a new page
            top = bottom - 6
        pdf.set_xy(_LEFT + widths[0], top)
        pdf.cell(widths[1], 6, quantity, align="R")
        pdf.cell(widths[2], 6, amount, align="R")
        pdf.set_xy(_LEFT, bottom)
    pdf.ln(2)
    _rule(pdf)
    for each in sheet.sums:
        _set(pdf, 11 if each.strong else 10, bold=each.strong)
        pdf.cell(_WIDTH - 55, 7, each.label, align="R")
        pdf.cell(55, 7, each.value, align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)


def _draw_notes(pdf: FPDF, sheet: Sheet) -> None:
    pdf.ln(2)
    for note in sheet.notes:
        _set(pdf, 9)
        pdf.multi_cell(_WIDTH, 5.2, note, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(1)


def _rule(pdf: FPDF) -> None:
    pdf.set_draw_color(*_RULE)
    pdf.set_line_width(0.2)
    pdf.line(_LEFT, pdf.get_y(), _RIGHT, pdf.get_y())
    pdf.ln(2)


def _set(pdf: FPDF, size: int, *, bold: bool = False, color: tuple[int, int, int] = _INK) -> None:
    pdf.set_font(_FONT, "B" if bold else "", size)
    pdf.set_text_color(*color)
