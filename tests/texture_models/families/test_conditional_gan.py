"""Conditional GAN: weights of materials at every place, and pictures in which materials meet."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from texture_models.families import build_model
from texture_models.families.conditional_gan import model as conditional
from texture_models.families.conditional_gan.config import ConditionalGanConfig
from texture_models.families.conditional_gan.inference import compiled_map_generator, map_inputs
from texture_models.families.conditional_gan.mixing import border_shares, cover_distance, laid_over
from texture_models.layers import to_pixels
from texture_models.rendering.noise_field import CellWindow
from texture_models.rendering.renderer import Region, Renderer
from texture_models.spatial import training_noise
from texture_models.spatial.noise import MARGIN
from texture_models.training.config import TrainingConfig

CONFIG = ConditionalGanConfig.tiny(materials=("grass", "gravel", "brick"))
CELL = CONFIG.pixels_per_cell


def random_weights(network, seed=0):
    """Nothing is equal between the materials, heights included."""
    rng = np.random.default_rng(seed)
    for variable in network.weights:
        values = rng.normal(0, 0.3, variable.shape)
        variable.assign(np.abs(values) + 0.5 if "variance" in variable.path else values)


@pytest.fixture(scope="module")
def model():
    model = build_model(CONFIG, TrainingConfig.tiny())
    random_weights(model.averaged)
    model.measured["waves"][0] = [[0.05, 0.02], [0.0, 0.11]]
    model.measured["waves"][2] = [[0.03, 0.0], [0.0, 0.07]]
    return model


def rendered(model, weights_at, window):
    fields = map_inputs(CONFIG, model.measured, weights_at, 7, window)
    batch = {name: value[None] for name, value in fields.items()}
    return compiled_map_generator(CONFIG, model.averaged)(batch).numpy()[0]


def everywhere(*weights):
    return lambda rows, columns: np.tile(
        np.array(weights, np.float32), (len(rows), len(columns), 1)
    )


@pytest.mark.parametrize("index", range(3))
def test_a_flat_map_gives_the_picture_of_the_label(model, index):
    flat = rendered(model, everywhere(*np.eye(3)[index]), CellWindow(0, 0, 4, 4, (4, 4)))
    side = 4 * CELL
    label = Renderer(CONFIG, model.averaged, model.measured).render_region(
        Region(0, 0, side, side), seed=7, torus_px=(side, side), material=CONFIG.materials[index]
    )
    difference = np.abs(flat.astype(int) - label)  # folded kernels round differently
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.02


def test_an_even_mixture_is_neither_material_nor_their_mean(model):
    window = CellWindow(0, 0, 4, 4, (4, 4))
    one, other, both = (
        rendered(model, everywhere(*weights), window).astype(float)
        for weights in ((1, 0, 0), (0, 1, 0), (0.5, 0.5, 0))
    )
    for picture in (one, other, (one + other) / 2):
        assert np.abs(both - picture).mean() > 1


def test_where_heights_speak_weights_become_sharper(model):
    network = model.averaged
    (shares,) = (layer.input[1] for layer in network.layers if layer.name == "colour")
    inner = keras.Model(network.inputs, shares)
    window = CellWindow(0, 0, 4, 4, (4, 4))
    fields = map_inputs(CONFIG, model.measured, everywhere(0.5, 0.5, 0.0), 7, window)
    found = np.asarray(inner({name: value[None] for name, value in fields.items()}))[0]
    assert found.shape == (4 * CELL, 4 * CELL, 3)
    np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-5)
    assert (found[..., 2] == 0).all()
    assert found[..., 0].max() > 0.6
    assert found[..., 0].min() < 0.4


def test_pictures_in_which_nothing_meets_are_the_photographs():
    rng = np.random.default_rng(0)
    image, other = (rng.uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32) for _ in range(2))
    for share, expected in ((0.0, image), (1.0, other)):
        flat = tf.fill((2, 8, 8, 1), share)
        np.testing.assert_allclose(laid_over(image, other, flat, 2.0)[0], expected, atol=1e-6)


def test_the_brighter_picture_lies_on_top_and_the_mean_stays():
    rng = np.random.default_rng(0)
    image, other = (
        tf.constant(np.kron(rng.uniform(-0.7, 0.7, (1, 16, 16, 1)), np.ones((1, 8, 8, 3))))
        for _ in range(2)
    )
    image, other = tf.cast(image, tf.float32), tf.cast(other, tf.float32)
    half = tf.fill((1, 128, 128, 1), 0.5)
    faded, _ = laid_over(image, other, half, 0.0)
    np.testing.assert_allclose(faded, (image + other) / 2, atol=1e-6)
    laid, _ = laid_over(image, other, half, 4.0)
    brighter = tf.maximum(image, other)
    like = [np.corrcoef(np.ravel(laid), np.ravel(one))[0, 1] for one in (brighter, faded)]
    assert like[0] > like[1]
    assert abs(float(tf.reduce_mean(laid - faded))) < 0.02
    assert float(tf.math.reduce_std(laid)) > 1.1 * float(tf.math.reduce_std(faded))


def test_pictures_that_show_too_much_of_a_material_are_told():
    first, second = tf.constant([[1.0, 0.0, 0.0]]), tf.constant([[0.0, 1.0, 0.0]])
    on_top = tf.fill((1, 8, 8, 1), 0.25)
    right = tf.tile([[[[0.75, 0.25, 0.0]]]], (1, 4, 4, 1))
    wrong = tf.tile([[[[0.25, 0.75, 0.0]]]], (1, 4, 4, 1))
    assert float(cover_distance([right, right], on_top, (first, second))) < 1e-9
    assert float(cover_distance([right, wrong], on_top, (first, second))) > 0.05


def test_borders_of_a_picture_are_the_same_at_every_level():
    shares, fine = border_shares(CONFIG, batch=6, cells=4, seed=tf.constant([1, 2]))
    assert fine.shape == (6, 4 * CELL, 4 * CELL, 1)
    assert float(tf.reduce_min(fine)) >= 0
    assert float(tf.reduce_max(fine)) <= 1
    assert len({round(float(value), 3) for value in tf.reduce_mean(fine, (1, 2, 3))}) > 3
    for level in range(CONFIG.levels):
        coarse = shares[f"weights_{level}"][:, MARGIN:-MARGIN, MARGIN:-MARGIN]
        step = CELL // 2**level
        mean = tf.nn.avg_pool2d(fine, step, step, "VALID")
        assert float(tf.reduce_mean(tf.abs(coarse - mean))) < 0.03


def test_borders_that_one_material_cannot_have_are_refused():
    config = ConditionalGanConfig.tiny(materials=("moss",), mixed_share=0.3)
    with pytest.raises(ValueError, match=r"model\.mixed_share=0\.3, .* only with several mat"):
        build_model(config, TrainingConfig.tiny())


def test_a_part_of_the_batch_mixes_unless_there_is_one_material():
    assert ConditionalGanConfig.tiny(materials=("a", "b")).mixed_count(9) == 4
    assert ConditionalGanConfig.tiny(materials=("a", "b"), mixed_share=0).mixed_count(9) == 0
    alone = ConditionalGanConfig.tiny(materials=("a",))
    assert alone.mixed_count(9) == 0
    model = build_model(alone, TrainingConfig.tiny(r1_gamma=0))
    image = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    losses = model.train_step(image, np.zeros(2, int), step=0, rate_factor=1.0)
    assert all(np.isfinite(float(value)) for value in losses.values())


def test_the_saved_picture_is_that_of_the_network(model):
    window = CellWindow(0, 0, 2, 2, (2, 2))
    fields = map_inputs(CONFIG, model.measured, everywhere(0.2, 0.3, 0.5), 7, window)
    image = model.averaged({name: value[None] for name, value in fields.items()})
    drawn = rendered(model, everywhere(0.2, 0.3, 0.5), window)
    assert np.abs(np.asarray(to_pixels(image))[0].astype(int) - drawn).max() <= 1


def test_borders_and_slow_noise_are_draws_of_their_own(monkeypatch):
    addresses = {}

    def noted(name, draw):
        def call(*inputs, **named):
            seed = named["seed"] if "seed" in named else inputs[1]
            addresses.setdefault(name, set()).add(tuple(seed.numpy()))
            return draw(*inputs, **named)

        return call

    monkeypatch.setattr(training_noise, "slow_noise", noted("slow", training_noise.slow_noise))
    monkeypatch.setattr(conditional, "border_shares", noted("borders", border_shares))
    config = ConditionalGanConfig.tiny(materials=("grass", "gravel"), slow_channels=1)
    build_model(config, TrainingConfig.tiny()).recompute_statistics(2)
    assert len(addresses["slow"]) == len(addresses["borders"]) == 2
    assert not addresses["slow"] & addresses["borders"]
