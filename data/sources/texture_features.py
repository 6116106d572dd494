"""The shape of our own TensorFlow datasets: a lossless picture and everything known about it."""

import io
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from data.sources.candidate import Candidate


class TextureInfo(tfds.core.DatasetInfo):
    """What TFDS knows of one of our own datasets, which no public bucket has."""

    def initialize_from_bucket(self) -> None:
        """Ask nobody; TFDS would, and leave an empty temporary folder each time."""


def texture_features(*, channels: int, labels: list[str]) -> tfds.features.FeaturesDict:
    """Features of one example; `channels` is 1 or 3."""
    return tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(None, None, channels), encoding_format="png"),
            "label": tfds.features.ClassLabel(names=labels),
            "file_name": tfds.features.Text(),
            "licence": tfds.features.Text(),
            "origin": tfds.features.Text(),
            "source_sha256": tfds.features.Text(),
            "repairs": tfds.features.Text(),
        }
    )


def encode_lossless(pixels: np.ndarray) -> io.BytesIO:
    """(height, width, 1 or 3) uint8 -> PNG without any metadata."""
    target = io.BytesIO()
    # Level 1: these files are read once or twice, and level 6 takes three times as long.
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(
        target, "PNG", compress_level=1
    )
    target.seek(0)
    return target


def candidate_of(example: dict[str, Any], labels: list[str]) -> Candidate:
    """An encoded example of such a dataset -> what ingest takes."""
    text = {
        key: example[key].decode()
        for key in ("file_name", "licence", "origin", "source_sha256", "repairs")
    }
    return Candidate(
        source_name=text["file_name"],
        label=labels[int(example["label"])],
        content=bytes(example["image"]),
        source_sha256=text["source_sha256"],
        licence=text["licence"],
        origin=text["origin"],
        repairs=tuple(filter(None, text["repairs"].split("\n"))),
    )
