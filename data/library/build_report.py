"""What a build did, for its reviewers: Markdown, JUnit XML, pictures before and after."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from data.library.build_plan import LibraryPlan, PlannedAction
from data.library.encode import Pixels, Texture

ROWS: Final = 50
PAIRS: Final = 8
PAIR_PX: Final = 256
_GAP_PX: Final = 8


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
        "",
        "| file | what | from | why |",
        "| --- | --- | --- | --- |",
    ]
    changed = _changed(plan)
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
    """Return the first `PAIRS` changed pictures, old on the left and new on the right.

    Args:
        plan: that was carried out.
        before: key -> (height, width, 3) uint8 as published before; a new file has none.
        after: everything that was built or taken over.

    Returns:
        (height, width, 3) uint8; None if no picture changed.
    """
    built = {action.key for action in plan.actions if action.action == "build"}
    changed = [texture for texture in after if texture.record.key in built][:PAIRS]
    if not changed:
        return None
    rows = [_pair(before.get(texture.record.key), texture.pixels()) for texture in changed]
    return np.concatenate(rows, axis=0)


def first_changed(plan: LibraryPlan) -> list[str]:
    """Return the keys whose pictures `before_and_after` shows."""
    return [action.key for action in plan.actions if action.action == "build"][:PAIRS]


def _pair(old: Pixels | None, new: Pixels) -> Pixels:
    row = np.full((PAIR_PX + _GAP_PX, 2 * PAIR_PX + _GAP_PX, 3), 32, np.uint8)
    for column, pixels in enumerate((old, new)):
        if pixels is not None:
            shown = pixels[:PAIR_PX, :PAIR_PX]
            left = column * (PAIR_PX + _GAP_PX)
            row[: shown.shape[0], left : left + shown.shape[1]] = shown
    return row


def _changed(plan: LibraryPlan) -> list[PlannedAction]:
    return [action for action in plan.actions if action.action != "reuse"]


def _plain(text: str) -> str:
    """Text in a table: nothing in it ends a cell, starts markup or a new line."""
    return "".join(c if c.isprintable() and c not in "|<>`" else " " for c in text)
