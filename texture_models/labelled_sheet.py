"""Pictures in rows with words beside them, as a model is explained with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, QUIET = (22, 23, 26), (236, 236, 232), (165, 167, 172)
GAP, MARGIN, CAPTION, HEAD = 8, 20, 20, 26


@dataclass(frozen=True)
class LabelledRow:
    """One row of a sheet.

    Attributes:
        label: stands above it; one line.
        pictures: (caption, (height, width, 3) uint8), left to right; all of one size.
    """

    label: str
    pictures: Sequence[tuple[str, np.ndarray]]


def labelled_sheet(title: str, rows: Sequence[LabelledRow], *, note: str = "") -> np.ndarray:
    """Draw rows of pictures below each other.

    Args:
        title: of the whole; ASCII, as every text: the bundled font has little else.
        rows: at least one.
        note: explains the sheet, below the title; may have several lines.

    Returns:
        (height, width, 3) uint8.
    """
    notes = note.splitlines()
    top = MARGIN + 34 + 18 * len(notes) + GAP
    heights = [HEAD + row.pictures[0][1].shape[0] + CAPTION + GAP for row in rows]
    width = max(sum(p.shape[1] + GAP for _, p in row.pictures) - GAP for row in rows)
    texts = [(title, 22), *((line, 13) for line in notes), *((row.label, 15) for row in rows)]
    width = max(width, *(round(font(size).getlength(text)) for text, size in texts))
    sheet = Image.new("RGB", (width + 2 * MARGIN, top + sum(heights) + MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), title, font=font(22), fill=INK)
    for number, line in enumerate(notes):
        pen.text((MARGIN, MARGIN + 34 + 18 * number), line, font=font(13), fill=QUIET)
    for row, height in zip(rows, heights, strict=True):
        pen.text((MARGIN, top + 4), row.label, font=font(15), fill=INK)
        left = MARGIN
        for caption, pixels in row.pictures:
            sheet.paste(Image.fromarray(np.ascontiguousarray(pixels)), (left, top + HEAD))
            pen.text((left, top + HEAD + pixels.shape[0] + 3), caption, font=font(12), fill=QUIET)
            left += pixels.shape[1] + GAP
        top += height
    return np.asarray(sheet)


def way_row(label: str, pictures: Sequence[np.ndarray]) -> LabelledRow:
    """Return a row that says of each picture how far it is along the way.

    Args:
        label: says from where to where.
        pictures: (height, width, 3) uint8 each, evenly from the one end to the other.
    """
    shares = np.linspace(0.0, 1.0, len(pictures))
    return LabelledRow(label, [(f"{s:.0%}", one) for s, one in zip(shares, pictures, strict=True)])


def materials_sheet(
    materials: Sequence[str], way: Callable[[int, int], Sequence[np.ndarray]], *, note: str
) -> np.ndarray:
    """Draw the way from each material to the next, and from the last to the first if not known.

    Args:
        materials: their names, at least two.
        way: numbers of two materials -> pictures from the one to the other, evenly.
        note: what changes on the way, and what stays.
    """
    count, rows = len(materials), []
    for first in range(count if count > 2 else 1):
        second = (first + 1) % count
        one, other = (materials[index].replace("_", " ") for index in (first, second))
        rows.append(way_row(f"{one} to {other}", way(first, second)))
    return labelled_sheet("Between materials", rows, note=note)


def loudest_knobs(
    turned: Callable[[int, float], np.ndarray], count: int, ends: tuple[float, float], shown: int
) -> list[tuple[int, float]]:
    """Return the knobs that change a picture most.

    Args:
        turned: (knob, setting) -> (height, width, 3) uint8.
        count: knobs there are.
        ends: settings that are compared.
        shown: knobs to return, at most.

    Returns:
        (knob, mean difference between the pictures of both ends in grey levels), loudest first.
    """
    effects = []
    for knob in range(count):
        low, high = (turned(knob, end) for end in ends)
        effects.append((knob, float(np.abs(low.astype(np.float32) - high).mean())))
    return sorted(effects, key=lambda found: -found[1])[:shown]


def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font that is bundled with Pillow, the same on every machine."""
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; install one of its own wheels")
    return found
