"""Pictures to be translated: the files of a folder, or base colours of a published library.

Nothing is decoded here. A picture keeps what says where it comes from, and its licence.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from data.library.channels import resolve
from data.library.records import LibraryError, SourceRef
from data.library.versions import read_object
from data.object_store import open_store
from data.records import DatasetError
from data.slugs import short_digest, slugify
from data.sources.picture_folder import PictureFolder

LIBRARY_PREFIX: Final = "library:"
_LIBRARY_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


@dataclass(frozen=True)
class SourcePicture:
    """One picture before it is translated.

    Attributes:
        label: folder it lies in, or material it shows.
        name: slug; what is made of it gets the same.
        seed: of a rendered texture; 0 for a file.
        wrap: along which of (height, width) it is seamless; none: not known.
        ref: where it comes from.
        refusal: why it is not even opened; empty for pictures.
        address: what the reader finds it by.
    """

    label: str
    name: str
    seed: int
    wrap: tuple[bool, bool] | None
    ref: SourceRef
    refusal: str
    address: int


@dataclass(frozen=True)
class SourcePictures:
    """All of them, and how one is read.

    Attributes:
        pictures: in a fixed order.
        read: picture -> its bytes; raises DatasetError or an error of the store if it is gone.
    """

    pictures: tuple[SourcePicture, ...]
    read: Callable[[SourcePicture], bytes]

    @property
    def digest(self) -> str:
        """SHA-256 over names, bytes and licences."""
        listing = json.dumps(
            [
                (p.label, p.name, p.seed, p.wrap, p.ref.model_dump(), p.refusal)
                for p in self.pictures
            ]
        )
        return hashlib.sha256(listing.encode("utf-8", "surrogatepass")).hexdigest()

    def of(self, materials: Sequence[str]) -> "SourcePictures":
        """Return those of some materials only.

        Raises:
            DatasetError: a material has no picture.
        """
        known = {picture.label for picture in self.pictures}
        if missing := sorted(set(materials) - known):
            raise DatasetError(
                f"there are no pictures of {missing[0]!r}; there are some of "
                f"{', '.join(sorted(known))}"
            )
        chosen = tuple(picture for picture in self.pictures if picture.label in materials)
        return replace(self, pictures=chosen)


def open_pictures(source: str, *, version: str, store_url: str) -> SourcePictures:
    """List the pictures of a source.

    Args:
        source: a folder or fsspec URL of pictures, as `PictureFolder` takes them; `library:NAME` of
            a library in the store; `library:URL/NAME` of one in another store.
        version: of a library: v7, latest, or a channel.
        store_url: of the store that `library:NAME` means.

    Raises:
        DatasetError: there is no such folder, or no pictures in it.
        LibraryError: there is no such library or version.
        StoreError: the store does not answer.
    """
    if not source.startswith(LIBRARY_PREFIX):
        return _of_folder(PictureFolder(source))
    url, _, name = source.removeprefix(LIBRARY_PREFIX).rstrip("/").rpartition("/")
    if not _LIBRARY_NAME.fullmatch(name):
        raise LibraryError(
            f"{name[:80]!r} is no name of a library; write {LIBRARY_PREFIX}NAME or "
            f"{LIBRARY_PREFIX}s3://bucket/prefix/NAME"
        )
    return _of_library(url or store_url, name, version)


def _of_folder(folder: PictureFolder) -> SourcePictures:
    pictures = [
        SourcePicture(
            label=slugify(entry.label, length=50, fallback="material"),
            name=slugify(PurePosixPath(entry.path).stem, length=50, fallback="picture"),
            seed=0,
            wrap=None,
            ref=SourceRef(
                key=entry.name[:600],
                sha256=entry.sha256 or "0" * 64,  # a refused file was not read
                licence=entry.licence,
                origin=entry.origin,
            ),
            refusal=entry.refusal,
            address=address,
        )
        for address, entry in enumerate(folder.entries)
    ]
    named = _with_distinct_names(pictures, [entry.path for entry in folder.entries])
    return SourcePictures(named, lambda picture: folder.read(folder.entries[picture.address]))


def _of_library(store_url: str, library: str, version: str) -> SourcePictures:
    store = open_store(store_url)
    manifest = resolve(store, library, version)
    records = [record for record in manifest.textures if record.role == "basecolor"]
    if not records:
        raise LibraryError(
            f"{library} v{manifest.version:04d} at {store.url} has no base colours to translate"
        )
    pictures = [
        SourcePicture(
            label=record.material,
            name=record.name,
            seed=record.seed,
            wrap=("y" in record.wrap, "x" in record.wrap),
            ref=SourceRef(
                library=library,
                version=manifest.version,
                key=record.key,
                sha256=record.sha256,
                licence=manifest.provenance.licence,
            ),
            refusal="",
            address=address,
        )
        for address, record in enumerate(records)
    ]
    # Sizes of one picture share its name; other materials must not.
    named = _with_distinct_names(pictures, [record.material for record in records])
    return SourcePictures(
        named, lambda picture: read_object(store, manifest, records[picture.address])
    )


def _with_distinct_names(
    pictures: Sequence[SourcePicture], owners: Sequence[str]
) -> tuple[SourcePicture, ...]:
    """Tell apart names that two owners share, by digits of the owner's hash."""
    pairs = {(picture.name, owner) for picture, owner in zip(pictures, owners, strict=True)}
    counts = Counter(name for name, _ in pairs)
    return tuple(
        replace(picture, name=f"{picture.name[:57]}_{short_digest(owner, 6)}")
        if counts[picture.name] > 1
        else picture
        for picture, owner in zip(pictures, owners, strict=True)
    )
