"""Autoencoders of patches: what they bring back, and what they stumble over."""

import numpy as np
import pytest

from texture_models.analysis.autoencoder import (
    build_autoencoder,
    train_autoencoder,
    unlikeness,
)


def waves(seed, height=96, width=128):
    """Slow waves of random direction and phase, in one colour."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((height, width))
    turn = 0.2 * rng.uniform(-1, 1)
    grey = 128 + 80 * np.sin((np.cos(turn) * columns + np.sin(turn) * rows) / 5 + rng.uniform(0, 6))
    return grey.astype(np.uint8)[..., None] * np.ones(3, np.uint8)


@pytest.fixture(scope="module", params=["dense", "convolutional"])
def autoencoder(request):
    pictures = [waves(seed) for seed in range(4)]
    return train_autoencoder(pictures, kind=request.param, steps=150, seed=1)


def test_pictures_like_those_taught_come_back_and_others_do_not(autoencoder):
    alike, unlike = waves(9), waves(9).transpose(1, 0, 2)
    assert autoencoder.error([alike]) < 0.5
    assert autoencoder.error([unlike]) > 2 * autoencoder.error([alike])


@pytest.mark.parametrize("kind", ["dense", "convolutional"])
def test_the_code_is_all_that_passes(kind):
    code = build_autoencoder(kind, 1).get_layer("code").output
    assert int(np.prod(code.shape[1:])) == 64


def test_photographs_smaller_than_a_patch_are_refused():
    with pytest.raises(ValueError, match="20 x 90 px is smaller than patches of 32 px"):
        train_autoencoder([waves(1, 90, 20)], kind="dense", steps=1, seed=1)


@pytest.mark.parametrize("kind", ["dense", "convolutional"])
def test_a_photograph_of_something_else_is_found_among_the_others(kind):
    odd = np.random.default_rng(3).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    strange = unlikeness([waves(0), waves(1), odd, waves(2)], kind=kind, steps=60, seed=1)
    assert strange[2] > 2
    assert max(strange[0], strange[1], strange[3]) < 1.5
    with pytest.raises(ValueError, match="2 photographs: it takes 3"):
        unlikeness([odd, odd], kind=kind, steps=1, seed=1)
