"""What of a version somebody wants, and what the files are called there."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from pydantic import BaseModel, Field

from data.library.build_record import parse_build_record
from data.library.map_conversion import converted, sources_of
from data.library.presets import PRESETS, PresetName, file_name
from data.library.records import LibraryError, LibraryManifest, MapRole, TextureRecord, texture_key
from data.library.versions import read_object
from data.object_store import ObjectStore

_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9 ._-]{0,127}\Z")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file, whatever follows the first dot
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}
)


class Selection(BaseModel, frozen=True, extra="forbid"):
    """Which textures of a version, and under which names."""

    profile: Literal[PresetName, "recipe"] | None = Field(
        None,
        description="names and maps as this consumer wants them, or as the library's recipe "
        "delivers them; none: keys of the library",
    )
    sizes_px: tuple[int, ...] = Field((), description="widths; empty: all there are")
    maps: tuple[MapRole, ...] = Field((), description="empty: those of the profile, or all")
    materials: tuple[str, ...] = Field((), description="slugs; empty: all there are")


@dataclass(frozen=True)
class Chosen:
    """One file that is wanted: a texture of the version, or one worked out from some of them."""

    role: MapRole
    sources: tuple[TextureRecord, ...]

    @property
    def converted(self) -> bool:
        """Whether its bytes are in no version."""
        return self.sources[0].role != self.role or len(self.sources) > 1

    @property
    def key(self) -> str:
        """Key in the version; of a converted one, the key that it would have there."""
        first = self.sources[0]
        return texture_key(first.material, first.name, self.role, first.width_px)

    @property
    def addresses(self) -> tuple[str, ...]:
        """SHA-256 of every source."""
        return tuple(record.sha256 for record in self.sources)


def select(
    manifest: LibraryManifest, selection: Selection, names: Mapping[str, str] | None = None
) -> dict[str, Chosen]:
    """Return path -> file for what is selected, sorted by path.

    A map that the version lacks is worked out where nothing is lost by it; see `missing_maps` for
    what is left.

    Args:
        manifest: of the version.
        selection: what is wanted.
        names: key -> name, as the recipe delivers it; see `recipe_names`.

    Raises:
        LibraryError: nothing fits, two files get one path, or a path is not safe everywhere.
    """
    chosen: dict[str, Chosen] = {}
    seen: set[str] = set()
    for file in _wanted(manifest, selection):
        path = safe_path(_path_of(file, selection.profile, names or {}))
        if path.lower() in seen:
            raise LibraryError(f"two textures would become {path!r}; pull with --profile keys")
        seen.add(path.lower())
        chosen[path] = file
    if not chosen:
        raise LibraryError(f"no texture fits; {_what_there_is(manifest)}")
    return dict(sorted(chosen.items()))


def missing_maps(manifest: LibraryManifest, selection: Selection) -> tuple[MapRole, ...]:
    """Return the maps that are wanted and neither in the version nor to be had from it."""
    found = {file.role for file in _wanted(manifest, selection)}
    return tuple(role for role in _roles(selection) if role not in found)


def recipe_names(store: ObjectStore, manifest: LibraryManifest) -> dict[str, str]:
    """Return key -> name of every texture, as the recipe of the version delivers them.

    Raises:
        LibraryError: the version was not built from a recipe.
    """
    for document in manifest.documents:
        if document.type == "build":
            content = read_object(store, manifest, document)
            return parse_build_record(content, where=document.key).files
    raise LibraryError(
        f"{manifest.library} v{manifest.version:04d} was not built from a recipe, so it has no "
        "names of one; leave --profile out"
    )


def content_of(store: ObjectStore, manifest: LibraryManifest, file: Chosen) -> bytes:
    """Return the bytes of a chosen file.

    Raises:
        StoreError: an object is missing or damaged, or the store refused.
    """
    contents = [(record, read_object(store, manifest, record)) for record in file.sources]
    return converted(file.role, contents, manifest) if file.converted else contents[0][1]


def safe_path(path: str) -> str:
    """Return `path` if it stays below its folder and can be a file on every system.

    Raises:
        LibraryError: it is absolute, leaves the folder, or has a segment some system refuses.
    """
    for segment in path.split("/"):
        if not _SEGMENT.match(segment) or segment.endswith((".", " ")):
            raise LibraryError(
                f"{path[:80]!r} is not safe as a path: segments are A-Z a-z 0-9 space . _ - and "
                "neither start with a dot nor end with a dot or space"
            )
        if segment.partition(".")[0].rstrip(" ").lower() in _DEVICES:
            raise LibraryError(f"{path[:80]!r} contains {segment!r}, a device on Windows")
    return path


def size_px(text: str) -> int:
    """Return the width in pixels that `1k`, `2K` or `512` means.

    Raises:
        LibraryError: it means none.
    """
    found = re.fullmatch(r"([0-9]{1,5})([kK]?)", text)
    if not found or not int(found[1]):
        raise LibraryError(f"{text[:20]!r} is no size; write 512 or 1k")
    return int(found[1]) * (1024 if found[2] else 1)


def _roles(selection: Selection) -> tuple[MapRole, ...]:
    """The maps that were asked for; empty: whatever there is."""
    if selection.maps or selection.profile is None or selection.profile == "recipe":
        return selection.maps
    return PRESETS[selection.profile].maps


def _wanted(manifest: LibraryManifest, selection: Selection) -> Iterator[Chosen]:
    def picture(record: TextureRecord) -> tuple[str, str, int]:
        return record.material, record.name, record.width_px

    fitting = [
        record
        for record in manifest.textures
        if (not selection.sizes_px or record.width_px in selection.sizes_px)
        and (not selection.materials or record.material in selection.materials)
    ]
    for _, records in groupby(sorted(fitting, key=picture), key=picture):
        there = {record.role: record for record in records}
        for role in _roles(selection) or sorted(there):
            if (sources := sources_of(role, there)) is not None:
                yield Chosen(role, tuple(there[source] for source in sources))


def _path_of(
    file: Chosen, profile: Literal[PresetName, "recipe"] | None, names: Mapping[str, str]
) -> str:
    if profile is None:
        return file.key
    if profile == "recipe":
        return names.get(file.key, file.key)
    first = file.sources[0]
    return file_name(
        profile,
        "",
        material=first.material,
        seed=first.seed,
        role=file.role,
        width_px=first.width_px,
    )


def _what_there_is(manifest: LibraryManifest) -> str:
    def listed(values: Iterable[object]) -> str:
        return ", ".join(map(str, sorted(values, key=str)))

    textures = manifest.textures
    return (
        f"{manifest.library} v{manifest.version:04d} has "
        f"the maps {listed({t.role for t in textures})}; "
        f"widths {listed({t.width_px for t in textures})} px; "
        f"materials {listed({t.material for t in textures})}"
    )
