"""What diversity and anchoring notice, and what they are blind to."""

import numpy as np
import pytest

from texture_models.metrics.diversity import diversity_ratio, spatial_anchoring
from texture_models.metrics.windows import spread_windows


def windows(picture, count=4, side=128):
    return spread_windows([picture], side_px=side, count=count, seed=1)


def test_windows_of_the_photograph_are_as_diverse_as_the_photograph(photographs):
    for picture in photographs.values():
        assert 0.5 < diversity_ratio([picture], windows(picture), side_px=64) < 1.7
        assert spatial_anchoring([picture], windows(picture)) < 0.15


def test_one_picture_for_every_seed_is_a_collapse(gravel):
    same = [gravel[:128, :128]] * 4
    assert diversity_ratio([gravel], same, side_px=64) < 0.01
    assert spatial_anchoring([gravel], same) > 0.8


def test_a_part_nailed_to_one_place_is_noticed(gravel):
    nailed = [window.copy() for window in windows(gravel)]
    for window in nailed:
        window[:64] = gravel[:64, :128]
    assert spatial_anchoring([gravel], nailed) > 0.3


def test_pictures_of_another_kind_each_are_too_diverse(gravel, grass, brick, damage):
    zoo = [p[:128, :128] for p in (gravel, grass, brick, damage["noise"](gravel))]
    assert diversity_ratio([gravel], zoo, side_px=64) > 1.7


def test_less_contrast_is_no_anchoring(grass):
    flat = [(window // 3 + 80).astype(np.uint8) for window in windows(grass)]
    assert spatial_anchoring([grass], flat) < 0.15


def test_blind_one_picture_that_is_only_shifted(gravel):
    base = gravel[:128, :128]
    shifted = [np.roll(base, (17 * i, 29 * i), axis=(0, 1)) for i in range(4)]
    assert spatial_anchoring([gravel], shifted) < 0.15


def test_a_single_picture_cannot_be_judged(gravel):
    with pytest.raises(ValueError, match="2"):
        spatial_anchoring([gravel], [gravel])
    with pytest.raises(ValueError, match="2"):
        diversity_ratio([gravel], [gravel], side_px=64)
