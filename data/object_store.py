"""One thin store over a URL: `file://`, `memory://`, `s3://`, `gs://` and `az://` behave the same.

Objects are only ever created. A key that already holds the same bytes is success, one that holds
other bytes is a `KeyConflict`; nothing here overwrites. What the objects mean (libraries,
manifests) is in `data/library/`; why a store refused is put into words in `data/store_errors.py`.

Credentials, region and endpoint are read by obstore itself from the usual variables: `AWS_*`,
`GOOGLE_*`, `AZURE_*`.
"""

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, MemoryStore, S3Store

from data.store_errors import (
    KeyConflict,
    ObjectMissing,
    StoreError,
    credentials_of,
    is_missing_object,
    words_for,
)
from data.url_credentials import without_credentials

__all__ = [
    "KeyConflict",
    "ObjectMissing",
    "ObjectStore",
    "StoreError",
    "StoredObject",
    "check_writable",
    "open_store",
]

MAX_KEY_LENGTH: Final = 512  # S3 allows 1024 bytes; the rest is room for the store's own prefix
MAX_SEGMENT_LENGTH: Final = (
    128  # ext4, APFS and NTFS allow 255; obstore adds a suffix while it writes
)

Backend = LocalStore | MemoryStore | S3Store | GCSStore | AzureStore

_SEGMENT = re.compile(r"[a-z0-9_-][a-z0-9._-]*")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

# obstore's own defaults are 10 tries in 3 minutes: too long to learn that an endpoint is down.
_RETRY: Any = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=2),
        "base": 2,
    },
}
_CLIENT: Any = {
    # Only permits what the user asks for: an `http://` endpoint must be named in AWS_ENDPOINT_URL.
    "allow_http": True,
    "connect_timeout": timedelta(seconds=3),
    "read_timeout": timedelta(seconds=15),
    "timeout": timedelta(minutes=5),
}

_memory_stores: dict[str, MemoryStore] = {}
_memory_lock = threading.Lock()


@dataclass(frozen=True)
class StoredObject:
    """One object as a listing shows it."""

    key: str
    size_bytes: int
    modified_at: datetime = field(default=datetime(1970, 1, 1, tzinfo=UTC), compare=False)


def check_key(key: str) -> str:
    """Return `key` if it is safe as an object key, a file name and part of a URL on every system.

    Segments of `a-z 0-9 . _ -` joined by `/`; no segment starts or ends with a dot, so neither `..`
    nor hidden files exist.

    Raises:
        ValueError: anything else, with the offending segment.
    """
    if len(key) > MAX_KEY_LENGTH:
        raise ValueError(
            f"the key {key[:40]!r}... has {len(key)} characters; the limit is {MAX_KEY_LENGTH}"
        )
    for segment in key.split("/"):
        if not _SEGMENT.fullmatch(segment) or segment.endswith("."):
            raise ValueError(
                f"the key {key!r} has the segment {segment!r}; "
                "segments are a-z 0-9 . _ - and neither start nor end with a dot"
            )
        if len(segment) > MAX_SEGMENT_LENGTH:
            raise ValueError(
                f"the segment {segment[:40]!r}... of a key is longer than {MAX_SEGMENT_LENGTH}"
            )
    return key


