"""Write one library version so that readers see all of it or nothing.

The order is the promise: a create-only claim takes the next number, textures and documents are
created, the claim is checked, every object is read back, and `manifest.json` is created last.
Readers trust only the manifest. A publication that dies leaves a claim; the same content published
again continues it. Checking the claim late covers stores whose create-only writes are not quite
atomic (see `ObjectStore.put_new`): of two claims the later stands, and its publisher goes on.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, Field

from data.library.encode import EncodedTexture, Pixels
from data.library.plan import VersionPlan, plan_version
from data.library.records import (
    LibraryDraft,
    LibraryError,
    LibraryManifest,
    canonical_json,
    digest,
    parse_manifest,
)
from data.object_store import KeyConflict, ObjectMissing, ObjectStore, StoreError, open_store

CLAIM_SCHEMA: Final = "texture-mill.claim/1"
MAX_CLAIMS: Final = 20  # numbers lost to other publishers before the store itself is suspected
WORKERS: Final = 8  # S3 requests wait for the network, not for a core

OnProgress = Callable[[int, int, str], None]

_VERSION_FOLDER = re.compile(r"v(\d{4,})")


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


class _Claim(BaseModel, frozen=True, extra="ignore"):
    """Who took a version number, for which content."""

    content_digest: str
    created_at: str


def publish_version(
    store_url: str,
    draft: LibraryDraft,
    textures: Sequence[EncodedTexture],
    *,
    photographs: Mapping[str, Pixels] | None = None,
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
        on_progress: called from this thread with (steps done, steps in all, key); every object is
            written in one step and read back in another.

    Raises:
        LibraryError: the textures contradict each other or the draft.
        StoreError: the store refused; readers see nothing new, and publishing again continues.
    """
    plan = plan_version(draft, textures, photographs or {})
    store = open_store(store_url)
    newest = latest_version(store_url, draft.library)
    if newest is not None:
        with suppress(LibraryError):  # a damaged version is no reason not to publish a good one
            manifest = read_manifest(store_url, draft.library, newest)
            if manifest.content_digest == plan.content_digest:
                return _published(store, manifest, nothing_to_do=True)
    first, last = (newest or 0) + 1, ""
    for _ in range(MAX_CLAIMS):
        version, claim = _claim_version(store, plan, first)
        try:
            manifest = plan.manifest(version, claim.created_at)
            manifest = _write_version(store, manifest, plan, on_progress)
        except KeyConflict as error:
            last = str(error)
            # Another publisher has this number, or what a dead one left there is damaged. Numbers
            # are cheap: it stays as it is and the next one is taken.
            first = version + 1
            continue
        return _published(store, manifest, nothing_to_do=False)
    raise _no_number(store, last)


def latest_version(store_url: str, library: str) -> int | None:
    """Return the highest published version of `library`, None if there is none."""
    store = open_store(store_url)
    for version in reversed(_versions(store, library)):
        if store.exists(f"{_folder(library, version)}/manifest.json"):
            return version
    return None


def read_manifest(store_url: str, library: str, version: int | None = None) -> LibraryManifest:
    """Return the manifest of a published version, by default the newest.

    Raises:
        LibraryError: there is no such version, or its manifest is not valid.
    """
    store = open_store(store_url)
    wanted = latest_version(store_url, library) if version is None else version
    if wanted is None:
        raise LibraryError(f"no version of the library {library!r} is published at {store.url}")
    key = f"{_folder(library, wanted)}/manifest.json"
    try:
        content = store.get(key)
    except ObjectMissing:
        raise LibraryError(
            f"version {wanted} of the library {library!r} is not published at {store.url}"
        ) from None
    manifest = parse_manifest(content, where=store.url_of(key))
    if (manifest.library, manifest.version) != (library, wanted):
        raise LibraryError(
            f"{store.url_of(key)} is the manifest of {manifest.library!r} v{manifest.version}"
        )
    return manifest


def verify_version(store_url: str, library: str, version: int | None = None) -> tuple[str, ...]:
    """Read every object of a published version; return a line for each that is not as promised."""
    store = open_store(store_url)
    manifest = read_manifest(store_url, library, version)
    folder = _folder(library, manifest.version)
    with ThreadPoolExecutor(WORKERS) as pool:
        found = pool.map(
            lambda record: _fault(
                store, f"{folder}/{record.key}", record.size_bytes, record.sha256
            ),
            manifest.objects(),
        )
        return tuple(fault for fault in found if fault)


def _folder(library: str, version: int) -> str:
    return f"{library}/v{version:04d}"


def _versions(store: ObjectStore, library: str) -> list[int]:
    """Return every version number that was ever claimed, ascending."""
    matches = (_VERSION_FOLDER.fullmatch(name) for name in store.folders(library))
    return sorted(int(match[1]) for match in matches if match)


def _claim_version(store: ObjectStore, plan: VersionPlan, first: int) -> tuple[int, _Claim]:
    """Take a number of at least `first`: one already claimed for this content, else the next."""
    library = plan.draft.library
    versions = _versions(store, library)
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
            store.put_new(f"{_folder(library, number)}/claim.json", canonical_json(content))
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
        return _Claim.model_validate_json(store.get(f"{_folder(library, version)}/claim.json"))
    except (ObjectMissing, ValueError):
        return None  # a folder without a readable claim is nobody's to continue


def _write_version(
    store: ObjectStore, manifest: LibraryManifest, plan: VersionPlan, on_progress: OnProgress | None
) -> LibraryManifest:
    """Write everything, the manifest last; return the manifest that stands."""
    folder = _folder(manifest.library, manifest.version)
    objects = plan.objects(manifest)
    total = 2 * len(objects) + 1
    report = on_progress or (lambda done, total, key: None)

    def write(key: str) -> None:
        store.put_new(f"{folder}/{key}", objects[key])

    def check(key: str) -> None:
        content = objects[key]
        if fault := _fault(store, f"{folder}/{key}", len(content), digest(content)):
            raise KeyConflict(fault)

    for done, key in enumerate(_in_parallel(write, objects), start=1):
        report(done, total, key)
    claim = _read_claim(store, manifest.library, manifest.version)
    if claim is None or claim.content_digest != manifest.content_digest:
        raise KeyConflict(f"{store.url_of(folder)} was claimed by another publisher")
    for done, key in enumerate(_in_parallel(check, objects), start=len(objects) + 1):
        report(done, total, key)
    manifest = _write_manifest(store, manifest)
    report(total, total, "manifest.json")
    return manifest


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
    key = f"{_folder(manifest.library, manifest.version)}/manifest.json"
    with suppress(KeyConflict):
        store.put_new(key, canonical_json(manifest))
    # Another process may have finished the same content under another flow run: its word stands.
    standing = parse_manifest(store.get(key), where=store.url_of(key))
    if standing.content_digest != manifest.content_digest:
        raise KeyConflict(f"{store.url_of(key)} was published by another publisher")
    return standing


def _fault(store: ObjectStore, key: str, size_bytes: int, sha256: str) -> str | None:
    """Return what is wrong with an object, None if nothing."""
    try:
        content = store.get(key)
    except ObjectMissing:
        return f"{store.url_of(key)} is missing"
    if len(content) != size_bytes:
        return f"{store.url_of(key)} has {len(content)} bytes instead of {size_bytes}"
    if digest(content) != sha256:
        return f"{store.url_of(key)} holds other bytes than were published"
    return None


def _published(
    store: ObjectStore, manifest: LibraryManifest, *, nothing_to_do: bool
) -> PublishedLibrary:
    folder = _folder(manifest.library, manifest.version)
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
