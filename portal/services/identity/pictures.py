"""Pictures that people upload: re-encoded, so that only pixels are left, and kept once."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, ImageOps
from sqlalchemy import select

from portal.database import db
from portal.domain.errors import Refusal
from portal.models.organizations import Picture

MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 12_000_000
LEAST_SIDE = 16
LARGEST = (640, 320)
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_QUALITY = 90


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """A picture as WebP, without metadata and at most 640 by 320 pixels."""

    data: bytes
    width: int
    height: int


def encode_picture(data: bytes) -> EncodedPicture:
    """Decode an uploaded picture and encode it anew; animations keep their first frame.

    Refuses what is larger than 2 MB or 12 million pixels (before decoding it), smaller than 16
    pixels a side, drawn in SVG, damaged, or no picture at all.
    """
    if len(data) > MOST_BYTES:
        raise _refusal("too_large", "This file is larger than 2 MB. Choose a smaller one.")
    if b"<svg" in data[:4096].lower():
        raise _refusal("svg", "SVG pictures are not taken. Save it as PNG, JPEG or WebP.")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > MOST_PIXELS:
                raise _too_many_pixels()
            if min(width, height) < LEAST_SIDE:
                raise _refusal("too_small", "This picture is smaller than 16 pixels a side.")
            opened.load()
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError) as error:
        raise _refusal(
            "unreadable", "This file is not a picture that can be read. Use PNG, JPEG or WebP."
        ) from error
    picture.thumbnail(LARGEST)
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", quality=_QUALITY, method=4)
    return EncodedPicture(encoded.getvalue(), *picture.size)


def keep_picture(picture: EncodedPicture) -> Picture:
    """The row of a picture, made if its bytes are new."""
    sha256 = hashlib.sha256(picture.data).hexdigest()
    row = db.session.scalar(select(Picture).where(Picture.sha256 == sha256))
    if row is None:
        row = Picture(
            sha256=sha256,
            media_type="image/webp",
            width=picture.width,
            height=picture.height,
            data=picture.data,
        )
        db.session.add(row)
        db.session.flush()
    return row


def _too_many_pixels() -> Refusal:
    return _refusal(
        "too_many_pixels", "This picture has more than 12 million pixels. Make it smaller."
    )


def _refusal(reason: str, sentence: str) -> Refusal:
    return Refusal(f"picture.{reason}", sentence, field="logo")
