"""Mark and sweep: remove what nothing reaches, after a grace period, and never the last copy.

Kept is what a channel gives its readers or would go back to, the newest versions, and pinned ones.
Everything else may go once it is older than the grace period by the store's own clock: objects of
the pool that no kept manifest names, versions that nothing keeps, leftovers of publications that
died. A number stays taken for ever: of a removed version the claim remains.

Objects of the pool are moved to `<library>/trash/` and deleted from there by a later collection.
While a build holds a lease nothing is removed. A publisher that came too late to be seen takes its
lease first and looks for its objects last; what it came to reach meanwhile is brought back from the
trash at the end of the sweep.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, Field

from data.library.channels import channels, releases, rollback_target
from data.library.holds import clock_of, open_leases, pins
from data.library.large_records import cycles_left_alone
from data.library.object_pool import (
    POOL_FOLDER,
    QUARANTINE_FOLDER,
    TRASH_FOLDER,
    ObjectPool,
    read_trash,
)
from data.library.records import LibraryError, canonical_json, digest
from data.library.versions import (
    claimed_versions,
    folder_of,
    load_manifest,
    manifest_key,
    read_object,
)
from data.object_store import ObjectMissing, ObjectStore, StoredObject

_BATCH: Final = 50  # objects between two looks for new leases

# An address anywhere in a manifest or in a JSON document of a version keeps its object. That keeps
# masters, which only a build's record names, and errs on the side of keeping.
_ADDRESS = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class GarbageConfig(BaseModel, frozen=True, extra="forbid"):
    """What is kept."""

    keep_versions: int = Field(5, ge=1, description="newest versions that stay, whatever else")
    grace_days: float = Field(7.0, ge=0, description="age below which nothing is removed")


@dataclass(frozen=True)
class Removal:
    """One object that nothing reaches."""

    key: str
    size_bytes: int
    why: str


@dataclass(frozen=True)
class GarbagePlan:
    """What a collection keeps and would remove."""

    library: str
    kept: dict[int, tuple[str, ...]]  # version -> what keeps it
    addresses: frozenset[str] = field(repr=False)  # of objects that kept versions reach
    removals: tuple[Removal, ...]
    running: tuple[str, ...]  # a line for each open lease; with one, nothing is removed

    @property
    def size_bytes(self) -> int:
        """Of everything that would be removed."""
        return sum(removal.size_bytes for removal in self.removals)


@cycles_left_alone()
def plan_garbage(
    store: ObjectStore, library: str, config: GarbageConfig, *, now: datetime | None = None
) -> GarbagePlan:
    """Find out what nothing reaches; nothing is changed.

    Args:
        store: where.
        library: its name.
        config: what is kept.
        now: by the store's clock; None takes this machine's.

    Raises:
        LibraryError: there is no such library; or a manifest, channel or pin cannot be read, so
            that what it reaches is unknown.
    """
    if not claimed_versions(store, library):
        raise LibraryError(f"no version of the library {library!r} is at {store.url}")
    now = now or datetime.now(UTC)
    running = tuple(open_leases(store, library, now))
    before = now - timedelta(days=config.grace_days)
    kept = _kept_versions(store, library, config, before)
    addresses = frozenset(
        address for version in kept for address in _addresses(store, library, version)
    )
    removals = (
        *_unreached_objects(store, library, addresses, before),
        *_unreached_versions(store, library, set(kept), before),
        *_old_leftovers(store, library, before),
    )
    return GarbagePlan(library, kept, addresses, removals, running)


def collect_garbage(store: ObjectStore, library: str, config: GarbageConfig) -> GarbagePlan:
    """Remove what nothing reaches; return what was removed.

    Nothing is removed while a build runs; the plan then says which.

    Raises:
        LibraryError: see `plan_garbage`; nothing was removed.
        StoreError: the store refused half-way; collecting again goes on.
    """
    plan = plan_garbage(store, library, config, now=clock_of(store, library))
    done: list[Removal] = []
    running: list[str] = list(plan.running)
    for removal in plan.removals:
        if len(done) % _BATCH == 0:
            running = open_leases(store, library, clock_of(store, library))
        if running:
            break
        _remove(store, library, removal)
        done.append(removal)
    _bring_back(store, plan, done)
    return replace(plan, removals=tuple(done), running=tuple(running))


def _kept_versions(
    store: ObjectStore, library: str, config: GarbageConfig, before: datetime
) -> dict[int, tuple[str, ...]]:
    """Return version -> everything that keeps it."""
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    published = {
        version: found
        for version in claimed_versions(store, library)
        if (found := store.look_at(manifest_key(library, version)))
    }
    for version in sorted(published)[-config.keep_versions :]:
        reasons[version].append(f"among the newest {config.keep_versions}")
    for version, found in published.items():
        if found.modified_at >= before:
            reasons[version].append("within the grace period")
    for channel in channels(store, library):
        history = releases(store, library, channel)
        if history:
            reasons[history[-1].version].append(f"channel {channel}")
            if (back := rollback_target(history)) is not None:
                reasons[back].append(f"channel {channel} goes back to it")
    for pin in pins(store, library):
        reasons[pin.version].append(f"pin {pin.name}")
    return {version: tuple(reasons[version]) for version in sorted(reasons)}


def _addresses(store: ObjectStore, library: str, version: int) -> Iterator[str]:
    """Yield the address of every object that a version names."""
    manifest, _ = load_manifest(store, library, version)
    texts = [canonical_json(manifest)]
    for document in manifest.documents:
        if document.key.endswith(".json"):
            texts.append(read_object(store, manifest, document))
    for text in texts:
        yield from (found.group().decode() for found in _ADDRESS.finditer(text))


def _unreached_objects(
    store: ObjectStore, library: str, addresses: frozenset[str], before: datetime
) -> Iterator[Removal]:
    for address, item in ObjectPool(store, library).objects():
        if address not in addresses and item.modified_at < before:
            yield Removal(item.key, item.size_bytes, "no kept version names it")


def _unreached_versions(
    store: ObjectStore, library: str, kept: set[int], before: datetime
) -> Iterator[Removal]:
    for version in claimed_versions(store, library):
        if version in kept:
            continue
        items = store.objects(folder_of(library, version))
        if any(item.modified_at >= before for item in items):
            continue
        manifest = manifest_key(library, version)
        published = any(item.key == manifest for item in items)
        why = "nothing keeps this version" if published else "a publication that died"
        # The manifest goes first: a version that loses its files is none any more.
        for item in sorted(items, key=lambda item: item.key != manifest):
            if not item.key.endswith("/claim.json"):
                yield Removal(item.key, item.size_bytes, why)


def _old_leftovers(store: ObjectStore, library: str, before: datetime) -> Iterator[Removal]:
    def old(folder: str) -> list[StoredObject]:
        return [i for i in store.objects(f"{library}/{folder}") if i.modified_at < before]

    for item in old(TRASH_FOLDER):
        yield Removal(item.key, item.size_bytes, "long enough in the trash")
    for item in old(QUARANTINE_FOLDER):
        yield Removal(item.key, item.size_bytes, "long enough in quarantine")
    for folder in ("leases", "clock"):
        for item in old(folder):
            yield Removal(item.key, item.size_bytes, "left by a process that died")


def _remove(store: ObjectStore, library: str, removal: Removal) -> None:
    if removal.key.startswith(f"{library}/{POOL_FOLDER}/"):
        try:
            content = store.get(removal.key)
        except ObjectMissing:
            return
        store.put_new(f"{library}/{TRASH_FOLDER}/{digest(content)}", content)
    store.remove(removal.key)


def _bring_back(store: ObjectStore, plan: GarbagePlan, done: list[Removal]) -> None:
    """Bring back what a version reaches that was published while this collection ran."""
    pool = f"{plan.library}/{POOL_FOLDER}/"
    trashed = {item.key.rpartition("/")[2] for item in done if item.key.startswith(pool)}
    for version in claimed_versions(store, plan.library) if trashed else ():
        if version in plan.kept or not store.exists(manifest_key(plan.library, version)):
            continue
        for address in trashed & set(_addresses(store, plan.library, version)):
            if (content := read_trash(store, plan.library, address)) is not None:
                ObjectPool(store, plan.library).put(content)
