"""The stream of training batches: what is in them, and that nothing but the seed decides it."""

import itertools
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.config import AugmentationConfig
from data.crops import CropStream, to_image
from data.duplicates import pixels_digest
from data.pixels import held_out_box, write_pixels
from data.records import DatasetError, PhotoAnalysis, Photograph, PreparedDataset, Symmetry

PLAIN = AugmentationConfig(symmetries="none")


def dataset_of(
    folder: Path, pictures: dict[str, np.ndarray], symmetries: tuple[Symmetry, ...] = ()
) -> PreparedDataset:
    """A prepared dataset of `material/name` -> pixels, written as prepare() writes it."""
    (folder / "photos").mkdir(exist_ok=True, parents=True)
    photographs = []
    for name, pixels in pictures.items():
        identifier = name.replace("/", "_")
        write_pixels(folder / f"photos/{identifier}.png", pixels)
        photographs.append(photograph_of(name, identifier, pixels, symmetries))
    return PreparedDataset(
        source="test",
        fingerprint="0" * 64,
        materials=tuple(sorted({photo.material for photo in photographs})),
        photographs=tuple(photographs),
        ingest=(),
        folder=str(folder),
        tfds_name="test/1.0.0",
    )


def photograph_of(
    name: str, identifier: str, pixels: np.ndarray, symmetries: tuple[Symmetry, ...]
) -> Photograph:
    analysis = PhotoAnalysis(
        stationarity=0,
        is_stationary=True,
        period_px=None,
        isotropy=1,
        symmetries=symmetries,
        warnings=(),
    )
    return Photograph(
        photo_id=identifier,
        material=name.partition("/")[0],
        source_name=name,
        source_sha256="0" * 64,
        licence="CC0-1.0",
        origin="",
        source_height_px=pixels.shape[0],
        source_width_px=pixels.shape[1],
        texel_scale=1.0,
        height_px=pixels.shape[0],
        width_px=pixels.shape[1],
        pixels_file=f"photos/{identifier}.png",
        pixels_sha256=pixels_digest(pixels),
        held_out=held_out_box(pixels, 0.25),
        analysis=analysis,
    )


def noise(seed: int, height: int = 90, width: int = 120) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def dataset(tmp_path) -> PreparedDataset:
    names = ["brick/a", "moss/b", "moss/c", "sand/d"]
    return dataset_of(tmp_path, {name: noise(seed) for seed, name in enumerate(names)})


def stream(dataset: PreparedDataset, **changes) -> CropStream:
    settings = {"patch_px": 16, "batch_size": 8, "seed": 3, "augmentation": PLAIN, **changes}
    return CropStream(dataset, settings.pop("augmentation"), **settings)


