"""What the search for copies notices, and what it is blind to."""

import numpy as np
import pytest
import scipy.ndimage

from texture_models.metrics.memorisation import memorisation


def search(photograph, generated, patches=24):
    return memorisation(
        training=[photograph[:, :192]],
        held_out=[photograph[:, 192:]],
        generated=generated,
        patches=patches,
    )


def test_the_held_out_part_is_no_copy(photographs):
    for picture in photographs.values():
        assert not search(picture, [picture[:, 192:]]).memorised


def test_copied_patches_are_found(grass, gravel, quilted):
    for picture in (grass, gravel):
        found = search(picture, [quilted(picture[:, :192], 128, 0)])
        assert found.memorised
        assert not found.weak
        assert found.copied_share > 0.3


def test_blind_copies_of_a_regular_photograph_which_it_says_itself(brick, quilted):
    found = search(brick, [quilted(brick[:, :192], 128, 0)])
    assert not found.memorised
    assert found.weak


def test_copies_are_found_when_turned_flipped_noisy_and_paler(gravel):
    rng = np.random.default_rng(0)
    pale = 60 + 0.6 * gravel[:, :192] + rng.normal(0, 5, (256, 192, 3))
    copy = np.clip(pale, 0, 255).astype(np.uint8)
    for symmetric in (copy[::-1], copy[:, ::-1], np.rot90(copy), copy.swapaxes(0, 1)):
        assert search(gravel, [symmetric], patches=12).memorised


def test_a_new_texture_is_no_copy(gravel, damage, seamless):
    assert not search(gravel, [damage["random phases"](gravel)]).memorised
    assert not search(gravel, [seamless(128, 0)]).memorised


def test_a_regular_photograph_says_that_the_test_is_weak():
    wave = 60 * np.sin(2 * np.pi * np.arange(256) / 16)
    grid = np.round(128 + wave[:, None] / 2 + wave[None, :] / 2).astype(np.uint8)
    found = search(np.repeat(grid[..., None], 3, axis=2), [np.repeat(grid[..., None], 3, axis=2)])
    assert found.weak
    assert not found.memorised


def test_a_flat_photograph_holds_nothing_to_copy():
    flat = np.full((96, 256, 3), 120, np.uint8)
    found = search(flat, [flat])
    assert found.weak
    assert not found.memorised
    assert found.patches == 0


def test_blind_copies_at_another_scale(gravel):
    larger = scipy.ndimage.zoom(gravel[:100, :100], (1.5, 1.5, 1), order=1)
    assert not search(gravel, [larger]).memorised


def test_a_photograph_smaller_than_a_patch_is_refused():
    with pytest.raises(ValueError, match="24 px"):
        memorisation(
            training=[np.zeros((16, 16, 3), np.uint8)],
            held_out=[np.zeros((32, 32, 3), np.uint8)],
            generated=[np.zeros((32, 32, 3), np.uint8)],
        )
