"""Names from outside -> names that are safe in a path. Nothing here reads or writes files."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

MATERIAL_LENGTH = 50
"""Longest material slug; the records' patterns repeat it."""


def short_digest(text: str, length: int) -> str:
    """First `length` hex digits of the text's sha256; any text, lone surrogates included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def printable(text: str) -> str:
    """The same text as valid UTF-8 on one line; bytes that are no text appear as escapes."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def slugify(text: str, *, length: int, fallback: str) -> str:
    """Lower-case letters, digits and single underscores, at most `length` characters.

    Accents are dropped, everything else becomes `_`. A name without one usable character (say, in a
    script that has no ASCII form) becomes `fallback` and eight hex digits of its hash.

    Example:
        >>> slugify("../../Café Wall.JPG", length=50, fallback="material")
        'cafe_wall_jpg'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:length].rstrip("_")
    return slug or f"{fallback}_{short_digest(text, 8)}"


def material_slugs(labels: Iterable[str]) -> dict[str, str]:
    """Label -> material slug, no two labels the same.

    Labels that would fall together (`Brick!`, `brick?`, two names that differ after the fiftieth
    character) keep apart by six hex digits of their hash, so that materials never mix silently.
    """
    labels = sorted(set(labels))
    slugs = {label: slugify(label, length=MATERIAL_LENGTH, fallback="material") for label in labels}
    taken = list(slugs.values())
    for label, slug in slugs.items():
        if taken.count(slug) > 1:
            slugs[label] = f"{slug[: MATERIAL_LENGTH - 7]}_{short_digest(label, 6)}"
    return slugs


def photo_id(material: str, source_name: str, pixels_sha256: str) -> str:
    """Readable and unique: material, file stem, ten hex digits of the pixels' hash."""
    stem = slugify(PurePosixPath(source_name).stem, length=22, fallback="photo")
    return f"{material[:30]}_{stem[:22]}_{pixels_sha256[:10]}"
