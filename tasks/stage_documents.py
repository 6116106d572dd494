"""Draw contact sheet, previews and crops of a build, each only if its key says that it changed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from data.library.build_record import current_versions
from data.library.documents import KeptDocument, WantedDocument, drawn
from data.library.published_build import PublishedBuild
from data.library.records import DocumentRecord, digest
from data.library.stages import stage_key
from tasks.errors import MillError
from tasks.whole_files import write_whole


@dataclass
class DrawnDocuments:
    """What a version shows, and the keys that it was drawn under."""

    documents: list[KeptDocument] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    ran: Counter[str] = field(default_factory=Counter)


def draw_stale_documents(
    wanted: Iterable[WantedDocument],
    folder: Path,
    published: PublishedBuild | None,
    *,
    again: bool = False,
) -> DrawnDocuments:
    """Return every document that is wanted; drawn is what neither version nor folder has.

    Side effects: files below `folder`.

    Args:
        wanted: what a version shows.
        folder: of finished results in the home folder.
        published: the newest version, None if there is none.
        again: draw all of them.
    """
    found = DrawnDocuments()
    versions = current_versions()
    for document in wanted:
        key = stage_key(document.stage, dict(document.params), [], versions, encoders=True)
        kept = None if again else _published(document.key, key, published) or _kept(folder, key)
        if kept is None:
            found.ran[document.stage] += 1
            kept = _draw(document, folder, key)
        # Two pictures of equal pixels share a result, and are described each by itself.
        described = {"type": document.type, "key": document.key, "subject": document.subject}
        found.documents.append(KeptDocument(kept.record.model_copy(update=described), kept.read))
        found.keys[document.key] = key
    return found


def _published(key: str, stage: str, published: PublishedBuild | None) -> KeptDocument | None:
    if published is None or published.record.documents.get(key) != stage:
        return None
    record = published.documents.get(key)
    if record is None or not published.has(record):
        return None
    return KeptDocument(record, partial(_content, published, record))


def _kept(folder: Path, key: str) -> KeptDocument | None:
    place = _place(folder, key)
    try:
        record = DocumentRecord.model_validate_json(place.with_suffix(".json").read_bytes())
        whole = digest(place.read_bytes()) == record.sha256
    except (OSError, ValueError):
        return None
    return KeptDocument(record, place.read_bytes) if whole else None


def _draw(document: WantedDocument, folder: Path, key: str) -> KeptDocument:
    made, place = drawn(document), _place(folder, key)
    write_whole(place, made.content)
    write_whole(place.with_suffix(".json"), made.record.model_dump_json().encode())
    return KeptDocument(made.record, place.read_bytes)


def _place(folder: Path, key: str) -> Path:
    return folder / "documents" / key[:2] / f"{key}.png"


def _content(published: PublishedBuild, record: DocumentRecord) -> bytes:
    content = published.content(record)
    if content is None:
        raise MillError(
            f"{record.key} of v{published.version:04d} is damaged; restore it with: texture-mill "
            f"library verify {published.library} --version {published.version} --repair"
        )
    return content
