"""Part of a version as plain files in somebody's folder, with a lock file that says what they are.

Manifests, presets and lock files may come from strangers. A path is made only of a closed alphabet,
is no name that Windows keeps for devices, and no folder on the way to it may be a link. A file is
written beside its place and moved there, after its bytes were hashed. What the lock does not know,
or what was edited since, is left alone and named.
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field, ValidationError

from data.library.object_pool import WORKERS
from data.library.presets import PRESETS, PresetName, file_name
from data.library.records import (
    LibraryError,
    LibraryManifest,
    LibraryName,
    MapRole,
    Sha256,
    TextureRecord,
    canonical_json,
    digest,
)
from data.library.versions import manifest_key, read_object
from data.object_store import ObjectStore

LOCK_NAME: Final = "texture-mill.lock"
LOCK_SCHEMA: Final = "texture-mill.lock/1"

_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9 ._-]{0,127}\Z")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file, whatever follows the first dot
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}
)


class Selection(BaseModel, frozen=True, extra="forbid"):
    """Which textures of a version, and under which names."""

    profile: PresetName | None = Field(
        None, description="names and maps as this consumer wants them; none: keys of the library"
    )
    sizes_px: tuple[int, ...] = Field((), description="widths; empty: all there are")
    maps: tuple[MapRole, ...] = Field((), description="empty: those of the profile, or all")
    materials: tuple[str, ...] = Field((), description="slugs; empty: all there are")


class LockedFile(BaseModel, frozen=True, extra="forbid"):
    """One file that was pulled."""

    key: str = Field(description="in the version")
    sha256: Sha256 = Field(description="of the file")


class Lock(BaseModel, frozen=True, extra="forbid", populate_by_name=True):
    """What lies in the folder: `texture-mill.lock`, made to be committed with it."""

    schema_id: Literal["texture-mill.lock/1"] = Field(LOCK_SCHEMA, alias="schema")
    library: LibraryName = Field(description="name")
    reference: str = Field(description="what was asked for: a channel, `latest` or a version")
    version: int = Field(ge=1, description="what that was")
    manifest_sha256: Sha256 = Field(description="of the version's manifest")
    selection: Selection = Field(description="what was pulled of it")
    files: dict[str, LockedFile] = Field(description="path below the folder -> what it is")


@dataclass(frozen=True)
class Pulled:
    """What a pull did."""

    lock: Lock
    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]


def select(manifest: LibraryManifest, selection: Selection) -> dict[str, TextureRecord]:
    """Return path -> texture for what is selected, sorted by path.

    Raises:
        LibraryError: nothing fits, two textures get one path, or a path is not safe everywhere.
    """
    preset = PRESETS[selection.profile] if selection.profile else None
    maps = selection.maps or (preset.maps if preset else ())
    chosen: dict[str, TextureRecord] = {}
    seen: set[str] = set()
    for record in manifest.textures:
        if (
            (maps and record.role not in maps)
            or (selection.sizes_px and record.width_px not in selection.sizes_px)
            or (selection.materials and record.material not in selection.materials)
        ):
            continue
        path = safe_path(_path_of(record, selection.profile))
        if path.lower() in seen:
            raise LibraryError(f"two textures would become {path!r}; pull without --profile")
        seen.add(path.lower())
        chosen[path] = record
    if not chosen:
        raise LibraryError(f"no texture fits; {_what_there_is(manifest)}")
    return dict(sorted(chosen.items()))


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


def pull(
    store: ObjectStore,
    manifest: LibraryManifest,
    target: Path,
    selection: Selection,
    *,
    reference: str = "latest",
    force: bool = False,
) -> Pulled:
    """Make `target` hold what is selected, and its lock say so.

    Files of the last pull that are not selected any more are removed. The lock is written last.

    Args:
        store: where the version is.
        manifest: of the version.
        target: made if it does not exist.
        selection: what is wanted.
        reference: kept in the lock, for the next pull.
        force: overwrite files that are not of the last pull or were edited since.

    Raises:
        LibraryError: a file is in the way, a folder is a link, or nothing fits; nothing changed.
        StoreError: an object is missing or damaged, or the store refused.
    """
    chosen = select(manifest, selection)
    old = read_lock(target)
    known = old.files if old else {}
    present = {path: _hash_of(target, path) for path in {*chosen, *known}}
    wanted = {path: record for path, record in chosen.items() if present[path] != record.sha256}
    leaving = [path for path in known if path not in chosen and present[path] is not None]
    if not force:
        _refuse_what_is_in_the_way([*wanted, *leaving], present, known)

    def fetch(path: str) -> None:
        _write(target, path, read_object(store, manifest, wanted[path]))

    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(fetch, wanted))
    for path in leaving:
        _inside(target, path).unlink(missing_ok=True)
    lock = Lock(
        library=manifest.library,
        reference=reference,
        version=manifest.version,
        manifest_sha256=digest(store.get(manifest_key(manifest.library, manifest.version))),
        selection=selection,
        files={p: LockedFile(key=r.key, sha256=r.sha256) for p, r in chosen.items()},
    )
    _write(target, LOCK_NAME, canonical_json(lock))
    return Pulled(lock, tuple(wanted), len(chosen) - len(wanted), tuple(leaving))


def read_lock(target: Path) -> Lock | None:
    """Return the lock of a folder, None if it has none.

    Raises:
        LibraryError: the file is no lock, or names a path outside the folder.
    """
    path = target / LOCK_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        lock = Lock.model_validate_json(content)
    except ValidationError:
        raise LibraryError(f"{path} is no lock of this program; move it away and pull again") from (
            None
        )
    for name in lock.files:
        safe_path(name)
    return lock


def size_px(text: str) -> int:
    """Return the width in pixels that `1k`, `2K` or `512` means.

    Raises:
        LibraryError: it means none.
    """
    found = re.fullmatch(r"([0-9]{1,5})([kK]?)", text)
    if not found or not int(found[1]):
        raise LibraryError(f"{text[:20]!r} is no size; write 512 or 1k")
    return int(found[1]) * (1024 if found[2] else 1)


def _path_of(record: TextureRecord, profile: PresetName | None) -> str:
    if profile is None:
        return record.key
    return file_name(
        profile,
        "",
        material=record.material,
        seed=record.seed,
        role=record.role,
        width_px=record.width_px,
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


def _inside(target: Path, path: str) -> Path:
    """Return the place of `path`, after looking that no folder on the way is a link.

    Raises:
        LibraryError: one is, or it is no folder.
    """
    place = target
    for segment in safe_path(path).split("/")[:-1]:
        place = place / segment
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise LibraryError(f"{place} is a link or no folder; nothing is written through it")
    return target / path


def _hash_of(target: Path, path: str) -> str | None:
    """Return the SHA-256 of a file in the folder, None if there is none, '' for what is no file."""
    place = _inside(target, path)
    if place.is_symlink() or (place.exists() and not place.is_file()):
        return ""
    return digest(place.read_bytes()) if place.exists() else None


def _refuse_what_is_in_the_way(
    paths: list[str], present: Mapping[str, str | None], known: Mapping[str, LockedFile]
) -> None:
    def mine(path: str) -> bool:
        return path in known and present[path] == known[path].sha256

    strangers = [path for path in paths if present[path] is not None and not mine(path)]
    if strangers:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        raise LibraryError(
            f"{strangers[0]!r}{more} was not pulled before or was edited since; move it away, or "
            "pull with --force to overwrite it"
        )


def _write(target: Path, path: str, content: bytes) -> None:
    """Write a file beside its place and move it there; a link in its place is replaced."""
    place = _inside(target, path)
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as file:
            file.write(content)
        beside.replace(place)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def archive_entries(
    store: ObjectStore, manifest: LibraryManifest, selection: Selection | None
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of an archive: the manifest, then what is selected.

    Without a selection all of the version, under its keys, but for what only a build needs.
    """
    yield "manifest.json", store.get(manifest_key(manifest.library, manifest.version))
    if selection is not None:
        for path, record in select(manifest, selection).items():
            yield path, read_object(store, manifest, record)
        return
    for item in sorted(manifest.objects(), key=lambda record: record.key):
        if isinstance(item, TextureRecord) or item.type not in ("master", "build"):
            yield safe_path(item.key), read_object(store, manifest, item)
