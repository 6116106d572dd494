"""What changed between two versions, by name and in pixels."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from data.library.encode import decode_png
from data.library.records import LibraryManifest, TextureRecord
from data.library.versions import read_object
from data.object_store import ObjectStore, StoreError

Kind = Literal["added", "removed", "changed", "re-encoded"]


@dataclass(frozen=True)
class Change:
    """One texture that differs; differences in levels of 255, over all pixels and channels."""

    kind: Kind
    before: TextureRecord | None
    after: TextureRecord | None
    mean_levels: float | None = None
    max_levels: int | None = None
    words: str = ""

    @property
    def record(self) -> TextureRecord:
        """As it is now, or as it was where it is gone."""
        found = self.after or self.before
        assert found is not None  # what is in neither version is no change
        return found

    @property
    def key(self) -> str:
        """Below the folders of both versions."""
        return self.record.key


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
            changes.append(Change("added", None, new[key]))
        elif key not in new:
            changes.append(Change("removed", old[key], None))
        elif old[key].pixel_sha256 != new[key].pixel_sha256:
            measured = pixels and _measured(store, before, old[key], after, new[key])
            changes.append(measured or Change("changed", old[key], new[key]))
        elif old[key].sha256 != new[key].sha256:
            same = "the same pixels in other bytes"
            changes.append(Change("re-encoded", old[key], new[key], 0.0, 0, same))
    return Difference(before, after, tuple(changes), len(old.keys() & new.keys()) - _both(changes))


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
        return Change("changed", old, new, words=str(error))
    if one.shape != other.shape:
        sides = f"{one.shape[1]} x {one.shape[0]} became {other.shape[1]} x {other.shape[0]} px"
        return Change("changed", old, new, words=sides)
    apart = np.abs(one.astype(np.int16) - other.astype(np.int16))
    return Change("changed", old, new, float(apart.mean()), int(apart.max()))
