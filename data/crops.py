"""Prepared photographs -> an endless stream of training batches. The only input chain there is.

Photographs lie decoded in memory, which is the whole gain (see `benchmarks/input_pipeline.py`);
batches are cut by numpy and albumentations in background threads. No TensorFlow here.
"""

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import albumentations as A
import numpy as np

from data.augmentation import augment, build_augmentation
from data.config import AugmentationConfig
from data.pixels import training_region
from data.records import DatasetError, Photograph, PreparedDataset

Batch = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _Exemplar:
    """One photograph's training region in memory."""

    photograph: Photograph
    pixels: np.ndarray


class CropStream:
    """Endless iterator of (image, material).

    image: (batch_size, patch_px, patch_px, 3), float32, -1..1. material: (batch_size,), int32,
    index into `dataset.materials`. Materials are balanced: no batch has more than one patch more
    of one than of another, and over several batches the remainder goes round. Inside a material,
    photographs are drawn evenly and positions uniformly over the training region; the held-out
    strip is never touched.

    Randomness: batch n depends on the dataset, the configuration, `seed` and n alone, not on the
    number of workers, on prefetching or on where the stream was opened.

    Args:
        dataset: what to cut from; held decoded in memory, 3 bytes a training pixel.
        augmentation: how patches are changed.
        patch_px: side of a patch, prepared pixels.
        batch_size: patches in a batch.
        seed: decides every batch, together with its index; 0 or more.
        position: index of the first batch; give the `position` of an earlier stream to go on from
        it. prefetch: batches kept ready ahead of the reader.
        workers: threads that cut them.

    Raises:
        DatasetError: a photograph cannot be read, or its training region is smaller than a patch.
    """

    def __init__(
        self,
        dataset: PreparedDataset,
        augmentation: AugmentationConfig,
        *,
        patch_px: int,
        batch_size: int,
        seed: int,
        position: int = 0,
        prefetch: int = 4,
        workers: int = 1,
    ) -> None:
        """Load the photographs and start cutting."""
        self.position = position
        self._augmentation, self._seed = augmentation, seed
        self._patch_px, self._batch_size = patch_px, batch_size
        self._by_material = _load(dataset, patch_px)
        self._of_thread = threading.local()
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="crops")
        self._ahead: deque[Future[Batch]] = deque()
        self._prefetch = max(prefetch, 1)
        self._closed = False

    def __iter__(self) -> "CropStream":
        """Itself."""
        return self

    def __next__(self) -> Batch:
        """The batch at `position`, which then moves on by one.

        Raises:
            ValueError: the stream is closed.
        """
        if self._closed:
            raise ValueError("this stream of crops is closed; open another at its position")
        while len(self._ahead) < self._prefetch + 1:
            index = self.position + len(self._ahead)
            self._ahead.append(self._executor.submit(self.batch, index))
        batch = self._ahead.popleft().result()
        self.position += 1
        return batch

    def __enter__(self) -> "CropStream":
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Stop the threads. `position` stays readable; closing twice is fine."""
        self._closed = True
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._ahead.clear()

    def batch(self, index: int) -> Batch:
        """Batch `index`, whatever was read before. Safe to call from any thread."""
        rng = np.random.Generator(np.random.Philox(key=[self._seed, index]))
        patches = np.empty((self._batch_size, self._patch_px, self._patch_px, 3), np.uint8)
        materials = np.arange(self._batch_size) + index * self._batch_size
        materials %= len(self._by_material)
        for slot, material in enumerate(materials):
            exemplars = self._by_material[material]
            exemplar = exemplars[rng.integers(len(exemplars))]
            patches[slot] = self._patch(exemplar, rng)
        return to_image(patches), materials.astype(np.int32)

    def _patch(self, exemplar: _Exemplar, rng: np.random.Generator) -> np.ndarray:
        height, width = exemplar.pixels.shape[:2]
        top = rng.integers(height - self._patch_px + 1)
        left = rng.integers(width - self._patch_px + 1)
        patch = exemplar.pixels[top : top + self._patch_px, left : left + self._patch_px]
        # Drawn even where nothing is done with it, so that switching a change on moves no crop.
        seed = int(rng.integers(2**31))
        return augment(self._compose(exemplar.photograph), patch, seed)

    def _compose(self, photograph: Photograph) -> A.Compose:
        # A Compose carries its random state, so threads must not share one.
        composes = self._of_thread.__dict__
        if photograph.photo_id not in composes:
            composes[photograph.photo_id] = build_augmentation(
                self._augmentation, photograph.analysis.symmetries
            )
        return composes[photograph.photo_id]


def to_image(patches: np.ndarray) -> np.ndarray:
    """uint8 0..255 -> float32 -1..1, same shape."""
    return patches.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def check_patches(dataset: PreparedDataset, patch_px: int) -> None:
    """Ask whether every photograph's training region holds a patch.

    Raises:
        DatasetError: one does not.
    """
    for photograph in dataset.photographs:
        height, width = photograph.height_px, photograph.held_out.left_px
        if min(height, width) < patch_px:
            raise DatasetError(
                f"{photograph.source_name} leaves {width} x {height} px for training, "
                f"less than a patch of {patch_px}; choose patch_px <= {min(height, width)}, "
                "a larger texel_scale, or leave the photograph out"
            )


def _load(dataset: PreparedDataset, patch_px: int) -> list[list[_Exemplar]]:
    check_patches(dataset, patch_px)
    exemplars = [
        _Exemplar(photograph, training_region(dataset, photograph))
        for photograph in dataset.photographs
    ]
    return [
        [exemplar for exemplar in exemplars if exemplar.photograph.material == material]
        for material in dataset.materials
    ]
