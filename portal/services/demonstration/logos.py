"""Logos for invented sponsors, drawn from circles, bars and arcs."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

_SIZE = 512
SIDE = 256
_INKS = (
    ("#1f3a5f", "#e9c46a"),
    ("#0f766e", "#f4f1de"),
    ("#7c2d12", "#fdba74"),
    ("#3b0764", "#d8b4fe"),
    ("#14532d", "#bbf7d0"),
    ("#111827", "#f87171"),
    ("#9a3412", "#fef3c7"),
    ("#1e40af", "#93c5fd"),
)

Points = list[tuple[float, float]]


def draw_logo(number: int) -> bytes:
    """A square mark as WebP, the same for the same number; neighbors differ in shape and ink."""
    ink, light = _INKS[number % len(_INKS)]
    image = Image.new("RGB", (_SIZE, _SIZE), ink)
    pen = ImageDraw.Draw(image)
    _SHAPES[number % len(_SHAPES)](pen, light, ink)
    out = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(out, "WEBP", lossless=True)
    return out.getvalue()


def _waves(pen: ImageDraw.ImageDraw, light: str, _ink: str) -> None:
    for row in range(3):
        top = 150 + row * 80
        for column in range(4):
            left = 76 + column * 90
            start, end = (180, 360) if column % 2 else (0, 180)
            pen.arc((left, top, left + 90, top + 60), start, end, fill=light, width=26)


def _rings(pen: ImageDraw.ImageDraw, light: str, ink: str) -> None:
    for index, radius in enumerate((170, 120, 70)):
        box = (256 - radius, 256 - radius, 256 + radius, 256 + radius)
        pen.ellipse(box, fill=light if index % 2 == 0 else ink)


def _bars(pen: ImageDraw.ImageDraw, light: str, _ink: str) -> None:
    for index, height in enumerate((120, 210, 300, 180)):
        left = 106 + index * 80
        pen.rounded_rectangle((left, 400 - height, left + 56, 400), 14, fill=light)


def _peak(pen: ImageDraw.ImageDraw, light: str, ink: str) -> None:
    pen.polygon([(70, 390), (220, 130), (370, 390)], fill=light)
    pen.polygon([(250, 390), (350, 215), (450, 390)], fill=light, outline=ink, width=14)


def _half(pen: ImageDraw.ImageDraw, light: str, _ink: str) -> None:
    pen.pieslice((96, 96, 416, 416), 90, 270, fill=light)
    pen.arc((96, 96, 416, 416), 270, 90, fill=light, width=26)


def _grid(pen: ImageDraw.ImageDraw, light: str, _ink: str) -> None:
    for row in range(3):
        for column in range(3):
            if (row, column) != (1, 1):
                x, y = 112 + column * 104, 112 + row * 104
                pen.rounded_rectangle((x, y, x + 80, y + 80), 18, fill=light)


def _leaf(pen: ImageDraw.ImageDraw, light: str, ink: str) -> None:
    pen.rounded_rectangle((110, 110, 402, 402), 146, fill=light)
    pen.rectangle((256, 110, 402, 256), fill=light)
    pen.rectangle((110, 256, 256, 402), fill=light)
    pen.line([(150, 362), (352, 160)], fill=ink, width=18)


def _keel(pen: ImageDraw.ImageDraw, light: str, _ink: str) -> None:
    pen.polygon([(240, 90), (240, 330), (90, 330)], fill=light)
    pen.polygon([(272, 140), (272, 330), (410, 330)], fill=light)
    pen.chord((90, 270, 420, 440), 15, 165, fill=light)


def _cross(pen: ImageDraw.ImageDraw, light: str, _ink: str) -> None:
    pen.rounded_rectangle((216, 90, 296, 422), 40, fill=light)
    pen.rounded_rectangle((90, 216, 422, 296), 40, fill=light)


_SHAPES = (_waves, _rings, _bars, _peak, _half, _grid, _leaf, _keel, _cross)
