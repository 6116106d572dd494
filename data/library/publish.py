"""Write one library version so that readers see all of it or nothing.

The order is the promise: a create-only claim takes the next number, textures and documents are
created in the pool and as plain files, the claim is checked, every object is read back, and
`manifest.json` is created last.
Readers trust only the manifest. A publication that dies leaves a claim; the same content published
again continues it. Checking the claim late covers stores whose create-only writes are not quite
atomic (see `ObjectStore.put_new`): of two claims the later stands, and its publisher goes on.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, Field

from data.library.documents import AnyDocument
from data.library.encode import Pixels, Texture
from data.library.holds import running_build
from data.library.object_pool import WORKERS, ObjectPool
from data.library.plan import plan_version
from data.library.records import (
    LibraryDraft,
    LibraryError,
    LibraryManifest,
    canonical_json,
    parse_manifest,
)
from data.library.verify import Record, fault_in
from data.library.versions import (
    claimed_versions,
    folder_of,
    latest_version,
    manifest_key,
    read_manifest,
)
from data.object_store import KeyConflict, ObjectMissing, ObjectStore, StoreError, open_store

CLAIM_SCHEMA: Final = "texture-mill.claim/1"
MAX_CLAIMS: Final = 20  # numbers lost to other publishers before the store itself is suspected

OnProgress = Callable[[int, int, str], None]


class PublishedLibrary(BaseModel, frozen=True, extra="forbid"):
    """Where a published version is."""

    store_url: str = Field(description="the store")
    library: str = Field(description="name")
    version: int = Field(ge=1, description="number of the version")
    url: str = Field(description="the version's folder")
    manifest_url: str = Field(description="the one file readers trust")
    gallery_url: str = Field(description="page that shows every texture")
    contact_sheet_url: str = Field(description="picture of every texture")
    content_digest: str = Field(description="of what was published")
    textures: int = Field(description="how many")
    size_bytes: int = Field(description="of textures and documents together")
    nothing_to_do: bool = Field(description="the newest version already had this content")

    @property
    def gallery_path(self) -> str:
        """A path a person can open: a local one for `file://`, else the URL."""
        if self.gallery_url.startswith("file:"):
            return unquote(urlsplit(self.gallery_url).path)
        return self.gallery_url


class PlannedVersion(Protocol):
    """What can be published: `VersionPlan`, or whatever else knows its manifest and bytes."""

    @property
    def library(self) -> str:
        """Name of the library."""

    @property
    def content_digest(self) -> str:
        """Of everything but version, time, flow run and version of the code."""

    def manifest(self, version: int, created_at: str) -> LibraryManifest:
        """Return the manifest of the version once it has a number and a time."""

    def objects(self, manifest: LibraryManifest) -> Mapping[str, bytes]:
        """Return key -> bytes of everything the manifest lists; bytes may be fetched when asked."""


class _Claim(BaseModel, frozen=True, extra="ignore"):
    """Who took a version number, for which content."""

    content_digest: str
    created_at: str


def publish_version(
    store_url: str,
    draft: LibraryDraft,
    textures: Sequence[Texture],
    *,
    photographs: Mapping[str, Pixels] | None = None,
    further: Sequence[AnyDocument] = (),
    on_progress: OnProgress | None = None,
) -> PublishedLibrary:
    """Publish `textures` as the next version of `draft.library`.

    The newest version is left alone if it already has this content; an unfinished newer one of this
    content is continued. Every object is read back and compared before the manifest is written.

    Args:
        store_url: where; see `open_store`.
        draft: what the version says about itself.
        textures: what is published.
        photographs: one crop a material, (height, width, 3) uint8 at the model's scale; shown and
            published only if `draft.include_photographs`.
        further: documents that come with the version, such as masters.
        on_progress: called from this thread with (steps done, steps in all, key); every object is
            written in one step and read back in another.

    Raises:
        LibraryError: the textures contradict each other or the draft.
        StoreError: the store refused; readers see nothing new, and publishing again continues.
    """
    plan = plan_version(draft, textures, photographs or {}, further)
    return publish_plan(store_url, plan, on_progress=on_progress)


def publish_plan(
    store_url: str,
    plan: PlannedVersion,
    *,
    flat_tree: bool = True,
    on_progress: OnProgress | None = None,
) -> PublishedLibrary:
    """Publish what is planned as the next version, as `publish_version` does.

    Args:
        store_url: where; see `open_store`.
        plan: what is published.
        flat_tree: write plain files too. Without them an object that the pool has, at the promised
            size, is neither asked of the plan nor written: what did not change costs one request.
        on_progress: see `publish_version`.

    Raises:
        StoreError: the store refused; readers see nothing new, and publishing again continues.
    """
    store = open_store(store_url)
    newest = latest_version(store_url, plan.library)
    if newest is not None:
        with suppress(LibraryError):  # a damaged version is no reason not to publish a good one
            manifest = read_manifest(store_url, plan.library, newest)
            if manifest.content_digest == plan.content_digest:
                return _published(store, manifest, nothing_to_do=True)
    with running_build(store, plan.library, f"a publication of {plan.library}"):
        return _publish_next(store, plan, (newest or 0) + 1, flat_tree, on_progress)


def _publish_next(
    store: ObjectStore,
    plan: PlannedVersion,
    first: int,
    flat_tree: bool,
    on_progress: OnProgress | None,
) -> PublishedLibrary:
    """Publish under the next number of at least `first` that can be had."""
    last = ""
    for _ in range(MAX_CLAIMS):
        version, claim = _claim_version(store, plan, first)
        try:
            manifest = plan.manifest(version, claim.created_at)
            _write_objects(store, manifest, plan, flat_tree, on_progress)
            manifest = _write_manifest(store, manifest)
        except KeyConflict as error:
            last = str(error)
            # Another publisher has this number, or what a dead one left there is damaged. Numbers
            # are cheap: it stays as it is and the next one is taken.
            first = version + 1
            continue
        return _published(store, manifest, nothing_to_do=False)
    raise _no_number(store, last)


def _claim_version(store: ObjectStore, plan: PlannedVersion, first: int) -> tuple[int, _Claim]:
    """Take a number of at least `first`: one already claimed for this content, else the next."""
    library = plan.library
    versions = claimed_versions(store, library)
    for version in (number for number in versions if number >= first):
        claim = _read_claim(store, library, version)
        if claim and claim.content_digest == plan.content_digest:
            return version, claim
    after = max([first - 1, *versions]) + 1
    for number in range(after, after + MAX_CLAIMS):
        content = {
            "schema": CLAIM_SCHEMA,
            "library": library,
            "version": number,
            "content_digest": plan.content_digest,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "claim_id": uuid.uuid4().hex,  # two publishers never write equal claims
        }
        with suppress(KeyConflict):
            store.put_new(f"{folder_of(library, number)}/claim.json", canonical_json(content))
        claim = _read_claim(store, library, number)
        if claim and claim.content_digest == plan.content_digest:
            return number, claim  # ours, or of a process that publishes the same bytes
    raise _no_number(store, "their claims are not ours")


def _no_number(store: ObjectStore, last: str) -> StoreError:
    return StoreError(
        f"cannot publish at {store.url}: {MAX_CLAIMS} version numbers in a row were lost to others "
        f"({last}); check that the store keeps what is written, and publish again"
    )


def _read_claim(store: ObjectStore, library: str, version: int) -> _Claim | None:
    try:
        return _Claim.model_validate_json(store.get(f"{folder_of(library, version)}/claim.json"))
    except (ObjectMissing, ValueError):
        return None  # a folder without a readable claim is nobody's to continue


def _write_objects(
    store: ObjectStore,
    manifest: LibraryManifest,
    plan: PlannedVersion,
    flat_tree: bool,
    on_progress: OnProgress | None,
) -> None:
    """Write and read back everything but the manifest.

    Raises:
        KeyConflict: the number is another publisher's, or damaged leftovers are in the way.
    """
    writing = _Writing(store, manifest, plan.objects(manifest), flat_tree)
    records = writing.records
    total = 2 * len(records) + 1
    report = on_progress or (lambda done, total, key: None)
    for done, key in enumerate(_in_parallel(writing.write, records), start=1):
        report(done, total, key)
    claim = _read_claim(store, manifest.library, manifest.version)
    if claim is None or claim.content_digest != manifest.content_digest:
        raise KeyConflict(f"{store.url_of(writing.folder)} was claimed by another publisher")
    for done, key in enumerate(_in_parallel(writing.check, records), start=len(records) + 1):
        report(done, total, key)
    report(total, total, "manifest.json")


class _Writing:
    """The objects of one version: written by one thread each, read back by another."""

    def __init__(
        self,
        store: ObjectStore,
        manifest: LibraryManifest,
        objects: Mapping[str, bytes],
        flat_tree: bool,
    ) -> None:
        self._store, self._objects, self._flat_tree = store, objects, flat_tree
        self._pool = ObjectPool(store, manifest.library)
        self.folder = folder_of(manifest.library, manifest.version)
        self.records = {record.key: record for record in manifest.objects()}
        self._unread = set(self.records)

    def write(self, key: str) -> None:
        """Write an object, unless the pool has it and it lies nowhere else."""
        record = self.records[key]
        if not self._flat_tree and self._pool.has(record.sha256, record.size_bytes):
            self._unread.discard(key)
            return
        content = self._objects[key]
        _refuse_other_bytes(record, content)
        self._pool.put(content)
        if self._flat_tree:
            self._store.put_new(f"{self.folder}/{key}", content)

    def check(self, key: str) -> None:
        """Read back what was written; of what was not, ask whether it is still there."""
        record = self.records[key]
        pooled = self._pool.key(record.sha256)
        if key not in self._unread and not self._pool.has(record.sha256, record.size_bytes):
            raise KeyConflict(f"{self._store.url_of(pooled)} ({key}) is gone again")
        places = [pooled] if key in self._unread else []
        places += [f"{self.folder}/{key}"] if self._flat_tree else []
        for place in places:
            if fault := _fault(self._store, place, record):
                raise KeyConflict(fault)


def _in_parallel(act: Callable[[str], None], keys: Iterable[str]) -> Iterator[str]:
    """Yield each key once `act` is done with it; the first failure stops the rest."""
    pool = ThreadPoolExecutor(WORKERS)
    try:
        waiting = {pool.submit(act, key): key for key in keys}
        for future in as_completed(waiting):
            future.result()
            yield waiting[future]
    finally:
        pool.shutdown(cancel_futures=True)


def _write_manifest(store: ObjectStore, manifest: LibraryManifest) -> LibraryManifest:
    key = manifest_key(manifest.library, manifest.version)
    with suppress(KeyConflict):
        store.put_new(key, canonical_json(manifest))
    # Another process may have finished the same content under another flow run: its word stands.
    standing = parse_manifest(store.get(key), where=store.url_of(key))
    if standing.content_digest != manifest.content_digest:
        raise KeyConflict(f"{store.url_of(key)} was published by another publisher")
    return standing


def _refuse_other_bytes(record: Record, content: bytes) -> None:
    if fault := fault_in(content, record.size_bytes, record.sha256, record.key):
        raise LibraryError(f"{fault} in its own manifest; this is a mistake in the plan")


def _fault(store: ObjectStore, key: str, record: Record) -> str | None:
    """Return what is wrong with an object, None if nothing."""
    where = store.url_of(key) if key.endswith(record.key) else f"{store.url_of(key)} ({record.key})"
    try:
        content = store.get(key)
    except ObjectMissing:
        return f"{where} is missing"
    return fault_in(content, record.size_bytes, record.sha256, where)


def _published(
    store: ObjectStore, manifest: LibraryManifest, *, nothing_to_do: bool
) -> PublishedLibrary:
    folder = folder_of(manifest.library, manifest.version)
    urls = {
        document.type: store.url_of(f"{folder}/{document.key}") for document in manifest.documents
    }
    return PublishedLibrary(
        store_url=store.url,
        library=manifest.library,
        version=manifest.version,
        url=store.url_of(folder),
        manifest_url=store.url_of(f"{folder}/manifest.json"),
        gallery_url=urls["gallery"],
        contact_sheet_url=urls["contact_sheet"],
        content_digest=manifest.content_digest,
        textures=len(manifest.textures),
        size_bytes=sum(record.size_bytes for record in manifest.objects()),
        nothing_to_do=nothing_to_do,
    )
