"""Channels: which version a reader gets who asks for `stable`, and the history of that.

A channel is a folder of create-only records, `<library>/channels/<channel>/000003.json`, and the
highest number counts. Nothing is overwritten, so this works on stores without compare-and-swap and
the history comes for free. A record names the manifest by hash: whoever resolves a channel gets the
version that was released or an error.
"""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field, ValidationError

from data.library.object_pool import WORKERS, ObjectPool
from data.library.records import (
    LibraryError,
    LibraryManifest,
    LibraryName,
    Sha256,
    canonical_json,
)
from data.library.versions import latest_version, load_manifest
from data.object_store import KeyConflict, ObjectStore

RELEASE_SCHEMA: Final = "texture-mill.release/1"
CHANNELS_FOLDER: Final = "channels"
MAX_LOST: Final = 20  # numbers lost to other writers before the store itself is suspected

ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]

# `latest` and `v7` name versions themselves.
_CHANNEL = re.compile(r"(?!(?:latest|v?[0-9]+)\Z)[a-z0-9][a-z0-9_-]{0,31}\Z")
_RECORD = re.compile(r"(\d{6})\.json")
_VERSION = re.compile(r"v?([0-9]{1,9})\Z")


class Release(BaseModel, frozen=True, extra="forbid", populate_by_name=True):
    """One step in the history of a channel."""

    schema_id: Literal["texture-mill.release/1"] = Field(RELEASE_SCHEMA, alias="schema")
    library: LibraryName = Field(description="name")
    channel: ChannelName = Field(description="`dev`, `staging`, `stable`, or a name of your own")
    number: int = Field(ge=1, description="of this record; the highest one counts")
    version: int = Field(ge=1, description="what readers of the channel get from now on")
    manifest_sha256: Sha256 = Field(description="of that version's manifest")
    action: Literal["promote", "rollback"] = Field(description="forwards, or back")
    replaces: int | None = Field(ge=1, description="version before; none for the first record")
    who: str = Field(max_length=200, description="who did it")
    why: str = Field(max_length=1000, description="in words; may be empty")
    released_at: str = Field(description="by the clock of whoever did it, ISO 8601 in UTC")


class ChannelMoved(LibraryError):  # noqa: N818 - the name says what happened
    """Somebody else released to the channel meanwhile."""


def promote(
    store: ObjectStore, library: str, channel: str, version: int, *, who: str, why: str = ""
) -> Release:
    """Make `version` what readers of `channel` get; return the record that says so.

    A channel that has the version already is left alone. Of two who promote at the same time both
    are recorded, and the higher number counts.

    Raises:
        LibraryError: the version is not published, or objects of it are missing in the pool.
        StoreError: the store refused; the channel stays as it was.
    """
    manifest, sha256 = load_manifest(store, library, version)
    _refuse_incomplete(store, manifest)
    for _ in range(MAX_LOST):
        before = current_release(store, library, channel)
        if before is not None and (before.version, before.manifest_sha256) == (version, sha256):
            return before
        try:
            return _append(store, library, channel, before, version, sha256, "promote", who, why)
        except ChannelMoved:
            continue
    raise ChannelMoved(
        f"{MAX_LOST} releases to {channel!r} of {library!r} were overtaken by others; check that "
        "the store keeps what is written, and promote again"
    )


def rollback(
    store: ObjectStore,
    library: str,
    channel: str,
    *,
    who: str,
    why: str = "",
    to: int | None = None,
) -> Release:
    """Give readers of `channel` the version before the current one, or the version `to`.

    Going back twice goes back two versions. The objects are not asked for: going back must work
    when there is trouble, and readers check what they get.

    Raises:
        ChannelMoved: somebody released meanwhile, so that `before` is no longer what was meant.
        LibraryError: there is nothing to go back to, or the version is not published.
    """
    history = releases(store, library, channel)
    if not history:
        raise LibraryError(f"nothing was ever released to the channel {channel!r} of {library!r}")
    below = rollback_target(history)
    target = below if to is None else to
    if target is None:
        raise LibraryError(
            f"{channel!r} of {library!r} has v{history[-1].version:04d} and nothing before it; "
            "name a version to go back to"
        )
    _, sha256 = load_manifest(store, library, target)
    return _append(store, library, channel, history[-1], target, sha256, "rollback", who, why)


def channels(store: ObjectStore, library: str) -> list[str]:
    """Return the names of the channels of `library`, sorted."""
    found = store.folders(f"{library}/{CHANNELS_FOLDER}")
    return [name for name in found if _CHANNEL.fullmatch(name)]


