"""The objects of a library under the SHA-256 of their bytes: `<library>/objects/<2 hex>/<sha256>`.

A version's manifest lists key -> SHA-256, so the pool and a manifest are a whole version, and two
versions share what they have in common. An address says what its object must be: everything read is
hashed, and an object that is not what its address says is never handed out.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from data.library.large_records import cycles_left_alone
from data.library.records import digest
from data.object_store import KeyConflict, ObjectMissing, ObjectStore, StoredObject, StoreError

POOL_FOLDER: Final = "objects"
QUARANTINE_FOLDER: Final = "quarantine"
TRASH_FOLDER: Final = "trash"
WORKERS: Final = 8  # requests wait for the network, not for a core

# Up to this many objects are asked for one by one; beyond, the pool is listed, which answers for up
# to 1000 objects a request.
_ASKED_ONE_BY_ONE: Final = 512


class ObjectDamaged(StoreError):  # noqa: N818 - the name says what happened, as ObjectMissing does
    """An object of the pool does not hold the bytes that its address says."""


class ObjectPool:
    """The objects of one library. Safe to use from several threads.

    Every method raises `StoreError` if the store refuses, and `ValueError` for an address that is
    no SHA-256 in lower-case hexadecimal.
    """

    def __init__(self, store: ObjectStore, library: str) -> None:
        self.store = store
        self.library = library

    def key(self, sha256: str) -> str:
        """Return the key of an object in the store."""
        if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
            raise ValueError(f"{sha256[:80]!r} is not a SHA-256: 64 digits of 0-9 a-f")
        return f"{self.library}/{POOL_FOLDER}/{sha256[:2]}/{sha256}"

    def put(self, content: bytes) -> str:
        """Keep `content`; return its address. The same bytes again write nothing.

        Other bytes under the address are damage, whatever made them: they are moved to the
        quarantine and the object is written anew.
        """
        sha256 = digest(content)
        try:
            self.store.put_new(self.key(sha256), content)
        except KeyConflict:
            self.replace_damaged(sha256, content)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return the bytes at an address; they have been hashed.

        Raises:
            ObjectMissing: the pool does not have them.
            ObjectDamaged: the pool has other bytes.
        """
        key = self.key(sha256)
        content = self.store.get(key)
        if (found := digest(content)) != sha256:
            raise ObjectDamaged(
                f"{self.store.url_of(key)} holds {len(content)} bytes with the SHA-256 "
                f"{found[:12]}...; restore it with: texture-mill library verify {self.library} "
                "--repair"
            )
        return content

    def has(self, sha256: str, size_bytes: int | None = None) -> bool:
        """Return whether the pool has an object, of this size if one is given; bytes are unread."""
        size = self.store.size(self.key(sha256))
        return size is not None and size_bytes in (None, size)

    @cycles_left_alone()
    def missing(self, wanted: Iterable[tuple[str, int]]) -> set[str]:
        """Return the addresses among (address, size in bytes) that the pool lacks at that size.

        Few are asked for one by one; for many the pool is listed, one request for each thousand
        objects that it holds.
        """
        sizes = dict(wanted)
        if len(sizes) > _ASKED_ONE_BY_ONE:
            held = {sha256: item.size_bytes for sha256, item in self.objects()}
            return {sha256 for sha256, size in sizes.items() if held.get(sha256) != size}
        with ThreadPoolExecutor(WORKERS) as pool:
            found = pool.map(lambda item: self.has(*item), sizes.items())
            return {sha256 for sha256, there in zip(sizes, found, strict=True) if not there}

    def objects(self) -> Iterator[tuple[str, StoredObject]]:
        """Yield (address, object) for everything in the pool, in no order, as it is listed.

        What is no object of a pool (a name that is no address, an address in another folder) is
        passed over.
        """
        folder = f"{self.library}/{POOL_FOLDER}"
        for item in self.store.walk(folder):
            sha256 = item.key.rpartition("/")[2]
            if len(sha256) == 64 and item.key == f"{folder}/{sha256[:2]}/{sha256}":
                yield sha256, item

    def replace_damaged(self, sha256: str, content: bytes) -> None:
        """Put the right bytes where damaged ones are; those are kept in the quarantine.

        Nothing that a reader relies on changes: the address said all along what the bytes must be.

        Raises:
            ValueError: `content` does not have this SHA-256.
        """
        if digest(content) != sha256:
            raise ValueError(f"{len(content)} bytes do not have the SHA-256 {sha256}")
        replace_damaged(self.store, self.library, self.key(sha256), content)


def read_trash(store: ObjectStore, library: str, sha256: str) -> bytes | None:
    """Return an object that garbage collection removed, None if it is not there any more."""
    try:
        content = store.get(f"{library}/{TRASH_FOLDER}/{sha256}")
    except ObjectMissing:
        return None
    return content if digest(content) == sha256 else None


def replace_damaged(store: ObjectStore, library: str, key: str, content: bytes) -> None:
    """Put `content` at a key of `library` that is missing or holds other bytes.

    The other bytes are first copied to `<library>/quarantine/<SHA-256 of what was found>`, so that
    nothing is lost that somebody may want to look at.

    Raises:
        StoreError: the store refused; where it forbids deleting, a damaged object stays as it is.
    """
    try:
        found = store.get(key)
    except ObjectMissing:
        store.put_new(key, content)
        return
    if found == content:
        return
    store.put_new(f"{library}/{QUARANTINE_FOLDER}/{digest(found)}", found)
    store.remove(key)
    store.put_new(key, content)
