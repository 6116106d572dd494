"""Part of a version as plain files in somebody's folder, with a lock file that says what they are.

Manifests, presets and lock files may come from strangers. A path is made only of a closed alphabet,
is no name that Windows keeps for devices, and no folder on the way to it may be a link. A file is
written beside its place and moved there, after its bytes were hashed. What the lock does not know,
or what was edited since, is left alone and named.
"""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import (
    BaseModel,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from data.library.object_pool import WORKERS
from data.library.records import (
    LibraryError,
    LibraryManifest,
    LibraryName,
    MapRole,
    Sha256,
    canonical_json,
    digest,
)
from data.library.selection import (
    Chosen,
    Selection,
    content_of,
    missing_maps,
    recipe_names,
    safe_path,
    select,
)
from data.library.versions import manifest_key
from data.object_store import ObjectStore

LOCK_NAME: Final = "texture-mill.lock"
LOCK_SCHEMA: Final = "texture-mill.lock/1"


class LockedFile(BaseModel, frozen=True, extra="forbid"):
    """One file that was pulled."""

    key: str = Field(description="in the version; of a converted map, the one it would have there")
    sha256: Sha256 = Field(description="of the file")
    made_from: tuple[Sha256, ...] = Field(
        (), description="objects that a converted map was worked out from; left out of others"
    )

    @model_serializer(mode="wrap")
    def _without_empty_sources(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {k: value for k, value in serialise(self).items() if k != "made_from" or value}


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
    missing: tuple[MapRole, ...]  # wanted, and neither in the version nor to be had from it


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
    names = recipe_names(store, manifest) if selection.profile == "recipe" else None
    old = read_lock(target)
    files = _Files(
        store, manifest, target, select(manifest, selection, names), old.files if old else {}
    )
    chosen, present = files.chosen, files.present
    with ThreadPoolExecutor(WORKERS) as workers:
        hashes = dict(zip(chosen, workers.map(files.due, chosen), strict=True))
        wanted = [path for path in chosen if present[path] is None or present[path] != hashes[path]]
        leaving = [path for path in files.known if path not in chosen and present[path] is not None]
        if not force:
            files.refuse_what_is_in_the_way([*wanted, *leaving])
        hashes |= dict(zip(wanted, workers.map(files.fetch, wanted), strict=True))
    for path in leaving:
        place_below(target, path).unlink(missing_ok=True)
    lock = Lock(
        library=manifest.library,
        reference=reference,
        version=manifest.version,
        manifest_sha256=digest(store.get(manifest_key(manifest.library, manifest.version))),
        selection=selection,
        files={path: _locked(file, hashes[path] or "") for path, file in chosen.items()},
    )
    write_below(target, LOCK_NAME, canonical_json(lock))
    missing = missing_maps(manifest, selection)
    return Pulled(lock, tuple(wanted), len(chosen) - len(wanted), tuple(leaving), missing)


class _Files:
    """The files of one pull: what they have to be, and what lies in the folder.

    Attributes:
        chosen: path -> what is wanted there.
        known: path -> what the last pull left there.
        present: path of either -> SHA-256 of what lies there, see `_hash_of`.
    """

    def __init__(
        self,
        store: ObjectStore,
        manifest: LibraryManifest,
        target: Path,
        chosen: Mapping[str, Chosen],
        known: Mapping[str, LockedFile],
    ) -> None:
        self._store, self._manifest, self._target = store, manifest, target
        self.chosen, self.known = chosen, known
        self.present = {path: _hash_of(target, path) for path in {*chosen, *known}}

    def due(self, path: str) -> str | None:
        """What a file has to be; of a converted one that is not there it is not known yet."""
        file = self.chosen[path]
        if not file.converted:
            return file.addresses[0]
        if path in self.known and self.known[path].made_from == file.addresses:
            return self.known[path].sha256
        return None if self.present[path] is None else digest(self._content(file))

    def fetch(self, path: str) -> str:
        """Write a chosen file and return its SHA-256."""
        file, before = self.chosen[path], self.known.get(path)
        content = self._content(file)
        found = digest(content)
        if before and before.made_from == file.addresses and found != before.sha256:
            raise LibraryError(
                f"{path!r} comes out with other bytes than {LOCK_NAME} says; install the "
                f"Pillow that made it, or remove {LOCK_NAME} and pull again"
            )
        write_below(self._target, path, content)
        return found

    def refuse_what_is_in_the_way(self, paths: Sequence[str]) -> None:
        """Raise LibraryError if one of the paths holds what no pull left there."""
        strangers = [
            path for path in paths if self.present[path] is not None and not self._mine(path)
        ]
        if strangers:
            more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
            raise LibraryError(
                f"{strangers[0]!r}{more} was not pulled before or was edited since; move it away, "
                "or pull with --force to overwrite it"
            )

    def _mine(self, path: str) -> bool:
        return path in self.known and self.present[path] == self.known[path].sha256

    def _content(self, file: Chosen) -> bytes:
        return content_of(self._store, self._manifest, file)


def _locked(file: Chosen, sha256: str) -> LockedFile:
    sources = file.addresses if file.converted else ()
    return LockedFile(key=file.key, sha256=sha256, made_from=sources)


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


def place_below(target: Path, path: str) -> Path:
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
    place = place_below(target, path)
    if place.is_symlink() or (place.exists() and not place.is_file()):
        return ""
    return digest(place.read_bytes()) if place.exists() else None


def write_below(target: Path, path: str, content: bytes) -> None:
    """Write a file beside its place and move it there; a link in its place is replaced."""
    place = place_below(target, path)
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as file:
            file.write(content)
        beside.replace(place)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
