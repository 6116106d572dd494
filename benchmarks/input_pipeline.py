"""Patches per second of every way to feed the trainer, on the built-in photographs.

    python benchmarks/input_pipeline.py

Candidates for `data/crops.py`, all with the same work: a random 64 px crop, the same flips, float32
-1..1, batches of 16. Prints a Markdown table. Every way that keeps decoded photographs in memory is
fast enough many times over (ten minutes of training on two cores take about 120 patches/s), so the
choice fell on the one that needs no TensorFlow and whose whole state is one number.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import cv2
import numpy as np

from data.augmentation import augment, build_augmentation
from data.config import AugmentationConfig, DatasetConfig
from data.crops import CropStream, to_image
from data.ingest import prepare
from data.pixels import training_region
from data.records import PreparedDataset
from data.sources.sample_photos import SamplePhotos

PATCH_PX, BATCH, SECONDS = 64, 16, 4.0
SYMMETRIES = ("flip_x", "flip_y")
AUGMENTATION = AugmentationConfig()


def patches_per_second(batches: Iterator[np.ndarray]) -> float:
    """Median of three windows, after half a second to get going."""
    _count(batches, 0.5)
    return float(np.median([_count(batches, SECONDS / 3) for _ in range(3)]))


def _count(batches: Iterator[np.ndarray], seconds: float) -> float:
    start, patches = time.perf_counter(), 0
    while (taken := time.perf_counter() - start) < seconds:
        batch = next(batches)
        if batch.shape != (BATCH, PATCH_PX, PATCH_PX, 3) or batch.dtype != np.float32:
            raise AssertionError(f"another batch than the others give: {batch.shape} {batch.dtype}")
        patches += BATCH
    return patches / taken


def crop(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One random patch."""
    top = rng.integers(pixels.shape[0] - PATCH_PX + 1)
    left = rng.integers(pixels.shape[1] - PATCH_PX + 1)
    return pixels[top : top + PATCH_PX, left : left + PATCH_PX]


def decode_crop_augment(dataset: PreparedDataset) -> Iterator[np.ndarray]:
    """The plain loop: open a photograph for every patch."""
    rng = np.random.default_rng(0)
    compose = build_augmentation(AUGMENTATION, SYMMETRIES)
    while True:
        patches = []
        for _ in range(BATCH):
            photograph = dataset.photographs[rng.integers(len(dataset.photographs))]
            bgr = cv2.imread(str(dataset.pixels_path(photograph)))
            pixels = bgr[:, : photograph.held_out.left_px, ::-1]
            patches.append(augment(compose, crop(pixels, rng), int(rng.integers(2**31))))
        yield to_image(np.stack(patches))


def crop_stream(dataset: PreparedDataset, workers: int) -> Iterator[np.ndarray]:
    """What the trainer uses."""
    symmetric = dataset.model_copy(
        update={
            "photographs": tuple(
                photo.model_copy(
                    update={
                        "analysis": photo.analysis.model_copy(update={"symmetries": SYMMETRIES})
                    }
                )
                for photo in dataset.photographs
            )
        }
    )
    with CropStream(
        symmetric, AUGMENTATION, patch_px=PATCH_PX, batch_size=BATCH, seed=0, workers=workers
    ) as crops:
        for image, _ in crops:
            yield image


def tf_data(dataset: PreparedDataset) -> Iterator[np.ndarray]:
    """tf.data with TensorFlow's own crop and flips, photographs in memory."""
    import tensorflow as tf

    regions = [training_region(dataset, photo) for photo in dataset.photographs]
    photographs = [tf.constant(region) for region in regions]

    def patch(index):
        choice, seed = index % len(photographs), tf.stack([0, tf.cast(index, tf.int32)])
        pixels = tf.switch_case(
            tf.cast(choice, tf.int32),
            [
                lambda photo=photo: tf.image.stateless_random_crop(
                    photo, (PATCH_PX, PATCH_PX, 3), seed
                )
                for photo in photographs
            ],
        )
        pixels = tf.image.stateless_random_flip_left_right(pixels, seed + tf.constant([1, 0]))
        pixels = tf.image.stateless_random_flip_up_down(pixels, seed + tf.constant([2, 0]))
        return tf.cast(pixels, tf.float32) / 127.5 - 1.0

    batches = tf.data.Dataset.counter().map(patch, num_parallel_calls=tf.data.AUTOTUNE)
    yield from batches.batch(BATCH).prefetch(4).as_numpy_iterator()


def tfds_data_source(folder: Path) -> Iterator[np.ndarray]:
    """tfds.data_source: random access to encoded pictures, decoded for every patch."""
    builder = SamplePhotos(data_dir=str(folder / "tfds"), file_format="array_record")
    builder.download_and_prepare()
    source = builder.as_data_source(split="train")
    rng = np.random.default_rng(0)
    compose = build_augmentation(AUGMENTATION, SYMMETRIES)
    while True:
        patches = []
        for _ in range(BATCH):
            grey = source[int(rng.integers(len(source)))]["image"]
            pixels = np.repeat(crop(grey, rng), 3, axis=2)
            patches.append(augment(compose, pixels, int(rng.integers(2**31))))
        yield to_image(np.stack(patches))


def grain_in_memory(dataset: PreparedDataset, threads: int) -> Iterator[np.ndarray]:
    """Grain over an endless index, photographs in memory, albumentations in its threads."""
    import grain.python as grain

    regions = [training_region(dataset, photo) for photo in dataset.photographs]

    of_thread = threading.local()  # a Compose carries its random state

    class Patch(grain.RandomMapTransform):
        def random_map(self, index: int, rng: np.random.Generator) -> np.ndarray:
            if not hasattr(of_thread, "compose"):
                of_thread.compose = build_augmentation(AUGMENTATION, SYMMETRIES)
            patch = crop(regions[index % len(regions)], rng)
            return to_image(augment(of_thread.compose, patch, int(rng.integers(2**31))))

    batches = (
        grain.MapDataset.range(1_000_000)
        .seed(0)
        .random_map(Patch())
        .to_iter_dataset(grain.ReadOptions(num_threads=threads, prefetch_buffer_size=64))
        .batch(BATCH)
    )
    yield from batches


def main() -> None:
    """Measure each and print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        dataset = prepare(DatasetConfig(texel_scale=1.0), folder)
        candidates: dict[str, Callable[[], Iterator[np.ndarray]]] = {
            "decode, crop, augment per patch": lambda: decode_crop_augment(dataset),
            "**CropStream, 1 worker**": lambda: crop_stream(dataset, 1),
            "CropStream, 2 workers": lambda: crop_stream(dataset, 2),
            "tf.data, photographs in memory": lambda: tf_data(dataset),
            "tfds.data_source, decode per patch": lambda: tfds_data_source(folder),
            "grain, 2 threads, photographs in memory": lambda: grain_in_memory(dataset, 2),
        }
        print(f"| {PATCH_PX} px, batches of {BATCH} | patches/s | against the plain loop |")
        print("|---|---:|---:|")
        plain = None
        for name, open_batches in candidates.items():
            try:
                speed = patches_per_second(open_batches())
            except ImportError as missing:
                print(f"| {name} | not installed ({missing.name}; group `bench`) | |", flush=True)
                continue
            plain = plain or speed
            print(f"| {name} | {speed:,.0f} | {speed / plain:,.1f}x |", flush=True)


if __name__ == "__main__":
    main()
