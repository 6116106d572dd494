"""A folder or fsspec URL -> its files, their materials and licences. Decodes nothing."""

import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

import fsspec
from fsspec.spec import AbstractFileSystem

from data.decoding import LARGEST_FILE_BYTES, PICTURE_FORMATS, header_channels
from data.licences import LEDGER_NAMES, LicenceLedger
from data.records import DatasetError
from data.slugs import printable

# Written by people and systems beside pictures; nobody expects to read about them in a report.
_SIDE_FILES = {".csv", ".txt", ".md", ".json", ".yaml", ".yml", ".xml", ".html", ".pdf", ".xmp"}
_SYSTEM_FILES = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class FolderEntry:
    """One file that a user may have meant as a photograph.

    Attributes:
        path: relative to the folder, with forward slashes.
        label: name of the subfolder directly below the folder.
        sha256: of the content; empty when it was not read.
        licence: SPDX identifier or `unknown`.
        origin: as the ledger says.
        channels: 1 or 3 by the header, none if there is no readable one.
        refusal: why it was not even opened; empty for pictures.
    """

    path: str
    label: str
    sha256: str
    licence: str
    origin: str
    channels: int | None
    refusal: str

    @property
    def name(self) -> str:
        """The path as reports and records may hold it: valid UTF-8, on one line."""
        return printable(self.path)


class UnreadableFileError(DatasetError):
    """One file that was listed cannot be read; `reason` says why, for the ingest table."""

    def __init__(self, path: str, url: str, reason: str) -> None:
        """Name the file and its folder in the message."""
        super().__init__(f"{path} in {url}: {reason}")
        self.reason = reason


class PictureFolder:
    """The files of one folder, looked at once.

    Hidden files and folders, side documents (`.txt`, `.csv`, ...) and system files are passed over;
    any other file is listed, with a refusal when its ending is not a picture's. Pictures directly
    in the folder form one material, named like the folder, unless there are subfolders with files.
    """

    def __init__(self, url: str) -> None:
        """List and hash.

        Raises:
            DatasetError: no such folder, no access, a broken licence ledger, or no files at all.
        """
        self.url = url
        try:
            self._fs, self._root = _open_folder(url)
            found = sorted(self._fs.find(self._root))
            relative = [path[len(self._root) :].lstrip("/") for path in found]
            shown = [path for path in relative if _is_shown(path)]
            if not shown:
                raise DatasetError(
                    f"{url} has no pictures; expected one subfolder a material with "
                    f"{', '.join(sorted(PICTURE_FORMATS))} files"
                )
            ledger = self._ledger(relative)
            nested = any("/" in path for path in shown)
            self.entries = [self._look(path, ledger, nested) for path in shown]
        except DatasetError:
            raise
        # fsspec's file systems raise their own client's errors; each means the same at this door.
        except Exception as error:
            raise DatasetError(f"cannot read {url}: {_one_line(error)}") from error

    @property
    def digest(self) -> str:
        """sha256 over every entry: names, bytes, licences."""
        listing = json.dumps([asdict(entry) for entry in self.entries], sort_keys=True)
        return hashlib.sha256(listing.encode("utf-8", "surrogatepass")).hexdigest()

    def read(self, entry: FolderEntry) -> bytes:
        """Content of one file.

        Raises:
            UnreadableFileError: it is gone, or a disk or server does not give it.
            DatasetError: it is no longer what was listed.
        """
        try:
            content = self._fs.cat_file(self._full(entry.path))
        except OSError as error:
            raise UnreadableFileError(entry.path, self.url, _unreadable(error)) from error
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise DatasetError(f"{entry.path} in {self.url} changed while it was read; start again")
        return content

    def refuse(self, reasons: Mapping[str, str]) -> None:
        """Note of files that were listed, by path, why they cannot be read; the digest changes."""
        self.entries = [
            replace(entry, sha256="", channels=None, refusal=reasons[entry.path])
            if entry.path in reasons
            else entry
            for entry in self.entries
        ]

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if self._root else path

    def _ledger(self, relative: list[str]) -> LicenceLedger:
        for name in LEDGER_NAMES:
            if name in relative:
                return LicenceLedger.parse(self._fs.cat_file(self._full(name)), name)
        return LicenceLedger({})

    def _look(self, path: str, ledger: LicenceLedger, nested: bool) -> FolderEntry:
        label, slash, _ = path.partition("/")
        refusal, sha256, channels = "", "", None
        if nested and not slash:
            label, refusal = "", "lies beside the material folders; move it into one of them"
        elif not slash:
            label = PurePosixPath(self._root).name or "photographs"
        label = printable(label)
        try:
            refusal = refusal or self._refusal(path)
            if not refusal:
                content = self._fs.cat_file(self._full(path))
                sha256, channels = hashlib.sha256(content).hexdigest(), header_channels(content)
        except OSError as error:
            refusal = _unreadable(error)
        licence = ledger.licence_of(path)
        return FolderEntry(path, label, sha256, licence.spdx, licence.origin, channels, refusal)

    def _refusal(self, path: str) -> str:
        ending = PurePosixPath(path).suffix.lower()
        if ending not in PICTURE_FORMATS:
            return f"not a picture format that is read ({ending or 'no file name ending'})"
        size = int(self._fs.size(self._full(path)) or 0)
        if size > LARGEST_FILE_BYTES:
            return f"{size:,} bytes are more than the limit of {LARGEST_FILE_BYTES:,}"
        return ""


def _open_folder(url: str) -> tuple[AbstractFileSystem, str]:
    local = Path(url).expanduser()
    fs, root = fsspec.url_to_fs(str(local.absolute()) if "://" not in url else url)
    root = root.rstrip("/")
    if not fs.isdir(root):
        raise DatasetError(
            f"{url} is not a folder; give the folder that holds the material folders"
        )
    # Listings are cached by remote file systems, and a folder is looked at because it changed.
    fs.invalidate_cache()
    return fs, root


def _is_shown(path: str) -> bool:
    parts = PurePosixPath(path).parts
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return False
    return parts[-1].lower() not in _SYSTEM_FILES and Path(path).suffix.lower() not in _SIDE_FILES


def _unreadable(error: OSError) -> str:
    """Why one file cannot be read. No path: reasons are counted, and compared between runs."""
    if isinstance(error, FileNotFoundError):
        return "is not there; removed meanwhile, or a link that leads nowhere"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if error.errno == errno.ELOOP:
        return "a link that leads back to itself"
    return f"cannot be read: {error.strerror or _one_line(error)}"


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
