"""What an operator sees on the Prefect server: tables, previews, scores, links.

Keys are lower case with dashes. A server that hiccups costs a picture, never a run. Prefect's page
shows an image artifact as a bare `<img>`, so a small thumbnail travels inside the address itself.
"""

import base64
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
)
from prefect.context import TaskRunContext

from data.library.publish import PublishedLibrary
from data.records import IngestRow, PreparedDataset
from tasks.records import Evaluation, Promotion, RefusedSource
from texture_models.metrics.scores import TextureScores

logger = logging.getLogger(__name__)

# The page also prints the address as text, so the picture stays small.
THUMBNAIL_BYTES: Final = 50_000
INGEST_ROWS: Final = 500

# What Markdown or HTML would take for markup in the middle of a line. Prefect's page shows numbered
# entities as they are, and takes backslashes and the three named ones.
_ESCAPES: Final = {
    **{mark: f"\\{mark}" for mark in "\\`*_[]|#~"},
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
}


def by_verdict(rows: Iterable[IngestRow]) -> list[IngestRow]:
    """Return what became of files in the order of its weight: refused, repaired, accepted."""
    order = {"refused": 0, "repaired": 1, "accepted": 2}
    return sorted(rows, key=lambda row: (order[row.verdict], row.source_name))


def show_ingest(dataset: PreparedDataset) -> None:
    """Show what became of every file, refused ones first."""
    rows = by_verdict(dataset.ingest)
    lines = [
        f"**{len(dataset.photographs)} photographs** of {len(dataset.materials)} materials, "
        f"from {_cell(dataset.source)}, fingerprint `{dataset.fingerprint[:16]}`",
        "",
        *_table(
            ("file", "material", "verdict", "why"),
            [
                (row.source_name, row.material, row.verdict, row.reason)
                for row in rows[:INGEST_ROWS]
            ],
        ),
    ]
    if len(rows) > INGEST_ROWS:
        lines.append(f"\nand {len(rows) - INGEST_ROWS} more")
    _markdown("ingest", "\n".join(lines), "What became of every photograph")


def show_scores(evaluation: Evaluation) -> None:
    """Show every score of every material, and photographs that are unlike the others."""
    text = _score_table(evaluation.scores)
    if evaluation.unlike:
        strange: list[tuple[str, ...]] = [
            (name, f"{times:.1f}") for name, times in evaluation.unlike.items()
        ]
        text += "\n\n" + "\n".join(_table(("unlike the others of its material", "times"), strange))
    _markdown("scores", text, "How the trained model does")


def approval_text(name: str, scores: Mapping[str, TextureScores], sheet: Path | None) -> str:
    """Return what the form says that asks a person about a candidate, as Markdown.

    Args:
        name: of the candidate.
        scores: by material.
        sheet: picture of its judged tiles, if this machine has it.
    """
    lines = [f"**{_cell(name)}** passed the gate. Shall it become the champion?", ""]
    if sheet is not None:
        lines += [f"![judged tiles](data:image/jpeg;base64,{_thumbnail(sheet)})", ""]
    return "\n".join([*lines, _score_table(scores)])


def show_promotion(promotion: Promotion) -> None:
    """Show what the gate decided, and why."""
    reasons = "\n".join(f"- {_cell(reason)}" for reason in promotion.reasons)
    _markdown("gate", f"{_cell(promotion.sentence)}\n\n{reasons}", "What the gate decided")


def show_refused(refused: Sequence[RefusedSource], total: int) -> None:
    """Show which pictures were skipped, and why."""
    rows: list[tuple[str, ...]] = [(s.name, s.reason) for s in refused[:INGEST_ROWS]]
    lines = [f"**{total - len(refused)} of {total} pictures** translated", ""]
    lines += _table(("skipped", "why"), rows) if rows else []
    if len(refused) > INGEST_ROWS:
        lines.append(f"\nand {len(refused) - INGEST_ROWS} more")
    _markdown("translated", "\n".join(lines), "What became of every picture")


def show_preview(path: Path, key: str, description: str) -> None:
    """Show a picture as a thumbnail."""
    if TaskRunContext.get() is not None:
        address = f"data:image/jpeg;base64,{_thumbnail(path)}"
        _or_warn(create_image_artifact, image_url=address, key=key, description=description)


def show_library(published: PublishedLibrary) -> None:
    """Link the gallery and the contact sheet."""
    if TaskRunContext.get() is None:
        return
    name = f"{published.library} v{published.version:04d}"
    links = {"gallery": published.gallery_url, "contact-sheet": published.contact_sheet_url}
    for key, link in links.items():
        text = f"{key.replace('-', ' ')} of {name}"
        _or_warn(create_link_artifact, link=link, link_text=text, key=key, description=link)


def _markdown(key: str, text: str, description: str) -> None:
    if TaskRunContext.get() is not None:
        _or_warn(create_markdown_artifact, markdown=text, key=key, description=description)


def _or_warn(create: Callable[..., Any], **arguments: Any) -> None:
    try:
        create(**arguments)
    except Exception as error:
        # Whatever the server objects to, the work itself went well.
        logger.warning("%s could not be shown on the server: %s", arguments["key"], error)


def _score_table(scores: Mapping[str, TextureScores]) -> str:
    values = {material: of.model_dump() for material, of in scores.items()}
    names = list(next(iter(values.values()), {}))
    rows = [(name, *(_number(of.get(name)) for of in values.values())) for name in names]
    return "\n".join(_table(("score", *values), rows))


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [header, tuple("---" for _ in header), *rows]
    return ["| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines]


def _cell(text: str) -> str:
    """Text as it is: file names come from strangers and may look like markup."""
    return "".join(_ESCAPES.get(c, c if c.isprintable() else " ") for c in text)


def _number(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3g}"
        case _:
            return str(value)


def _thumbnail(path: Path) -> str:
    """Base64 of a JPEG of at most `THUMBNAIL_BYTES`."""
    from PIL import Image

    with Image.open(path) as picture:
        image = picture.convert("RGB")
    side = 640
    while True:
        image.thumbnail((side, side))
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=80)
        encoded = base64.b64encode(buffer.getvalue())
        if len(encoded) <= THUMBNAIL_BYTES or side < 32:
            return encoded.decode("ascii")
        side = side * 3 // 4
