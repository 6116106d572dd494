"""What garbage collection must leave alone besides channels: pins of consumers, leases of builds.

A pin says that somebody relies on a version for good: `<library>/pins/<name>.json`. A lease says
that a build is running and may rely on any object it found: `<library>/leases/<id>.json`, removed
at its end. A build that is killed leaves its lease, which counts until it runs out.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, Field, ValidationError

from data.library.records import LibraryError, Slug, canonical_json
from data.library.versions import load_manifest
from data.object_store import KeyConflict, ObjectMissing, ObjectStore, StoreError

LEASE_LIFETIME: Final = timedelta(hours=12)
# How far a store's clock may jump while a lease is open: it counts that much longer.
CLOCK_TOLERANCE: Final = timedelta(hours=1)


class Pin(BaseModel, frozen=True, extra="forbid", populate_by_name=True):
    """Somebody relies on a version."""

    schema_id: Literal["texture-mill.pin/1"] = Field("texture-mill.pin/1", alias="schema")
    name: Slug = Field(description="of the pin: who relies on the version, a game for instance")
    version: int = Field(ge=1, description="that must stay")
    who: str = Field(max_length=200, description="who pinned it")
    why: str = Field(max_length=1000, description="in words; may be empty")


class Lease(BaseModel, frozen=True, extra="forbid", populate_by_name=True):
    """A build is running."""

    schema_id: Literal["texture-mill.lease/1"] = Field("texture-mill.lease/1", alias="schema")
    lease_id: str = Field(pattern=r"^[0-9a-f]{32}$", description="random")
    who: str = Field(max_length=200, description="what is running")
    lifetime_s: float = Field(gt=0, description="how long it counts after it was written, seconds")


def pin_version(
    store: ObjectStore, library: str, name: str, version: int, *, who: str, why: str = ""
) -> Pin:
    """Keep `version` until the pin is taken away; the same pin again is success.

    Raises:
        LibraryError: no such version, or the name is taken by a pin of another version.
    """
    load_manifest(store, library, version)
    try:
        pin = Pin(name=name, version=version, who=who, why=why)
    except ValidationError:
        raise LibraryError(f"{name[:40]!r} is no name of a pin: up to 64 of a-z 0-9 _") from None
    with suppress(KeyConflict):
        store.put_new(f"{library}/pins/{name}.json", canonical_json(pin))
    standing = next((known for known in pins(store, library) if known.name == name), None)
    if standing is None or standing.version != version:
        held = "nothing" if standing is None else f"v{standing.version:04d}"
        raise LibraryError(
            f"the pin {name!r} of {library!r} holds {held}; take it away first, or use another name"
        )
    return standing


def unpin_version(store: ObjectStore, library: str, name: str) -> Pin:
    """Take a pin away; return it.

    Raises:
        LibraryError: there is no such pin.
    """
    for pin in pins(store, library):
        if pin.name == name:
            store.remove(f"{library}/pins/{name}.json")
            return pin
    raise LibraryError(f"the library {library!r} has no pin {name[:40]!r}")


def pins(store: ObjectStore, library: str) -> list[Pin]:
    """Return every pin of `library`, by name.

    Raises:
        LibraryError: one cannot be read; what it holds is unknown.
    """
    found = []
    for item in store.objects(f"{library}/pins"):
        try:
            pin = Pin.model_validate_json(store.get(item.key))
        except ObjectMissing:
            continue  # taken away since
        except ValidationError:
            raise LibraryError(
                f"{store.url_of(item.key)} is no pin, so what it holds is unknown; correct or "
                "remove it by hand"
            ) from None
        if item.key != f"{library}/pins/{pin.name}.json":
            raise LibraryError(f"{store.url_of(item.key)} is the pin {pin.name!r}")
        found.append(pin)
    return found


@contextmanager
def running_build(
    store: ObjectStore, library: str, who: str, *, lifetime: timedelta = LEASE_LIFETIME
) -> Iterator[Lease]:
    """Hold a lease while the body runs: garbage collection removes nothing meanwhile.

    Args:
        store: where.
        library: whose objects the build may rely on.
        who: what is running, for the person who wonders why nothing is collected.
        lifetime: longer than the body can take; a lease is not renewed.
    """
    lease = Lease(lease_id=uuid.uuid4().hex, who=who, lifetime_s=lifetime.total_seconds())
    key = f"{library}/leases/{lease.lease_id}.json"
    store.put_new(key, canonical_json(lease))
    try:
        yield lease
    finally:
        with suppress(StoreError):  # then it runs out by itself
            store.remove(key)


def open_leases(store: ObjectStore, library: str, now: datetime) -> list[str]:
    """Return a line for each lease that counts at `now`, a time of the store's clock."""
    lines = []
    for item in store.objects(f"{library}/leases"):
        try:
            lease = Lease.model_validate_json(store.get(item.key))
            lifetime, who = timedelta(seconds=lease.lifetime_s), lease.who
        except ObjectMissing:
            continue
        except ValidationError:
            lifetime, who = LEASE_LIFETIME, "something unreadable"
        ends = item.modified_at + lifetime + CLOCK_TOLERANCE
        if now < ends:
            lines.append(f"{who} is running, and counts until {ends:%Y-%m-%d %H:%M} UTC at most")
    return lines


def clock_of(store: ObjectStore, library: str) -> datetime:
    """Return what time the store says it is: that of an object written now and removed again.

    Ages of objects are differences of the store's own times, so a wrong clock here harms nothing.
    """
    key = f"{library}/clock/{uuid.uuid4().hex}"
    store.put_new(key, key.encode())
    try:
        found = store.look_at(key)
    finally:
        with suppress(StoreError):
            store.remove(key)
    if found is None:
        raise StoreError(f"{store.url} forgets what is written; use another store")
    return found.modified_at.astimezone(UTC)
