"""What a build did, for its reviewers: Markdown, JUnit XML, pictures before and after."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from data.library.build_plan import LibraryPlan, PlannedAction
from data.library.encode import Pixels, Texture

ROWS: Final = 50
PAIRS: Final = 8
PAIR_PX: Final = 256
_GAP_PX: Final = 8
_CAPTION_PX: Final = 24
_PAPER: Final = (32, 32, 32)
_INK: Final = (236, 236, 232)
_QUIET: Final = (150, 152, 158)


def markdown_report(plan: LibraryPlan, where: str) -> str:
    """Return a report for a pull request.

    Args:
        plan: that was carried out.
        where: of the published version; empty if nothing was published.
    """
    lines = [f"## Library `{plan.library}`", ""]
    if not plan.stale:
        return "\n".join(
            [*lines, f"Nothing is stale: v{plan.published_version:04d} is current.", ""]
        )
    lines += [f"- {_plain(reason)}" for reason in plan.why]
    lines += [
        "",
        f"**{plan.build}** built, **{plan.reuse}** taken over, **{plan.remove}** removed; "
        f"{plan.renders} pictures needed a model.",
        *([f"Published: {_plain(where)}"] if where else []),
    ]
    if changed := _changed(plan):
        lines += ["", "| file | what | from | why |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{a.key}` | {a.action} | {a.first_stage or ''} | {_plain(a.why)} |"
        for a in changed[:ROWS]
    ]
    if len(changed) > ROWS:
        lines.append(f"\nand {len(changed) - ROWS} more")
    return "\n".join([*lines, ""])


def junit_report(plan: LibraryPlan) -> bytes:
    """Return the plan as JUnit XML: what was built ran, what is unchanged was skipped."""
    actions = plan.actions
    suite = ET.Element(
        "testsuite",
        name=f"library {plan.library}",
        tests=str(len(actions)),
        failures="0",
        skipped=str(sum(action.action == "reuse" for action in actions)),
    )
    for action in actions:
        case = ET.SubElement(
            suite, "testcase", classname=f"{plan.library}.{action.material}", name=action.key
        )
        if action.action == "reuse":
            ET.SubElement(case, "skipped", message="unchanged")
        else:
            ET.SubElement(case, "system-out").text = f"{action.action}: {action.why}"
    return bytes(ET.tostring(suite, encoding="utf-8", xml_declaration=True))


def before_and_after(
    plan: LibraryPlan, before: Mapping[str, Pixels], after: Sequence[Texture]
) -> Pixels | None:
    """Return up to `PAIRS` changed pictures, each under its key, old on the left, new on the right.

    Args:
        plan: that was carried out.
        before: key -> (height, width, 3) uint8 as published before; a new file has none.
        after: everything that was built or taken over.

    Returns:
        (height, width, 3) uint8, with a line that names the columns; None if no picture changed.
    """
    there = {texture.record.key: texture for texture in after}
    rows = [
        _pair(key, before.get(key), there[key].pixels())
        for key in first_changed(plan)
        if key in there
    ]
    return np.concatenate([_header(), *rows], axis=0) if rows else None


def first_changed(plan: LibraryPlan) -> list[str]:
    """Return the keys whose pictures `before_and_after` shows: of each map, the largest size."""
    largest: dict[str, tuple[int, str]] = {}
    for action in plan.actions:
        if action.action == "build":
            name, _, size = action.key.removesuffix(".png").rpartition("_")
            found = (int(size), action.key)
            largest[name] = max(found, largest.get(name, found))
    return [key for _, key in largest.values()][:PAIRS]


def _header() -> Pixels:
    """Return what the columns are, (caption, 2 * PAIR_PX + gap, 3) uint8."""
    row = Image.new("RGB", (2 * PAIR_PX + _GAP_PX, _CAPTION_PX), _PAPER)
    pen = ImageDraw.Draw(row)
    for column, name in enumerate(("before", "after")):
        where = (column * (PAIR_PX + _GAP_PX) + 4, 4)
        pen.text(where, name, font=ImageFont.load_default(13), fill=_QUIET)
    return np.asarray(row)


def _pair(key: str, old: Pixels | None, new: Pixels) -> Pixels:
    """Return the upper left of both under a caption, (height, 2 * PAIR_PX + gap, 3) uint8."""
    height = min(PAIR_PX, max(side.shape[0] for side in (old, new) if side is not None))
    row = Image.new("RGB", (2 * PAIR_PX + _GAP_PX, _CAPTION_PX + height + _GAP_PX), _PAPER)
    pen = ImageDraw.Draw(row)
    pen.text((4, 4), key, font=ImageFont.load_default(13), fill=_INK)
    for column, pixels in enumerate((old, new)):
        left = column * (PAIR_PX + _GAP_PX)
        if pixels is None:
            where = (left + 4, _CAPTION_PX + 4)
            pen.text(where, "not there before", font=ImageFont.load_default(13), fill=_QUIET)
        else:
            shown = Image.fromarray(np.ascontiguousarray(pixels[:PAIR_PX, :PAIR_PX]))
            row.paste(shown, (left, _CAPTION_PX))
    return np.asarray(row)


def _changed(plan: LibraryPlan) -> list[PlannedAction]:
    return [action for action in plan.actions if action.action != "reuse"]


def _plain(text: str) -> str:
    """Text in a table: nothing in it ends a cell, starts markup or a new line."""
    return "".join(c if c.isprintable() and c not in "|<>`" else " " for c in text)
