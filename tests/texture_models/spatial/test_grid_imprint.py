"""Detail that keeps its place on the upsampling grid is told from a rhythm of the material."""

import numpy as np
import pytest
import tensorflow as tf

from texture_models.spatial.grid_imprint import GridImprint, grid_profiles

GRID, SIDE, BATCH = 16, 64, 16
LINES = np.arange(SIDE)
HALVES = np.repeat([0, 0.5], BATCH // 2)


def grain(rng):
    return rng.normal(0, 0.1, (BATCH, SIDE, SIDE, 1))


def pictures(rng, phases):
    """Grain, and stripes of a third of the grid that begin at a phase of each picture."""
    stripes = np.sin(2 * np.pi * (LINES[None] / (GRID / 3) + np.asarray(phases)[:, None]))
    grey = grain(rng) * (1.5 + stripes[:, None, :, None])
    return np.repeat(grey, 3, axis=3).astype(np.float32)


def last_of(rng, draw_phases, batches=100, code=None):
    imprint = GridImprint(1 if code is None else code.shape[1], GRID)
    code = tf.ones((BATCH, 1)) if code is None else code
    values = [float(imprint(pictures(rng, draw_phases()), code)) for _ in range(batches)]
    return np.mean(values[batches // 2 :])


def test_an_imprint_is_found_and_a_rhythm_that_lies_anywhere_is_not():
    rng = np.random.default_rng(1)
    nailed = last_of(rng, lambda: np.zeros(BATCH))
    anywhere = last_of(rng, lambda: rng.uniform(size=BATCH))
    assert nailed > 0.02
    assert abs(anywhere) < 0.05 * nailed


def test_every_material_has_an_imprint_of_its_own():
    rng = np.random.default_rng(2)
    code = tf.constant(np.eye(2, dtype=np.float32)[np.repeat([0, 1], BATCH // 2)])
    opposite = last_of(rng, lambda: HALVES, code=code)
    assert opposite > 0.02
    together = last_of(rng, lambda: HALVES)
    assert together < 0.2 * opposite


def test_slopes_lead_away_from_what_was_remembered():
    rng = np.random.default_rng(3)
    imprint, code = GridImprint(1, GRID), tf.ones((BATCH, 1))
    for _ in range(30):
        imprint(pictures(rng, np.zeros(BATCH)), code)
    image = tf.constant(pictures(rng, np.zeros(BATCH)))
    with tf.GradientTape() as tape:
        tape.watch(image)
        before = imprint(image, code)
    slopes = tape.gradient(before, image)
    after = imprint(image - 0.05 * slopes / tf.reduce_max(tf.abs(slopes)), code)
    assert 0 < float(after) < float(before)


@pytest.mark.parametrize("axis", [1, 2])
def test_profiles_count_phases_from_the_corner(axis):
    flat = np.random.default_rng(4).normal(0, 0.05, (2, SIDE, SIDE, 3)).astype(np.float32)
    edge = (LINES % GRID == 5).astype(np.float32)
    shape = [1, 1, 1, 1]
    shape[axis] = SIDE
    profiles = grid_profiles(flat + edge.reshape(shape), GRID).numpy().mean(axis=0)
    bend = profiles[:, 0 if axis == 2 else 2]
    assert bend.argmax() == 5
    np.testing.assert_allclose(profiles.mean(axis=0), 0, atol=1e-5)


def test_patches_of_one_cell_do_not_see_every_phase():
    with pytest.raises(ValueError, match="two cells of 16 px"):
        grid_profiles(np.zeros((1, GRID, GRID, 3), np.float32), GRID)
