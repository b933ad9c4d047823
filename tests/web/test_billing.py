"""Pages and files of billing: the same words on both, the same bytes each time, safe exports."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import pytest
from flask import Flask

from portal.database import db, transaction
from portal.models.identity import Person
from portal.queries.billing.documents import find_document_page
from portal.services.billing.sellers import save_seller
from portal.web.billing.document_characters import find_unshown, fit_to_font
from portal.web.billing.document_sheet import make_sheet
from tests.builders import NOW, sign_in
from tests.document_builders import BUYER, SELLER, Trade, make_trade


def person(trade: Trade, *, treasurer: bool = False) -> Person:
    actor = trade.treasurer if treasurer else trade.buyer
    assert actor.person_id
    return db.session.get_one(Person, actor.person_id)


def test_a_file_has_the_same_bytes_whoever_asks_and_whatever_changed_since(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    buyer, treasurer = sign_in(app, person(trade)), sign_in(app, person(trade, treasurer=True))
    first = buyer.get(
        f"/organizations/{trade.organization.slug}/documents/{invoice.reference}/file"
    )
    with transaction():
        save_seller(trade.treasurer, trade.project.id, replace(SELLER, legal_name="New"), now=NOW)
    again = treasurer.get(
        f"/desk/{trade.project.slug}/treasury/documents/{invoice.reference}/file",
        headers={"Accept-Language": "de"},
    )
    assert first.data == again.data
    assert first.headers["Content-Disposition"] == "inline; filename=Invoice-KELP-00001.pdf"


def test_what_a_file_cannot_show_is_said_when_saved_and_in_the_file(app: Flask) -> None:
    """The font has no Chinese or Japanese: nothing is refused, and nothing goes missing unsaid."""
    trade = make_trade()
    buyer = sign_in(app, person(trade))
    desk = f"/organizations/{trade.organization.slug}"
    typed = {
        "legal_name": "ルーメン株式会社 (Lumen)",
        "address": "Storgatan 1, Åre, Ελλάδα",
        "country": "SE",
        "tax_id": "",
    }
    saved = buyer.post(f"{desk}/billing", data=typed, follow_redirects=True).text
    assert "print □ instead: ル ー メ ン 株 式 会 社." in saved
    invoice = trade.order()
    sheet = make_sheet(find_document_page(invoice.reference, now=NOW).issued)
    fitted = fit_to_font(sheet)
    assert sheet.buyer.lines[0] == typed["legal_name"]
    assert fitted.buyer.lines[:2] == ("□□□□□□□□ (Lumen)", typed["address"])
    assert "□ stands for a character" in fitted.notes[-1]
    assert (fitted.sums, fitted.payment) == (sheet.sums, sheet.payment)
    file = buyer.get(f"{desk}/documents/{invoice.reference}/file")
    assert file.data[:5] == b"%PDF-"
    assert typed["legal_name"] in buyer.get(f"{desk}/documents/{invoice.reference}").text
    plain = buyer.post(
        f"{desk}/billing", data=typed | {"legal_name": "Lumen"}, follow_redirects=True
    )
    assert "PDF files cannot show" not in plain.text
    assert fit_to_font(replace(sheet, buyer=sheet.seller)).notes == sheet.notes


SET = {
    "Greek": "Παράδειγμα Α.Ε.",
    "Cyrillic": "ООО «Пример», Київ",
    "Vietnamese": "Công ty Nguyễn Thị Ví Dụ",
    "Armenian and Georgian": "Օրինակ მაგალითი",
    "signs": "☺ ✓ №",
}
# Letters in the font, too, that would stand unjoined or in the wrong order.
NOT_SET = {
    "Arabic": "شركة المثال",
    "Persian": "شرکت نمونه",
    "Hebrew": "חברת הדוגמה",
    "Chinese": "示例有限公司",
    "Japanese": "ルーメン株式会社",
    "Thai": "บริษัท",
    "emoji": "🚀",
    "a loose accent": "\u0301",
}


@pytest.mark.parametrize("text", SET.values(), ids=SET)
def test_what_a_file_sets_rightly_is_left_alone(app: Flask, text: str) -> None:
    with app.test_request_context():
        assert find_unshown(text) == ""


@pytest.mark.parametrize("text", NOT_SET.values(), ids=NOT_SET)
def test_what_a_file_would_set_wrongly_counts_as_not_shown(app: Flask, text: str) -> None:
    with app.test_request_context():
        assert set(find_unshown(f"A {text} 1\ufe0f")) == set(text.replace(" ", ""))


def test_a_quote_says_what_the_file_of_its_invoice_cannot_show(app: Flask) -> None:
    trade = make_trade(buyer=replace(BUYER, legal_name="חברת הדוגמה"))
    quote = trade.quote()
    page = sign_in(app, person(trade)).get(
        f"/organizations/{trade.organization.slug}/documents/{quote}"
    )
    assert "print □ instead: ח ב ר ת ה ד ו ג מ." in page.text


def test_the_page_says_what_the_file_says(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    page = find_document_page(invoice.reference, now=NOW)
    text = sign_in(app, person(trade)).get(
        f"/organizations/{trade.organization.slug}/documents/{invoice.reference}"
    ).text  # fmt: skip
    sheet = make_sheet(page.issued)
    words = [*sheet.seller.lines, *sheet.buyer.lines, *sheet.notes]
    words += [value for _label, value in (*sheet.facts, *sheet.payment)]
    words += [each.value for each in sheet.sums]
    assert [each for each in words if each not in text] == []
    assert "Reverse charge" in " ".join(sheet.notes)
    assert ("Reference to quote", "RF87 KELP 0000 1") in sheet.payment


def test_exports_hold_every_document_and_no_formula(app: Flask) -> None:
    trade = make_trade(buyer=replace(BUYER, legal_name="=SUM(A1:A9)"))
    trade.pay(trade.order())
    browser = sign_in(app, person(trade, treasurer=True))
    root = f"/desk/{trade.project.slug}/treasury/export"
    text = browser.get(f"{root}/documents.csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    assert [row["number"] for row in rows] == ["KELP-Q00001", "KELP-00001", "KELP-R00001"]
    assert {row["organization"] for row in rows} == {"'=SUM(A1:A9)"}
    assert rows[1]["total"] == "1190.00"
    paid = list(
        csv.DictReader(StringIO(browser.get(f"{root}/payments.csv").data.decode("utf-8-sig")))
    )
    assert [(row["amount"], row["method"], row["invoice"]) for row in paid] == [
        ("1190.00", "bank", "KELP-00001")
    ]


def test_a_doubtful_tax_id_is_told_and_never_blocks(app: Flask) -> None:
    trade = make_trade(buyer=replace(BUYER, tax_id=""))
    answer = sign_in(app, person(trade)).post(
        f"/p/{trade.project.slug}/tiers/{trade.tier.tier.slug}/invoice",
        data={"organization": trade.organization.slug, "version": "1", "legal_name": "Acme BV",
              "address": "Here 1", "country": "NL", "tax_id": "NL000000000B00"},
        follow_redirects=True,
    )  # fmt: skip
    assert answer.status_code == 200
    assert "does not look like one of that country" in answer.text
    assert "KELP-Q00001" in answer.text


def test_the_desk_of_a_treasurer_tells_what_needs_doing(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order(now=datetime(2020, 1, 2, tzinfo=UTC))
    text = sign_in(app, person(trade, treasurer=True)).get(
        f"/desk/{trade.project.slug}/treasury"
    ).text  # fmt: skip
    assert "1 thing needs you." in text
    assert invoice.number in text
    stranger = sign_in(app, person(trade))
    assert stranger.get(f"/desk/{trade.project.slug}/treasury").status_code == 404
