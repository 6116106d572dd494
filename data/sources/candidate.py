"""What every source hands to ingest, whatever it read it from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from data.records import IngestRow


@dataclass(frozen=True)
class Candidate:
    """One picture that may become a photograph.

    Attributes:
        source_name: how people know the file; for reports only, never part of a path.
        label: the material as the source names it.
        content: an encoded picture.
        source_sha256: of the file as it was found, which `content` may be a lossless copy of.
        licence: SPDX identifier or `unknown`.
        origin: author or page; empty when unknown.
        repairs: what was already done to the file on its way here, in words.
        refusal: why it can be no photograph of any material; empty for the others.
    """

    source_name: str
    label: str
    content: bytes
    source_sha256: str
    licence: str
    origin: str
    repairs: tuple[str, ...] = ()
    refusal: str = ""


Progress = Callable[[int, int, str], None]
"""Called with (done, total, name) after every file."""


class Source(Protocol):
    """A set of candidates with an identity.

    Attributes:
        place: for messages, where the user told us to look.
        tfds_name: full name of the TensorFlow dataset behind it.
        identity: changes whenever a byte, a label or a licence of the source changes; final after
            `prepare`, which may find that a file can no longer be read.
        prepared_steps: how often `prepare` reports progress.
    """

    place: str
    tfds_name: str
    identity: str
    prepared_steps: int

    def prepare(self, on_progress: Progress) -> list[IngestRow]:
        """Make the candidates readable; must be called first.

        Returns a row for every file that never becomes a candidate (material: the label as found).
        """
        ...

    def labels(self) -> list[str]:
        """Every material the source has, as the source names them."""
        ...

    def __len__(self) -> int:
        """Number of candidates."""
        ...

    def candidates(self) -> Iterator[Candidate]:
        """The candidates, always in the same order."""
        ...
