"""Uploaded pictures: re-encoded, limited, refused with a clear sentence at the field."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain.errors import Refusal
from portal.models.organizations import Picture
from portal.services.identity.pictures import MOST_BYTES, encode_picture, keep_picture


def make_picture(
    size: tuple[int, int] = (64, 32), kind: str = "PNG", mode: str = "RGBA", **options: Any
) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 1 if mode in "1PL" else None).save(file, kind, **options)
    return file.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes that would unpack into a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGBA"),
        ("GIF", "P"),
    ],
)
def test_pictures_become_webp(kind: str, mode: str) -> None:
    encoded = encode_picture(make_picture(kind=kind, mode=mode))
    with Image.open(io.BytesIO(encoded.data)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (64, 32))
    assert (encoded.width, encoded.height) == (64, 32)


def test_large_pictures_are_made_smaller_keeping_their_shape() -> None:
    encoded = encode_picture(make_picture((2000, 500)))
    assert (encoded.width, encoded.height) == (640, 160)


def test_nothing_but_pixels_is_kept() -> None:
    note = PngInfo()
    note.add_text("Comment", "secret-note")
    data = make_picture(pnginfo=note)
    assert b"secret-note" in data
    assert b"secret-note" not in encode_picture(data).data
    polyglot = data + b"<script>alert(1)</script>"
    assert b"script" not in encode_picture(polyglot).data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "unreadable"),
        (b"not a picture", "unreadable"),
        (b"%PDF-1.7 ...", "unreadable"),
        (make_picture()[:60], "unreadable"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "unreadable"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
        (b'<SVG onload="alert(1)">', "svg"),
        (make_picture((15, 400)), "too_small"),
        (b"x" * (MOST_BYTES + 1), "too_large"),
        (png_that_claims(4000, 3001), "too_many_pixels"),
        (png_that_claims(12_000, 12_000), "too_many_pixels"),
        (png_that_claims(60_000, 60_000), "too_many_pixels"),
        (make_picture(kind="BMP", mode="RGB"), "unreadable"),
        (make_picture(kind="TIFF", mode="RGB"), "unreadable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        encode_picture(data)
    assert (refusal.value.code, refusal.value.field) == (f"picture.{code}", "logo")


def test_the_same_picture_is_kept_once(app: Flask) -> None:
    encoded = encode_picture(make_picture())
    with transaction():
        first = keep_picture(encoded).id
    with transaction():
        assert keep_picture(encode_picture(make_picture())).id == first
    assert db.session.scalar(select(func.count()).select_from(Picture)) == 1
