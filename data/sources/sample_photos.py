"""The TensorFlow dataset `sample_photos`: three real photographs that need no download."""

import hashlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from data.records import IngestRow
from data.sources.candidate import Candidate, Progress
from data.sources.examples import RANDOM_ACCESS_FORMAT, prepare_builder, read_encoded
from data.sources.texture_features import TextureInfo, candidate_of, texture_features

# Licence and origin as stated by the docstrings of skimage.data.brick, grass and gravel.
_PHOTOGRAPHS = {
    "brick": "scikit-image, from ambientCG (formerly CC0Textures) Bricks25",
    "grass": "scikit-image, from DeviantArt, linolafett, Grass 01 (434853879)",
    "gravel": "scikit-image, from ambientCG (formerly CC0Textures) Gravel04",
}
_LICENCE = "CC0-1.0"


class SamplePhotos(tfds.core.GeneratorBasedBuilder):
    """Brick, grass and gravel: one photograph each, 512 x 512 pixels, one channel, CC0-1.0.

    They travel inside scikit-image's wheel, so this dataset works without network.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {
        "1.0.0": "brick, grass and gravel as scikit-image 0.26 carries them"
    }

    def _info(self) -> tfds.core.DatasetInfo:
        return TextureInfo(
            builder=self,
            description=type(self).__doc__,
            features=texture_features(channels=1, labels=list(_PHOTOGRAPHS)),
            supervised_keys=("image", "label"),
            homepage="https://scikit-image.org/docs/stable/api/skimage.data.html",
            license=_LICENCE,
            disable_shuffling=True,  # by name, as generated
        )

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator[tuple[str, dict[str, Any]]]]:
        del dl_manager  # nothing to download
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        folder = resources.files("skimage") / "data"
        for material, origin in _PHOTOGRAPHS.items():
            with resources.as_file(folder / f"{material}.png") as path:
                content = path.read_bytes()
                yield (
                    material,
                    {
                        "image": str(path),  # stored as it is: already a bare grey PNG
                        "label": material,
                        "file_name": f"{material}.png",
                        "licence": _LICENCE,
                        "origin": origin,
                        "source_sha256": hashlib.sha256(content).hexdigest(),
                        "repairs": "",
                    },
                )


class SamplePhotosSource:
    """The built-in photographs as ingest sees them; prepared under `tfds_dir` on first use."""

    place = "the built-in photographs"
    prepared_steps = 0

    def __init__(self, tfds_dir: Path) -> None:
        self._builder = SamplePhotos(data_dir=str(tfds_dir), file_format=RANDOM_ACCESS_FORMAT)
        self.tfds_name = self._builder.info.full_name
        self.identity = self.tfds_name

    def prepare(self, on_progress: Progress) -> list[IngestRow]:
        """Copy them out of the wheel; none is refused, they are known to be sound."""
        del on_progress  # three files take no time
        prepare_builder(self._builder)
        return []

    def labels(self) -> list[str]:
        """Brick, grass, gravel."""
        return list(_PHOTOGRAPHS)

    def __len__(self) -> int:
        """Three."""
        return len(_PHOTOGRAPHS)

    def candidates(self) -> Iterator[Candidate]:
        """The photographs by name."""
        for example in read_encoded(self._builder, "train", image_key="image"):
            yield candidate_of(example, self.labels())