def take(crops: CropStream, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    with crops:
        return list(itertools.islice(crops, count))


def same(one, other) -> bool:
    return all((a == b).all() and (m == n).all() for (a, m), (b, n) in zip(one, other, strict=True))


def test_a_batch_is_an_image_and_a_material(dataset):
    ((image, material),) = take(stream(dataset), 1)
    assert image.shape == (8, 16, 16, 3)
    assert image.dtype == np.float32
    assert material.shape == (8,)
    assert material.dtype == np.int32
    assert set(material) == {0, 1, 2}


def test_the_whole_range_of_grey_levels_maps_to_minus_one_to_one():
    image = to_image(np.array([0, 255], np.uint8))
    assert image.tolist() == [-1.0, 1.0]


ALL_CHANGES = AugmentationConfig(brightness=0.2, contrast=0.2, saturation=0.3, hue=0.05)


@pytest.mark.parametrize("augmentation", [PLAIN, ALL_CHANGES])
def test_batches_do_not_depend_on_workers_or_prefetching(tmp_path, augmentation):
    symmetric = dataset_of(
        tmp_path, {"a/a": noise(0), "b/b": noise(1)}, ("flip_x", "flip_y", "rot90")
    )
    one = take(stream(symmetric, augmentation=augmentation, workers=1, prefetch=1), 12)
    four = take(stream(symmetric, augmentation=augmentation, workers=4, prefetch=9), 12)
    assert same(one, four)


def test_a_stream_goes_on_exactly_where_another_stopped(dataset):
    whole = take(stream(dataset, augmentation=ALL_CHANGES), 9)
    first = stream(dataset, augmentation=ALL_CHANGES)
    head = take(first, 4)
    assert first.position == 4  # and not how far was cut ahead
    rest = take(stream(dataset, augmentation=ALL_CHANGES, position=first.position), 5)
    assert same(whole, head + rest)


def test_another_seed_and_another_batch_are_other_crops(dataset):
    (one,), (other,) = take(stream(dataset), 1), take(stream(dataset, seed=4), 1)
    assert (one[0] != other[0]).any()
    first, second = take(stream(dataset), 2)
    assert (first[0] != second[0]).any()


def test_materials_are_balanced_in_every_batch_and_over_batches(dataset):
    batches = [material for _, material in take(stream(dataset), 9)]
    for material in batches:
        counts = np.bincount(material, minlength=3)
        assert counts.max() - counts.min() <= 1
    assert np.bincount(np.concatenate(batches)).tolist() == [24, 24, 24]


def test_photographs_of_one_material_are_drawn_evenly(tmp_path):
    flat = {
        f"stone/{level}": np.full((40, 60, 3), level, np.uint8) + noise(level, 40, 60) % 2
        for level in (10, 100, 200)
    }
    batches = take(stream(dataset_of(tmp_path, flat), batch_size=50), 12)
    levels = np.concatenate([(image.mean((1, 2, 3)) + 1) * 127.5 for image, _ in batches])
    counts = np.bincount(np.digitize(levels, [50, 150]))
    assert counts.min() > 150


def test_positions_are_uniform_over_the_training_region(tmp_path):
    rows, columns = np.meshgrid(np.arange(40), np.arange(96), indexing="ij")
    ramp = np.stack([rows, columns, rows], axis=-1).astype(np.uint8)
    batches = take(stream(dataset_of(tmp_path, {"a/a": ramp}), patch_px=20, batch_size=100), 20)
    corners = np.concatenate([np.rint((image[:, 0, 0] + 1) * 127.5) for image, _ in batches])
    assert set(corners[:, 0]) == set(range(21))
    assert set(corners[:, 1]) == set(range(53))
    assert np.bincount(corners[:, 1].astype(int)).min() > 20


@given(
    height=st.integers(17, 60),
    width=st.integers(24, 90),
    share=st.floats(0.05, 0.5),
    seed=st.integers(0, 2**63 - 1),
    position=st.integers(0, 2**40),
)
@settings(max_examples=25, deadline=None)
def test_the_held_out_strip_is_never_touched(
    tmp_path_factory, height, width, share, seed, position
):
    box = held_out_box(np.empty((height, width, 3)), share)
    pixels = noise(0, height, width) // 2
    pixels[:, box.left_px :] = 255
    made = dataset_of(tmp_path_factory.mktemp("d"), {"a/a": pixels}, ("flip_x", "rot90"))
    held_out = made.photographs[0].model_copy(update={"held_out": box})
    made = made.model_copy(update={"photographs": (held_out,)})
    patch = min(8, box.left_px)
    crops = stream(
        made, patch_px=patch, seed=seed, position=position, augmentation=AugmentationConfig()
    )
    for image, _ in take(crops, 3):
        assert image.max() < 0.01


def corners(image: np.ndarray) -> np.ndarray:
    """Which corner of each patch is the brightest: 0 top left, 1 top right, 2 and 3 below."""
    return image[:, [0, 0, -1, -1], [0, -1, 0, -1], 0].argmax(axis=1)


@pytest.mark.parametrize(
    ("symmetries", "seen"),
    [
        ((), {0}),
        (("flip_x",), {0, 1}),
        (("flip_y",), {0, 2}),
        (("flip_x", "flip_y"), {0, 1, 2, 3}),
        (("rot90",), {0, 1, 2, 3}),
    ],
)
def test_only_the_symmetries_of_the_photograph_are_used(tmp_path, symmetries, seen):
    rows, columns = np.meshgrid(np.arange(64), np.arange(64), indexing="ij")
    slope = np.repeat((250 - rows - 2 * columns)[..., None], 3, axis=2).astype(np.uint8)
    made = dataset_of(tmp_path, {"a/a": slope}, symmetries)
    batches = take(stream(made, augmentation=AugmentationConfig(), batch_size=40), 3)
    assert set(np.concatenate([corners(image) for image, _ in batches])) == seen
    plain = take(stream(made, batch_size=40), 3)
    assert set(np.concatenate([corners(image) for image, _ in plain])) == {0}


def test_switching_a_change_on_moves_no_crop(dataset):
    plain = take(stream(dataset), 3)
    brighter = take(stream(dataset, augmentation=AugmentationConfig(brightness=0.1)), 3)
    for (one, _), (other, _) in zip(plain, brighter, strict=True):
        shift = other - one
        inside = np.abs(other) < 1  # levels cut off at the ends shift by less
        for patch, kept in zip(shift, inside, strict=True):
            assert np.ptp(patch[kept]) < 0.02
        assert np.abs(shift).max() <= 0.21


def test_a_photograph_smaller_than_a_patch_is_named(dataset):
    with pytest.raises(DatasetError, match=r"brick/a leaves 90 x 90 px .* choose patch_px <= 90"):
        stream(dataset, patch_px=91)


def test_a_closed_stream_stops_its_threads_and_says_so(dataset):
    before = threading.active_count()
    crops = stream(dataset, workers=3)
    next(crops)
    crops.close()
    crops.close()
    assert threading.active_count() == before
    with pytest.raises(ValueError, match="closed"):
        next(crops)
