"""What changed between two versions: by name, in pixels, and as a page that shows before and after.

The page opens from a disk: no script, no network, the pictures are inside it.
"""

import base64
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

import numpy as np
from PIL import Image

from data.library.encode import Pixels, decode_png, encode_png
from data.library.records import LibraryManifest, TextureRecord
from data.library.versions import read_object
from data.object_store import ObjectStore, StoreError

MAX_SHOWN: Final = 200  # pictures on a page
_THUMBNAIL_PX: Final = 192
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;background:#16171a;color:#ececE8;margin:2rem}
table{border-collapse:collapse}td,th{padding:.4rem 1rem .4rem 0;text-align:left;vertical-align:top}
img{width:192px;height:192px;object-fit:cover;image-rendering:auto;background:#24262b}
.quiet{color:#969aa2}code{overflow-wrap:anywhere}
"""

Kind = Literal["added", "removed", "changed", "re-encoded"]


@dataclass(frozen=True)
class Change:
    """One texture that differs; differences in levels of 255, over all pixels and channels."""

    key: str
    kind: Kind
    mean_levels: float | None = None
    max_levels: int | None = None
    words: str = ""


@dataclass(frozen=True)
class Difference:
    """What differs between two versions."""

    before: LibraryManifest
    after: LibraryManifest
    changes: tuple[Change, ...]
    unchanged: int

    def count(self, kind: Kind) -> int:
        """Return how many textures changed in this way."""
        return sum(change.kind == kind for change in self.changes)


def difference(
    store: ObjectStore, before: LibraryManifest, after: LibraryManifest, *, pixels: bool = True
) -> Difference:
    """Return what differs between two versions, by key.

    Args:
        store: where both are.
        before: the one that is compared with.
        after: the one that is asked about.
        pixels: read both pictures of what changed and measure; False compares manifests alone.

    Raises:
        StoreError: the store refused; a picture that is lost or damaged is told as such.
    """
    old = {record.key: record for record in before.textures}
    new = {record.key: record for record in after.textures}
    changes = []
    for key in sorted(old.keys() | new.keys()):
        if key not in old:
            changes.append(Change(key, "added"))
        elif key not in new:
            changes.append(Change(key, "removed"))
        elif old[key].pixel_sha256 != new[key].pixel_sha256:
            measured = pixels and _measured(store, before, old[key], after, new[key])
            changes.append(measured or Change(key, "changed"))
        elif old[key].sha256 != new[key].sha256:
            changes.append(Change(key, "re-encoded", 0.0, 0, "the same pixels in other bytes"))
    return Difference(before, after, tuple(changes), len(old.keys() & new.keys()) - _both(changes))


def difference_html(store: ObjectStore, found: Difference) -> str:
    """Return a page with every change, before and after side by side."""
    shown = found.changes[:MAX_SHOWN]
    rows = "\n".join(_row(store, found, change) for change in shown)
    left = len(found.changes) - len(shown)
    more = f"<p class=quiet>{left} more changes are not shown.</p>" if left else ""
    name = escape(found.after.library)
    title = f"{name}: v{found.before.version:04d} to v{found.after.version:04d}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{_STYLE}</style></head>
<body><h1>{title}</h1>
<p>{summary(found)}</p>
<table><tr><th>Texture</th><th>Before</th><th>After</th></tr>
{rows}</table>{more}
</body></html>
"""


def summary(found: Difference) -> str:
    """Return the counts in one line."""
    kinds: tuple[Kind, ...] = ("added", "changed", "re-encoded", "removed")
    counts = [f"{found.count(kind)} {kind}" for kind in kinds]
    return ", ".join([*counts, f"{found.unchanged} unchanged"])


def change_line(change: Change) -> str:
    """Return a change in words."""
    line = f"{change.kind:<10} {change.key}"
    if change.mean_levels is not None and change.kind == "changed":
        line += f": {change.mean_levels:.2f} levels on average, {change.max_levels} at most"
    return f"{line}: {change.words}" if change.words else line


def _both(changes: list[Change]) -> int:
    return sum(change.kind in ("changed", "re-encoded") for change in changes)


def _measured(
    store: ObjectStore,
    before: LibraryManifest,
    old: TextureRecord,
    after: LibraryManifest,
    new: TextureRecord,
) -> Change:
    try:
        one, _ = decode_png(read_object(store, before, old))
        other, _ = decode_png(read_object(store, after, new))
    except StoreError as error:
        return Change(new.key, "changed", words=str(error))
    if one.shape != other.shape:
        sides = f"{one.shape[1]} x {one.shape[0]} became {other.shape[1]} x {other.shape[0]} px"
        return Change(new.key, "changed", words=sides)
    apart = np.abs(one.astype(np.int16) - other.astype(np.int16))
    return Change(new.key, "changed", float(apart.mean()), int(apart.max()))


def _row(store: ObjectStore, found: Difference, change: Change) -> str:
    cells = (_picture(store, manifest, change.key) for manifest in (found.before, found.after))
    pictures = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr><td><code>{escape(change_line(change))}</code></td>{pictures}</tr>"


def _picture(store: ObjectStore, manifest: LibraryManifest, key: str) -> str:
    record = next((texture for texture in manifest.textures if texture.key == key), None)
    if record is None:
        return ""
    try:
        pixels, _ = decode_png(read_object(store, manifest, record))
    except StoreError:
        return "<span class=quiet>lost</span>"
    data = base64.b64encode(encode_png(_thumbnail(pixels))).decode()
    return f'<img alt="" src="data:image/png;base64,{data}">'


def _thumbnail(pixels: Pixels) -> Pixels:
    factor = min(pixels.shape[:2]) // _THUMBNAIL_PX
    return np.asarray(Image.fromarray(pixels).reduce(factor)) if factor > 1 else pixels
