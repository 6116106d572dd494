"""Prepared photographs on disk <-> pixels in memory, and which part of them is for training."""

from pathlib import Path

import cv2
import numpy as np

from data.duplicates import pixels_digest
from data.records import Box, DatasetError, Photograph, PreparedDataset

# The patches that are compared with the held-out strip, see `metrics.memorisation`, fit into it.
LEAST_STRIP_PX = 24


def write_pixels(path: Path, pixels: np.ndarray) -> None:
    """Write (height, width, 3) uint8 RGB as PNG with nothing but pixels in it.

    Raises:
        OSError: the disk is full or may not be written.
    """
    # Level 1: faster and, on photographs, smaller than level 6.
    ok, content = cv2.imencode(
        ".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1]
    )
    if not ok:
        raise ValueError(f"pixels of shape {pixels.shape} and type {pixels.dtype} make no PNG")
    path.write_bytes(content.tobytes())


def load_pixels(dataset: PreparedDataset, photograph: Photograph) -> np.ndarray:
    """The whole prepared photograph: (height, width, 3) uint8 RGB, held-out strip included.

    Raises:
        DatasetError: the file is gone or its pixels are not the ones that were prepared.
    """
    path = dataset.pixels_path(photograph)
    try:
        encoded = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}); prepare it again") from error
    bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    pixels = None if bgr is None else cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    if pixels is None or pixels_digest(pixels) != photograph.pixels_sha256:
        raise DatasetError(f"{path} was changed; delete {dataset.folder} and prepare it again")
    return pixels


def held_out_box(pixels: np.ndarray, held_out_share: float) -> Box:
    """The right-hand strip of `held_out_share` of the width, at least `LEAST_STRIP_PX` wide."""
    height, width = pixels.shape[:2]
    strip = min(max(round(width * held_out_share), LEAST_STRIP_PX), width - 1)
    return Box(top_px=0, left_px=width - strip, height_px=height, width_px=strip)


def training_region(dataset: PreparedDataset, photograph: Photograph) -> np.ndarray:
    """What may be trained on: (height, width, 3) uint8, everything left of the held-out strip."""
    return load_pixels(dataset, photograph)[:, : photograph.held_out.left_px]


def held_out_region(dataset: PreparedDataset, photograph: Photograph) -> np.ndarray:
    """What is never trained on: (height, width, 3) uint8, the right-hand strip."""
    return load_pixels(dataset, photograph)[:, photograph.held_out.left_px :]
