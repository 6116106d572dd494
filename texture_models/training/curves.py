"""The history of a training as one picture: who was winning, what was lost, how fast it went."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from texture_models.labelled_sheet import GAP, INK, MARGIN, PAPER, QUIET, font

PANEL_PX = (560, 250)  # width and height of one plot
COLOURS = ((102, 170, 255), (255, 150, 80), (120, 210, 120), (230, 120, 200), (240, 210, 90))
FRAME, GRID = (70, 73, 80), (44, 46, 52)
SMOOTHED_SHARE = 0.05  # of the reports, that the bold line is a mean over

_Series: TypeAlias = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class _Panel:
    """One plot: its title and which of the history's names are in it.

    Without names it takes what no other one has: a logarithmic one what is always above 0, the
    other one the rest.
    """

    title: str
    names: tuple[str, ...]
    limits: tuple[float, float] | None = None
    logarithmic: bool = False


PANELS = (
    _Panel(
        "share the discriminator gets right, and strength of augmentation",
        ("real_won", "fake_won", "augmentation"),
        (0.0, 1.0),
    ),
    _Panel("logits: above 0 is taken for real", ("real_logit", "fake_logit")),
    _Panel("losses (logarithmic)", (), logarithmic=True),
    _Panel("losses that reach 0 or less", ()),
    _Panel(
        "learning rate (factor); spread, diversity (1: as photographs)",
        ("rate_factor", "spread", "diversity"),
    ),
)
_NO_CURVES = frozenset({"step", "seconds", "skipped"})


def training_curves(history: Path) -> np.ndarray | None:
    """Draw the history of a training.

    Args:
        history: `history.jsonl` of its folder.

    Returns:
        (height, width, 3) uint8; None if fewer than two reports are in it.
    """
    reports = [json.loads(line) for line in history.read_text().splitlines()]
    if len(reports) < 2:
        return None
    names = [name for name in reports[-1] if name not in _NO_CURVES]
    series = {name: np.array([report.get(name, math.nan) for report in reports]) for name in names}
    steps = np.array([report["step"] for report in reports])
    panels = [part for part in (_chosen(panel, series) for panel in PANELS) if part[1]]
    return _drawn(steps, panels, reports[-1])


def _chosen(panel: _Panel, series: _Series) -> tuple[_Panel, dict[str, np.ndarray]]:
    """The panel with its curves."""
    taken = {name for other in PANELS for name in other.names}
    names = panel.names or [
        name
        for name, values in series.items()
        if name not in taken and bool(np.nanmin(values) > 0) == panel.logarithmic
    ]
    return panel, {name: series[name] for name in names if name in series}


def _drawn(
    steps: np.ndarray, panels: Sequence[tuple[_Panel, _Series]], last: Mapping[str, float]
) -> np.ndarray:
    width, height = PANEL_PX
    rows = -(-len(panels) // 2)
    top = MARGIN + 40
    size = (2 * MARGIN + 2 * width + GAP, top + rows * (height + GAP) + MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    title = f"{last['step']} steps, {last['seconds'] / 60:.1f} minutes"
    if last.get("skipped"):
        title += f", {last['skipped']:.0f} steps skipped"
    pen.text((MARGIN, MARGIN), title, font=font(22), fill=INK)
    for number, (panel, series) in enumerate(panels):
        corner = (MARGIN + number % 2 * (width + GAP), top + number // 2 * (height + GAP))
        _draw_panel(pen, corner, panel, steps, series)
    return np.asarray(sheet)


def _draw_panel(
    pen: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    panel: _Panel,
    steps: np.ndarray,
    series: _Series,
) -> None:
    left, top = corner[0] + 52, corner[1] + 24
    right, bottom = corner[0] + PANEL_PX[0] - 8, corner[1] + PANEL_PX[1] - 44
    pen.text(corner, panel.title, font=font(14), fill=INK)
    scale = np.log10 if panel.logarithmic else np.asarray
    low, high = panel.limits or _limits([scale(values) for values in series.values()])
    for share in (0.0, 0.5, 1.0):
        height = bottom - share * (bottom - top)
        pen.line((left, height, right, height), fill=GRID)
        value = low + share * (high - low)
        said = f"{10**value if panel.logarithmic else value:.3g}"
        pen.text((left - 6, height), said, font=font(12), fill=QUIET, anchor="rm")
        said = f"{steps[0] + share * (steps[-1] - steps[0]):.0f}"
        across = left + share * (right - left)
        pen.text((across, bottom + 4), said, font=font(12), fill=QUIET, anchor="ma")
    pen.rectangle((left, top, right, bottom), outline=FRAME)
    places = left + (steps - steps[0]) / max(float(steps[-1] - steps[0]), 1.0) * (right - left)
    for values, colour in zip(series.values(), COLOURS * 4, strict=False):
        heights = bottom - (scale(values) - low) / max(high - low, 1e-12) * (bottom - top)
        _draw_curve(pen, places, np.clip(heights, top, bottom), colour)
    _draw_legend(pen, (left, bottom + 22), list(series))


def _draw_legend(
    pen: ImageDraw.ImageDraw, corner: tuple[float, float], names: Sequence[str]
) -> None:
    left, top = corner
    for name, colour in zip(names, COLOURS * 4, strict=False):
        pen.line((left, top + 8, left + 16, top + 8), fill=colour, width=3)
        said = name.replace("_", " ")
        pen.text((left + 21, top), said, font=font(13), fill=INK)
        left += 38 + font(13).getlength(said)


def _draw_curve(
    pen: ImageDraw.ImageDraw, across: np.ndarray, heights: np.ndarray, colour: tuple[int, ...]
) -> None:
    """Every report faint, and their running mean."""
    sound = np.isfinite(heights)
    across, heights = across[sound], heights[sound]
    if not len(across):
        return
    faint = tuple((3 * paper + part) // 4 for paper, part in zip(PAPER, colour, strict=True))
    pen.line(list(zip(across, heights, strict=True)), fill=faint)
    count = max(1, round(SMOOTHED_SHARE * len(heights)))
    sums = np.cumsum(np.concatenate([[0.0], heights]))
    ends = np.arange(1, len(heights) + 1)
    starts = np.maximum(ends - count, 0)
    means = (sums[ends] - sums[starts]) / (ends - starts)
    pen.line(list(zip(across, means, strict=True)), fill=colour, width=2)


def _limits(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """The middle 98 % of all values, widened a little."""
    sound = np.concatenate([part[np.isfinite(part)] for part in values])
    low, high = np.percentile(sound, [1, 99]) if len(sound) else (0.0, 1.0)
    room = max(0.05 * (high - low), 1e-3)
    return float(low - room), float(high + room)
