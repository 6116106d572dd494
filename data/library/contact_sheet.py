"""One picture that shows a whole library: photograph crop beside results tiled 2 × 2.

Photograph and results are drawn at one scale, so that too coarse or too fine results stand out, and
every result is repeated, so that a seam or an eye-catching blotch shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from data.library.encode import Pixels

CELL_PX: Final = 384
_GAP_PX: Final = 14
_MARGIN_PX: Final = 28
_CAPTION_PX: Final = 26
_ROW_HEAD_PX: Final = 44
_TITLE_PX: Final = 58

_PAPER: Final = (22, 23, 26)
_FRAME: Final = (36, 38, 43)
_INK: Final = (236, 236, 232)
_QUIET: Final = (150, 152, 158)
_GOOD: Final = (64, 168, 104)
_BAD: Final = (214, 84, 72)


@dataclass(frozen=True)
class SheetRow:
    """One material: its photograph, if it may be shown, and labelled results.

    `photograph` and the pictures in `results` are (height, width, 3) uint8 at one texel scale. Of
    the photograph a crop is shown, as large as the results; `overview` is shown whole before it.
    """

    material: str
    passed: bool | None
    photograph: Pixels | None
    results: tuple[tuple[str, Pixels], ...]
    overview: Pixels | None = None


def contact_sheet(rows: Iterable[SheetRow], *, title: str) -> Pixels:
    """Return the sheet, (height, width, 3) uint8.

    Raises:
        ValueError: there are no rows.
    """
    drawn = list(rows)
    if not drawn:
        raise ValueError("there are no rows to draw; give at least one material")
    columns = max(len(_cells(row)) for row in drawn)
    row_px = _ROW_HEAD_PX + CELL_PX + _CAPTION_PX + _GAP_PX
    width = 2 * _MARGIN_PX + columns * CELL_PX + (columns - 1) * _GAP_PX
    height = 2 * _MARGIN_PX + _TITLE_PX + len(drawn) * row_px
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN_PX, _MARGIN_PX), title, font=_font(28), fill=_INK)
    for index, row in enumerate(drawn):
        _draw_row(sheet, row, _MARGIN_PX + _TITLE_PX + index * row_px)
    return np.asarray(sheet)


def _draw_row(sheet: Image.Image, row: SheetRow, top: int) -> None:
    pen = ImageDraw.Draw(sheet)
    name = row.material.replace("_", " ")
    pen.text((_MARGIN_PX, top + 8), name, font=_font(22), fill=_INK)
    if row.passed is not None:
        left = _MARGIN_PX + round(pen.textlength(name, font=_font(22))) + 14
        word, colour = ("passed", _GOOD) if row.passed else ("not passed", _BAD)
        right = left + round(pen.textlength(word, font=_font(14))) + 18
        pen.rounded_rectangle((left, top + 10, right, top + 32), radius=11, fill=colour)
        pen.text((left + 9, top + 13), word, font=_font(14), fill=_PAPER)
    for column, (label, picture) in enumerate(_cells(row)):
        left = _MARGIN_PX + column * (CELL_PX + _GAP_PX)
        cell_top = top + _ROW_HEAD_PX
        pen.rectangle((left, cell_top, left + CELL_PX - 1, cell_top + CELL_PX - 1), fill=_FRAME)
        offset = ((CELL_PX - picture.width) // 2, (CELL_PX - picture.height) // 2)
        sheet.paste(picture, (left + offset[0], cell_top + offset[1]))
        pen.text((left, cell_top + CELL_PX + 5), label, font=_font(14), fill=_QUIET)


def _cells(row: SheetRow) -> list[tuple[str, Image.Image]]:
    """Return the labelled pictures of a row, none larger than a cell, all at one scale."""
    # Captions are ASCII: the font that Pillow carries has no multiplication sign.
    scale = min(CELL_PX / (2 * max(pixels.shape[:2])) for _, pixels in row.results)
    cells = [
        (f"{label}, {pixels.shape[1]} px, tiled 2 x 2", _scaled(np.tile(pixels, (2, 2, 1)), scale))
        for label, pixels in row.results
    ]
    if row.photograph is None:
        return cells
    most = int(CELL_PX / scale)
    crop = row.photograph[:most, :most]
    label = f"photograph, {crop.shape[1]} x {crop.shape[0]} px, same scale"
    return [*_overview(row), (label, _scaled(crop, scale)), *cells]


def _overview(row: SheetRow) -> list[tuple[str, Image.Image]]:
    if row.overview is None:
        return []
    height, width = row.overview.shape[:2]
    label = f"photograph, all {width} x {height} px"
    return [(label, _scaled(row.overview, CELL_PX / max(height, width)))]


def _scaled(pixels: Pixels, scale: float) -> Image.Image:
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    resample = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
    return Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height), resample)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)  # bundled with Pillow, the same on every machine