def current_release(store: ObjectStore, library: str, channel: str) -> Release | None:
    """Return the newest record of a channel, None if there is none."""
    numbers = _numbers(store, library, channel)
    return _read(store, library, channel, numbers[-1]) if numbers else None


def releases(store: ObjectStore, library: str, channel: str) -> list[Release]:
    """Return the whole history of a channel, oldest first."""
    numbers = _numbers(store, library, channel)
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda number: _read(store, library, channel, number), numbers))


def rollback_target(history: Sequence[Release]) -> int | None:
    """Return the version to which a rollback goes, None if there is none."""
    stack = _standing(history)
    return stack[-2] if len(stack) > 1 else None


def resolve(store: ObjectStore, library: str, reference: str) -> LibraryManifest:
    """Return the manifest that `reference` means: a channel, `latest`, or a version as `v7` or `7`.

    Raises:
        LibraryError: there is no such channel or version, or the manifest is another one.
    """
    if found := _VERSION.fullmatch(reference):
        return load_manifest(store, library, int(found[1]))[0]
    if reference == "latest":
        version = latest_version(store.url, library)
        if version is None:
            raise LibraryError(f"no version of the library {library!r} is published at {store.url}")
        return load_manifest(store, library, version)[0]
    release = current_release(store, library, reference)
    if release is None:
        known = ", ".join(channels(store, library)) or "none"
        raise LibraryError(
            f"the library {library!r} has no channel {reference!r}; its channels: {known}; "
            "a version is written as v7, the newest as latest"
        )
    return load_manifest(store, library, release.version, sha256=release.manifest_sha256)[0]


def _standing(history: Iterable[Release]) -> list[int]:
    """Return the versions a channel stands on: its current one last, the one before below it."""
    stack: list[int] = []
    for release in history:
        if release.action == "rollback" and release.version in stack:
            while stack[-1] != release.version:  # back to where it stood last
                stack.pop()
        elif not stack or stack[-1] != release.version:
            stack.append(release.version)
    return stack


def _refuse_incomplete(store: ObjectStore, manifest: LibraryManifest) -> None:
    wanted = ((record.sha256, record.size_bytes) for record in manifest.objects())
    if missing := ObjectPool(store, manifest.library).missing(wanted):
        raise LibraryError(
            f"{len(missing)} objects of {manifest.library} v{manifest.version:04d} are not in the "
            f"pool, so it is not released; restore them with: texture-mill library verify "
            f"{manifest.library} --version {manifest.version} --repair"
        )


def _folder(library: str, channel: str) -> str:
    if not _CHANNEL.fullmatch(channel):
        raise LibraryError(
            f"{channel[:40]!r} is no name of a channel: up to 32 of a-z 0-9 _ -, and neither "
            "`latest` nor a number"
        )
    return f"{library}/{CHANNELS_FOLDER}/{channel}"


def _numbers(store: ObjectStore, library: str, channel: str) -> list[int]:
    names = (item.key.rpartition("/")[2] for item in store.objects(_folder(library, channel)))
    return sorted(int(found[1]) for name in names if (found := _RECORD.fullmatch(name)))


def _read(store: ObjectStore, library: str, channel: str, number: int) -> Release:
    key = f"{_folder(library, channel)}/{number:06d}.json"
    try:
        release = Release.model_validate_json(store.get(key))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "record"
        raise LibraryError(f"{store.url_of(key)} is not valid: {field}: {first['msg']}") from None
    if (release.library, release.channel, release.number) != (library, channel, number):
        raise LibraryError(f"{store.url_of(key)} is a record of another place")
    return release


def _append(
    store: ObjectStore,
    library: str,
    channel: str,
    before: Release | None,
    version: int,
    sha256: str,
    action: Literal["promote", "rollback"],
    who: str,
    why: str,
) -> Release:
    """Write the record after `before`; the standing record if it is the same."""
    release = Release(
        library=library,
        channel=channel,
        number=1 if before is None else before.number + 1,
        version=version,
        manifest_sha256=sha256,
        action=action,
        replaces=None if before is None else before.version,
        who=who,
        why=why,
        released_at=datetime.now(UTC).isoformat(timespec="microseconds"),
    )
    content = canonical_json(release)
    key = f"{_folder(library, channel)}/{release.number:06d}.json"
    try:
        store.put_new(key, content)
        # Where creating is not quite atomic (`ObjectStore.put_new`) the later of two stands.
        lost = store.get(key) != content
    except KeyConflict:
        lost = True
    if lost:
        raise ChannelMoved(
            f"somebody else released to {channel!r} of {library!r} at the same moment; "
            "look at its log and decide again"
        )
    return release
