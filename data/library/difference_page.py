"""The page of a difference: before, after, and where they differ.

It opens from a disk: no script, no network, the pictures are inside it.
"""

import base64
import io
from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Final

import numpy as np
from PIL import Image

from data.library.difference import Change, Difference, Kind, summary
from data.library.encode import Pixels, decode_png
from data.library.records import LibraryManifest, TextureRecord
from data.library.versions import read_object
from data.object_store import ObjectStore, StoreError

MAX_SHOWN: Final = 200  # maps on a page
_THUMBNAIL_PX: Final = 192
_SHARP_PX: Final = 96  # what is smaller is shown as the squares that it is
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_KINDS: Final[tuple[Kind, ...]] = ("changed", "added", "removed", "re-encoded")
_STYLE: Final = """
:root{--paper:#f6f5f2;--card:#fff;--ink:#1d1e20;--quiet:#6a6c70;--line:#dddbd5}
@media (prefers-color-scheme:dark){:root{--paper:#16171a;--card:#1f2125;--ink:#ececea;
--quiet:#9a9da3;--line:#33363c}}
*{box-sizing:border-box;margin:0}
body{font:15px/1.5 system-ui,sans-serif;background:var(--paper);color:var(--ink);
padding:1.6rem clamp(1rem,3vw,2.5rem) 4rem}
h1{font-size:2rem;overflow-wrap:anywhere}h2{margin:2rem 0 .8rem}h2 span,h1 span{font-weight:400}
h3{font-size:.95rem;overflow-wrap:anywhere}.quiet,h1 span,h2 span{color:var(--quiet)}
.all{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,38rem),1fr))}
article{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.8rem 1rem}
ul{list-style:none;padding:0;color:var(--quiet);font-size:.88rem;overflow-wrap:anywhere}
.sides{display:grid;grid-template-columns:repeat(3,minmax(0,192px));gap:.8rem;margin-top:.6rem}
figcaption{font-size:.8rem;color:var(--quiet)}
img,.none{display:block;width:100%;aspect-ratio:1;object-fit:cover;background:var(--paper)}
.none{border:1px dashed var(--line)}.sharp{image-rendering:pixelated}
"""


def difference_html(store: ObjectStore, found: Difference) -> str:
    """Return a page with every change: each map once, in its largest size, changed ones first."""
    maps = _maps(found)
    sections = "".join(
        f'<h2>{kind.capitalize()} <span>{found.count(kind)}</span></h2>\n<div class="all">'
        + "".join(_card(store, found, changes) for changes in shown)
        + "</div>\n"
        for kind, shown in groupby(maps[:MAX_SHOWN], key=lambda changes: changes[0].kind)
    )
    left = len(maps) - MAX_SHOWN
    more = f'<p class="quiet">{left} more maps are not shown.</p>' if left > 0 else ""
    name = escape(found.after.library)
    versions = f"v{found.before.version:04d} to v{found.after.version:04d}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{name}: {versions}</title><style>{_STYLE}</style></head>
<body><h1>{name} <span>{versions}</span></h1>
<p>{summary(found)}</p>
{sections}{more}
</body></html>
"""


def _maps(found: Difference) -> list[list[Change]]:
    """The sizes of one map together, the largest first; maps by kind and name."""

    def of_one_map(change: Change) -> tuple[int, str]:
        return _KINDS.index(change.kind), _map_of(change.record)

    ordered = sorted(found.changes, key=lambda c: (*of_one_map(c), -c.record.width_px))
    return [list(changes) for _, changes in groupby(ordered, key=of_one_map)]


def _map_of(texture: TextureRecord) -> str:
    return f"{texture.material}/{texture.name}_{texture.role}"


def _card(store: ObjectStore, found: Difference, changes: Sequence[Change]) -> str:
    lines = "".join(f"<li>{escape(_words(change))}</li>" for change in changes)
    largest = changes[0]
    before = _pixels(store, found.before, largest.before)
    after = _pixels(store, found.after, largest.after)
    sides = _figure("Before", before) + _figure("After", after)
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        sides += _apart(before, after)
    return (
        f"<article><h3>{escape(_map_of(largest.record))}</h3><ul>{lines}</ul>"
        f'<div class="sides">{sides}</div></article>\n'
    )


def _words(change: Change) -> str:
    words = f"{change.record.width_px} px"
    if change.mean_levels is not None and change.kind == "changed":
        words += f": {change.mean_levels:.2f} levels on average, {change.max_levels} at most"
    return f"{words}: {change.words}" if change.words else words


def _pixels(
    store: ObjectStore, manifest: LibraryManifest, record: TextureRecord | None
) -> Pixels | str:
    """Return the picture, or in a word why there is none."""
    if record is None:
        return "not there"
    try:
        return decode_png(read_object(store, manifest, record))[0]
    except StoreError:
        return "lost"


def _apart(before: Pixels, after: Pixels) -> str:
    """Where they differ: the channel that differs most, made bright enough to be seen."""
    if before.shape != after.shape:
        return _figure("Difference", "another size")
    levels = np.abs(before.astype(np.int16) - after.astype(np.int16)).max(axis=2)
    largest = int(levels.max())
    if largest == 0:
        return _figure("Difference", "none")
    gain = 255 // largest
    factor = _factor(levels.shape)
    rows, columns = (side // factor for side in levels.shape)
    blocks = levels[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    # The largest of a block and not its mean: one changed pixel of a large picture stays visible.
    shown = (blocks.max(axis=(1, 3)) * gain).astype(np.uint8)
    name = f"Difference × {gain}" if gain > 1 else "Difference"
    return _figure(name, np.repeat(shown[..., None], 3, axis=2))


def _figure(name: str, side: Pixels | str) -> str:
    if isinstance(side, str):
        return f'<figure><div class="none"></div><figcaption>{name}: {side}</figcaption></figure>'
    factor = _factor(side.shape)
    small = Image.fromarray(side).reduce(factor)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=90)
    data = base64.b64encode(buffer.getvalue()).decode()
    sharp = ' class="sharp"' if max(small.size) < _SHARP_PX else ""
    return (
        f'<figure><img alt="{name}"{sharp} src="data:image/webp;base64,{data}">'
        f"<figcaption>{name}</figcaption></figure>"
    )


def _factor(shape: tuple[int, ...]) -> int:
    return max(1, min(shape[:2]) // _THUMBNAIL_PX)
