"""The TensorFlow dataset `texture_folder`: pictures in a folder, one subfolder a material."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from data.decoding import RefusedPictureError, decode_picture
from data.records import IngestRow
from data.sources.candidate import Candidate, Progress
from data.sources.examples import RANDOM_ACCESS_FORMAT, prepare_builder, read_encoded
from data.sources.picture_folder import FolderEntry, PictureFolder, UnreadableFileError
from data.sources.texture_features import (
    TextureInfo,
    candidate_of,
    encode_lossless,
    texture_features,
)


class FilesGoneError(Exception):
    """Files were listed and then could not be read; `reasons` says why, by path."""

    def __init__(self, reasons: dict[str, str]) -> None:
        """Keep the reasons."""
        super().__init__(f"{len(reasons)} files could not be read")
        self.reasons = reasons


class TextureFolder(tfds.core.GeneratorBasedBuilder):
    """Pictures of materials from a folder or fsspec URL, checked, upright, as lossless 8-bit PNG.

    Images have one channel when every file's header says grey, three otherwise. Files that cannot
    be used are left out; `info.metadata["refused"]` lists each with its reason. The dataset lies
    in a folder named by the pictures' content, so a changed folder is a new dataset, never a stale
    one.

    Args:
        folder: what is to be read.
        max_pixels: pictures with more pixels are refused before they are decoded.
        data_dir: where datasets of folders are kept.
    """

    VERSION = tfds.core.Version("1.0.1")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {
        "1.0.1": "pictures of 32 bits a channel are refused unless they hold 16-bit values",
        "1.0.0": "lossless picture, label, file name, licence, origin, repairs",
    }

    def __init__(self, *, folder: PictureFolder, max_pixels: int, data_dir: Path) -> None:
        """Look, but write nothing yet."""
        self._folder, self._max_pixels = folder, max_pixels
        self.on_progress: Progress = lambda done, total, name: None
        content = f"folder_{folder.digest[:16]}_{max_pixels}"
        super().__init__(data_dir=str(data_dir / content), file_format=RANDOM_ACCESS_FORMAT)

    @property
    def labels(self) -> list[str]:
        """The subfolders' names, sorted."""
        return sorted({entry.label for entry in self._folder.entries if entry.label})

    def _info(self) -> tfds.core.DatasetInfo:
        grey = {entry.channels for entry in self._folder.entries if entry.channels} == {1}
        return TextureInfo(
            builder=self,
            description=type(self).__doc__,
            features=texture_features(channels=1 if grey else 3, labels=self.labels),
            supervised_keys=("image", "label"),
            metadata=tfds.core.MetadataDict(),
            disable_shuffling=True,  # by path, as generated
        )

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator[tuple[int, dict[str, Any]]]]:
        del dl_manager  # the folder is the source
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        unreadable: dict[str, str] = {}
        refused: list[dict[str, str]] = []
        self.info.metadata["refused"] = refused
        for number, entry in enumerate(self._folder.entries):
            try:
                yield number, self._example(entry)
            except UnreadableFileError as error:
                unreadable[entry.path] = error.reason
            except RefusedPictureError as refusal:
                refused.append(
                    {"file_name": entry.name, "label": entry.label, "reason": str(refusal)}
                )
            self.on_progress(number + 1, len(self._folder.entries), entry.name)
        if unreadable:
            # Kept under a name made of their content, it would be taken for whole ever after.
            raise FilesGoneError(unreadable)

    def _example(self, entry: FolderEntry) -> dict[str, Any]:
        if entry.refusal:
            raise RefusedPictureError(entry.refusal)
        picture = decode_picture(self._folder.read(entry), max_pixels=self._max_pixels)
        channels = self.info.features["image"].shape[-1]
        pixels = picture.pixels
        if pixels.shape[2] != channels:
            pixels = np.repeat(pixels, 3, axis=2)
        return {
            "image": encode_lossless(pixels),
            "label": self.labels.index(entry.label),
            "file_name": entry.name,
            "licence": entry.licence,
            "origin": entry.origin,
            "source_sha256": entry.sha256,
            "repairs": "\n".join(picture.repairs),
        }


class TextureFolderSource:
    """A folder of photographs as ingest sees it; prepared under `tfds_dir` on first use."""

    def __init__(self, url: str, tfds_dir: Path, *, max_pixels: int) -> None:
        """List the folder.

        Raises:
            DatasetError: see `PictureFolder`.
        """
        self.place = url
        self._folder, self._max_pixels, self._tfds_dir = PictureFolder(url), max_pixels, tfds_dir
        self._size = self.prepared_steps = len(self._folder.entries)
        self._name_by_content()
        self.tfds_name = self._builder.info.full_name

    def _name_by_content(self) -> None:
        self._builder = TextureFolder(
            folder=self._folder, max_pixels=self._max_pixels, data_dir=self._tfds_dir
        )
        self.identity = self._folder.digest

    def prepare(self, on_progress: Progress) -> list[IngestRow]:
        """Check every file and keep a lossless copy; returns the files that are no use.

        Files that can no longer be read change `identity`.
        """
        while True:
            self._builder.on_progress = lambda done, total, name: on_progress(done, 2 * total, name)
            try:
                prepare_builder(self._builder)
                break
            except FilesGoneError as gone:
                self._folder.refuse(gone.reasons)
                self._name_by_content()
            except AssertionError:
                # TFDS cannot store a dataset without examples; ingest can say why there are none.
                if len(self._refused()) != len(self):
                    raise
                break
        return [
            IngestRow(
                source_name=row["file_name"],
                material=row["label"],
                verdict="refused",
                reason=row["reason"],
            )
            for row in self._refused()
        ]

    def labels(self) -> list[str]:
        """The subfolders' names."""
        return self._builder.labels

    def __len__(self) -> int:
        """Files listed, refused ones included."""
        return self._size

    def candidates(self) -> Iterator[Candidate]:
        """Sound pictures by path."""
        if len(self._refused()) == len(self):
            return
        for example in read_encoded(self._builder, "train", image_key="image"):
            yield candidate_of(example, self.labels())

    def _refused(self) -> list[dict[str, str]]:
        return list(self._builder.info.metadata["refused"])
