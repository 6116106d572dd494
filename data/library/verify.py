"""Find what a store lost or damaged of a version, and restore it from the sound copy.

A version has up to two copies of each object, in the pool and in its flat tree. Every copy that is
there is read and hashed. Repair takes whichever is sound and replaces the other; what was found in
its place is kept in the quarantine. With no sound copy, the trash of garbage collection is looked
through, and then whoever can make the bytes again is asked.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal

from data.library.object_pool import WORKERS, ObjectPool, read_trash, replace_damaged
from data.library.records import DocumentRecord, LibraryManifest, TextureRecord, digest
from data.library.versions import folder_of, read_manifest
from data.object_store import ObjectMissing, ObjectStore, open_store

Record = TextureRecord | DocumentRecord

# Records handed to the threads at once; each waits as an object, and Python walks over all of them.
BATCH = 1000

# Masters by hash: what makes bytes again that no copy has (see `verify_version`).
Remake = Callable[[LibraryManifest, Record], bytes | None]

Place = Literal["pool", "flat tree"]
_PLACES: Final[tuple[Place, ...]] = ("pool", "flat tree")


@dataclass(frozen=True)
class Fault:
    """One copy of an object that is not as promised."""

    key: str
    sha256: str
    place: Place
    words: str
    repaired: bool = False

    def __str__(self) -> str:
        return f"{self.words}; restored" if self.repaired else self.words


def verify_version(store_url: str, library: str, version: int | None = None) -> tuple[str, ...]:
    """Read every copy of a published version; return a line for each that is not as promised."""
    manifest = read_manifest(store_url, library, version)
    return tuple(str(fault) for fault in find_faults(open_store(store_url), manifest))


def find_faults(
    store: ObjectStore,
    manifest: LibraryManifest,
    *,
    repair: bool = False,
    remake: Remake | None = None,
) -> tuple[Fault, ...]:
    """Read every copy of a version's objects; return what is wrong, by key.

    Args:
        store: where.
        manifest: of the version.
        repair: restore a copy that is missing or damaged from the other one.
        remake: asked for bytes that no copy has; None gives none.

    Raises:
        StoreError: the store refused or did not answer, which says nothing about an object.
    """
    pool = ObjectPool(store, manifest.library)
    folder = folder_of(manifest.library, manifest.version)
    flat = {item.key for item in store.objects(folder)}
    records = list(manifest.objects())
    has_flat_tree = any(f"{folder}/{record.key}" in flat for record in records)

    def check(record: Record) -> list[Fault]:
        places: dict[Place, str] = {"pool": pool.key(record.sha256)}
        if has_flat_tree:
            places["flat tree"] = f"{folder}/{record.key}"
        faults, sound = _check_copies(store, record, places)
        if faults and repair:
            if sound is None:
                sound = read_trash(store, manifest.library, record.sha256)
            if sound is None and remake is not None:
                sound = remake(manifest, record)
            if sound is not None and digest(sound) == record.sha256:
                return list(_restore(store, manifest.library, faults, places, sound))
        return faults

    found: list[Fault] = []
    with ThreadPoolExecutor(WORKERS) as workers:
        for start in range(0, len(records), BATCH):
            for faults in workers.map(check, records[start : start + BATCH]):
                found += faults
    return tuple(found)


def _check_copies(
    store: ObjectStore, record: Record, places: Mapping[Place, str]
) -> tuple[list[Fault], bytes | None]:
    """Return the faults of an object's copies, and its bytes if one of them is sound."""
    faults, sound = [], None
    for place in _PLACES:
        if (key := places.get(place)) is None:
            continue
        # An address says nothing to a person; the key in the flat tree does.
        where = store.url_of(key) + (f" ({record.key})" if place == "pool" else "")
        words, content = _look_at(store, key, where, record)
        if words is None:
            sound = content
        else:
            faults.append(Fault(record.key, record.sha256, place, words))
    return faults, sound


def _look_at(
    store: ObjectStore, key: str, where: str, record: Record
) -> tuple[str | None, bytes | None]:
    """Return what is wrong with a copy, None if nothing, and its bytes."""
    try:
        content = store.get(key)
    except ObjectMissing:
        return f"{where} is missing", None
    return fault_in(content, record.size_bytes, record.sha256, where), content


def fault_in(content: bytes, size_bytes: int, sha256: str, where: str) -> str | None:
    """Return what is wrong with bytes that were read, None if nothing."""
    if len(content) != size_bytes:
        return f"{where} has {len(content)} bytes instead of {size_bytes}"
    if digest(content) != sha256:
        return f"{where} holds other bytes than were published"
    return None


def _restore(
    store: ObjectStore,
    library: str,
    faults: list[Fault],
    places: Mapping[Place, str],
    sound: bytes,
) -> Iterator[Fault]:
    for fault in faults:
        replace_damaged(store, library, places[fault.place], sound)
        yield Fault(fault.key, fault.sha256, fault.place, fault.words, repaired=True)
