"""Examples of a TensorFlow dataset, still encoded; without TensorFlow where its format allows."""

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import tensorflow_datasets as tfds

from data.records import DatasetError

RANDOM_ACCESS_FORMAT = "array_record"
"""Read and written without importing TensorFlow, which saves ten seconds and half a gigabyte."""


def prepare_builder(builder: tfds.core.DatasetBuilder) -> None:
    """Generate one of our own datasets unless it is there already; no progress bar, no download.

    Raises:
        DatasetError: the disk is full or may not be written.
    """
    tfds.disable_progress_bar()
    try:
        # TFDS prints what it does; what is shown on a terminal is the caller's to decide.
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare()
    except OSError as error:
        raise DatasetError(
            f"cannot write the dataset {builder.info.full_name} under {builder.data_dir}: "
            f"{error.strerror or error}"
        ) from error


def read_encoded(
    builder: tfds.core.DatasetBuilder, split: str, *, image_key: str
) -> Iterator[dict[str, Any]]:
    """Every example of one split in the order it is stored, the image left as encoded bytes.

    Raises:
        DatasetError: the dataset's files cannot be read.
    """
    decoders = {image_key: tfds.decode.SkipDecoding()}
    try:
        if builder.info.file_format == tfds.core.FileFormat.ARRAY_RECORD:
            yield from builder.as_data_source(split=split, decoders=decoders)
            return
        dataset = builder.as_dataset(split=split, decoders=decoders, shuffle_files=False)
        yield from tfds.as_numpy(dataset)
    except OSError as error:
        raise DatasetError(
            f"cannot read the dataset {builder.info.full_name} under {builder.data_dir}: "
            f"{error.strerror or error}"
        ) from error