class ObjectStore:
    """Objects under one URL. Made by `open_store`; safe to use from several threads.

    Every method checks its key (`ValueError`) and raises `StoreError` with one line that names what
    was tried, where, why it failed and the way out; never a credential.
    """

    def __init__(self, url: str, backend: Backend | None, root: Path | None) -> None:
        self.url = url
        self.root = root
        self._backend = (
            backend  # None: a local folder that does not exist yet, which reads as empty
        )

    def put_new(self, key: str, content: bytes) -> bool:
        """Create `key` with `content`; True if written, False if it already held the same bytes.

        Atomic on folders, in memory and on the stores of Amazon, Google and Azure. Swift looks
        first and writes then: of two writers within milliseconds both may succeed, and the later
        bytes stand. Who depends on having won reads the object again before acting on it.

        Raises:
            KeyConflict: the key holds other bytes; they are left as they are.
            StoreError: the store refused or did not answer.
        """
        check_key(key)
        if self._create(key, content):
            return True
        if self.get(key) == content:
            return False
        raise KeyConflict(
            f"{self.url_of(key)} already holds other bytes, and published objects are never "
            "overwritten; publish under a new version"
        )

    def get(self, key: str) -> bytes:
        """Return the bytes of `key`.

        Raises:
            ObjectMissing: there is no such object.
            StoreError: the store refused or did not answer.
        """
        check_key(key)
        if (backend := self._readable()) is None:
            raise ObjectMissing(f"there is no object {self.url_of(key)}")
        with self._in_words("read", key):
            return bytes(obstore.get(backend, key).bytes())

    def look_at(self, key: str) -> StoredObject | None:
        """Return what a listing would show of `key`, None if there is no such object."""
        check_key(key)
        if (backend := self._readable()) is None:
            return None
        try:
            with self._in_words("look at", key):
                found = obstore.head(backend, key)
        except ObjectMissing:
            return None
        return StoredObject(key, found["size"], found["last_modified"])

    def size(self, key: str) -> int | None:
        """Return the size of `key` in bytes, None if there is no such object."""
        found = self.look_at(key)
        return None if found is None else found.size_bytes

    def exists(self, key: str) -> bool:
        """Return whether `key` holds an object."""
        return self.size(key) is not None

    def objects(self, prefix: str = "") -> list[StoredObject]:
        """Return every object below the folder `prefix`, sorted by key."""
        return sorted(self.walk(prefix), key=lambda item: item.key)

    def walk(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield every object below the folder `prefix`, in no order, without keeping them all."""
        if (backend := self._readable()) is None:
            return
        with self._in_words("list", check_key(prefix) if prefix else ""):
            for batch in obstore.list(backend, prefix=prefix or None):
                for item in batch:
                    yield StoredObject(item["path"], item["size"], item["last_modified"])

    def folders(self, prefix: str = "") -> list[str]:
        """Return the names of the folders directly below `prefix`, sorted."""
        if (backend := self._readable()) is None:
            return []
        with self._in_words("list", check_key(prefix) if prefix else ""):
            found = obstore.list_with_delimiter(backend, prefix=prefix or None)
        return sorted(path.rstrip("/").rsplit("/", 1)[-1] for path in found["common_prefixes"])

    def url_of(self, key: str) -> str:
        """Return the full URL of `key`; for `file://` one that a browser opens."""
        if self.root is not None:
            return (self.root / key).as_uri()
        return f"{self.url}/{key}" if key else self.url

    def _create(self, key: str, content: bytes) -> bool:
        """Write `key` unless it exists; True if this call wrote it."""
        try:
            with self._in_words("write", key):
                obstore.put(self._writable(), key, content, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def remove(self, key: str) -> None:
        """Delete `key`; a missing one is success. Only garbage collection and repair remove.

        Raises:
            StoreError: the store refused or did not answer.
        """
        check_key(key)
        if (backend := self._readable()) is None:
            return
        with suppress(ObjectMissing), self._in_words("delete", key):
            obstore.delete(backend, key)

    def _delete(self, key: str) -> None:
        with suppress(BaseError, OSError):  # a store may forbid deleting
            obstore.delete(self._writable(), key)

    def _readable(self) -> Backend | None:
        """Return the backend; None for a local folder that nobody has made yet."""
        if self._backend is None and self.root is not None and self.root.is_dir():
            self._backend = LocalStore(self.root)
        return self._backend

    def _writable(self) -> Backend:
        if self._backend is None:
            assert self.root is not None  # only local folders may be missing
            self._backend = LocalStore(self.root, mkdir=True)
        return self._backend

    @contextmanager
    def _in_words(self, action: str, key: str) -> Iterator[None]:
        """Turn what obstore raises into our errors; `AlreadyExistsError` passes."""
        try:
            yield
        except AlreadyExistsError:
            raise
        except BaseException as error:
            # obstore's client panics on an endpoint that is no URL; the class is not importable.
            panicked = type(error).__name__ == "PanicException"
            if not panicked and not isinstance(error, BaseError | OSError | ValueError):
                raise
            where = str(self.root / key) if self.root is not None else self.url_of(key)
            kind = ObjectMissing if is_missing_object(error) else StoreError
            scheme = self.url.partition(":")[0]
            raise kind(f"cannot {action} {where}: {words_for(error, scheme)}") from None


def open_store(url: str) -> ObjectStore:
    """Open the store at `url`; nothing is created or contacted yet.

    `file:///absolute/folder` (spaces and unicode as they are or percent-encoded), `memory://name`
    (one store per name for the whole process), `s3://bucket/prefix` (path style; `AWS_*` variables
    as obstore reads them, `AWS_ENDPOINT_URL` for other servers than Amazon's), `gs://bucket/prefix`
    (`GOOGLE_*` variables), `az://container/prefix` (`AZURE_*` variables, the account among them).

    Raises:
        StoreError: the URL is none of these.
    """
    scheme, separator, rest = url.partition("://")
    match scheme if separator else "":
        case "file":
            return _open_folder(url, rest)
        case "memory":
            name = rest.strip("/")
            with _memory_lock:
                return ObjectStore(
                    f"memory://{name}", _memory_stores.setdefault(name, MemoryStore()), None
                )
        case "s3" | "gs" | "az":
            return _open_bucket(url, scheme, rest)
    hint = f"; for a local folder write {Path(url).as_uri()}" if url.startswith("/") else ""
    raise StoreError(
        f"the store URL {without_credentials(url)!r} is not understood: "
        "use file:///absolute/folder, s3://bucket/prefix, gs://bucket/prefix, "
        f"az://container/prefix or memory://name{hint}"
    )


def _open_folder(url: str, rest: str) -> ObjectStore:
    root = Path(unquote(rest.removeprefix("localhost")))
    if not root.is_absolute() or ".." in root.parts or "\0" in str(root):
        raise StoreError(
            f"the store URL {without_credentials(url)!r} is not understood: "
            "write file:/// and an absolute folder"
        )
    try:
        backend = LocalStore(root) if root.is_dir() else None
    except (BaseError, OSError, ValueError) as error:
        raise StoreError(f"cannot open {root}: {words_for(error)}") from None
    return ObjectStore(root.as_uri(), backend, root)


def _open_bucket(url: str, scheme: str, rest: str) -> ObjectStore:
    shown = without_credentials(url)
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.strip("/")
    try:
        if shown != url:
            raise ValueError("it has a user, a query or a fragment, which are not repeated here")
        if not _BUCKET.fullmatch(bucket):
            raise ValueError(f"{bucket!r} is not a bucket name (3 to 63 of a-z 0-9 . -)")
        if prefix:
            check_key(prefix)
    except ValueError as error:
        raise StoreError(
            f"the store URL {shown!r} is not understood: {error}; write "
            f"{scheme}://bucket/prefix and give credentials in {credentials_of(scheme)}"
        ) from None
    clean = f"{scheme}://{bucket}/{prefix}" if prefix else f"{scheme}://{bucket}"
    try:
        backend = _backend(scheme, bucket, prefix)
    except (BaseError, OSError, ValueError) as error:
        raise StoreError(f"cannot open {clean}: {words_for(error, scheme)}") from None
    return ObjectStore(clean, backend, None)


def _backend(scheme: str, bucket: str, prefix: str, **options: Any) -> Backend:
    common: Any = {"prefix": prefix or None, "retry_config": _RETRY, "client_options": _CLIENT}
    if scheme == "gs":
        return GCSStore(bucket, **common, **options)
    if scheme == "az":
        return AzureStore(bucket, **common, **options)
    return S3Store(bucket, **common, checksum_algorithm="SHA256", **options)


def anonymous_store(store: ObjectStore) -> ObjectStore | None:
    """Return the same store as somebody without credentials sees it; None if it is no bucket."""
    scheme, _, rest = store.url.partition("://")
    if scheme not in ("s3", "gs", "az"):
        return None
    bucket, _, prefix = rest.partition("/")
    try:
        backend = _backend(scheme, bucket, prefix, skip_signature=True)
    except (BaseError, OSError, ValueError):
        return None
    return ObjectStore(store.url, backend, None)


def check_writable(store_url: str) -> None:
    """Find out at the door whether libraries can be published at `store_url`.

    Creates one small object, reads it, tries to create it again (which must be refused) and deletes
    it. A store that forbids deleting is fine for publishing: there the probe stays.

    Raises:
        StoreError: the store cannot be reached, read or written, is full, or overwrites objects.
    """
    store = open_store(store_url)
    key = f"write-probe-{secrets.token_hex(8)}"
    content = key.encode()
    store.put_new(key, content)
    try:
        if store.get(key) != content:
            raise StoreError(
                f"{store.url} gives back other bytes than were written; use another store"
            )
        if store._create(key, content + b"!"):
            raise StoreError(
                f"{store.url} overwrites objects although create-only writes were asked for, so "
                "two publishers could destroy each other's library; use a store that honours "
                "If-None-Match"
            )
    finally:
        store._delete(key)
