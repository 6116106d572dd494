"""A classifier of textures: taught on some pictures, asked about others."""

import numpy as np
import pytest

from texture_models.analysis.classifier import train_classifier


def stripes(axis, seed, height=96, width=96):
    """Stripes of random phase, across or down, under noise; their colours are all the same."""
    rng = np.random.default_rng(seed)
    waves = np.sin(np.indices((height, width))[axis] / 2 + rng.uniform(0, 6))
    grey = 128 + 60 * waves + rng.normal(0, 20, (height, width))
    return np.clip(grey, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)


def pictures(seed):
    return {"down": [stripes(1, seed), stripes(1, seed + 1)], "across": [stripes(0, seed)]}


@pytest.fixture(scope="module")
def classifier():
    return train_classifier(pictures(1), steps=40, seed=1, patch_px=32)


def test_textures_are_known_in_pictures_that_were_not_taught(classifier):
    assert classifier.materials == ("down", "across")
    assert min(classifier.recognised(pictures(7)).values()) > 0.9


def test_renderings_of_the_wrong_material_are_noticed(classifier):
    across, down = pictures(7)["across"], pictures(7)["down"]
    shares = classifier.recognised({"down": [across[0], across[0]], "across": down})
    assert max(shares.values()) < 0.1
    half = classifier.recognised({"down": [across[0], down[0]]})
    assert half["down"] == pytest.approx(0.5, abs=0.1)


def test_a_seed_names_a_classifier(classifier):
    again = train_classifier(pictures(1), steps=40, seed=1, patch_px=32)
    image = np.random.default_rng(3).uniform(-1, 1, (2, 40, 40, 3)).astype(np.float32)
    first, second = (np.asarray(one.network(image)) for one in (classifier, again))
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_patches_are_no_larger_than_the_smallest_photograph():
    found = train_classifier({**pictures(1), "small": [stripes(0, 3, 96, 24)]}, steps=1, seed=1)
    assert found.patch_px == 24


def test_what_cannot_be_told_apart_is_refused(classifier):
    with pytest.raises(ValueError, match="1 materials, patches of 64 px"):
        train_classifier({"down": [stripes(1, 1)]}, steps=1, seed=1)
    with pytest.raises(ValueError, match=r"patches of 12 px: .* 20 px or more"):
        train_classifier({**pictures(1), "tiny": [stripes(0, 3, 96, 12)]}, steps=1, seed=1)
    with pytest.raises(ValueError, match="'moss' is not one of this classifier's: down, across"):
        classifier.recognised({"moss": [stripes(1, 1)]})
    with pytest.raises(ValueError, match="20 x 96 px is smaller than patches of 32 px"):
        classifier.recognised({"down": [stripes(1, 1, 96, 20)]})
