"""Layers: rewritten forms equal the textbook ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from texture_models.families.conditional_gan.networks import PlaceFilm
from texture_models.film import BoundedFilm, FilmLayer
from texture_models.layers import (
    ColourLayer,
    FusedNormalization,
    LeakyReLU,
    NarrowConv2D,
    UpsampledConv2D,
    colour_basis,
)


def test_the_two_tap_form_equals_nearest_upsampling_and_a_3x3_convolution():
    layer = UpsampledConv2D(5)
    inputs = np.random.default_rng(1).standard_normal((2, 6, 9, 4)).astype(np.float32)
    got = np.asarray(layer(inputs))
    large = inputs.repeat(2, axis=1).repeat(2, axis=2)
    expected = tf.nn.conv2d(large, layer.kernel.value, 1, "VALID").numpy()
    assert got.shape == (2, 10, 16, 5)
    np.testing.assert_allclose(got, expected, atol=2e-5)


def test_the_phased_form_equals_a_valid_3x3_convolution():
    layer = NarrowConv2D(3)
    inputs = np.random.default_rng(6).standard_normal((2, 6, 10, 4)).astype(np.float32)
    layer(inputs)
    layer.bias.assign([1.0, -2.0, 0.5])
    expected = tf.nn.conv2d(inputs, layer.kernel.value, 1, "VALID").numpy() + layer.bias.numpy()
    np.testing.assert_allclose(layer(inputs), expected, atol=2e-5)


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_bounded_film_equals_its_three_layers_both_ways(everywhere):
    random = np.random.default_rng(7)
    features = tf.Variable(2 * random.standard_normal((2, 4, 5, 3)).astype(np.float32))
    if everywhere:
        bounded, code = PlaceFilm(1.5, 0.1), random.random((2, 4, 5, 2)).astype(np.float32)
    else:
        bounded, code = BoundedFilm(1.5, 0.1), random.random((2, 2)).astype(np.float32)
    code = tf.Variable(code)
    bounded([features, code])
    bounded.set_weights([random.standard_normal((2, 3)), random.standard_normal((2, 3))])

    def plain():
        rows = code if everywhere else code[:, None, None, :]
        scale, shift = (rows @ weight.value for weight in bounded.weights)
        return tf.nn.leaky_relu(tf.clip_by_value(features, -1.5, 1.5) * scale + shift, 0.1)

    found = []
    for call in (lambda: bounded([features, code]), plain):
        with tf.GradientTape() as tape:
            outputs = call()
            total = tf.reduce_sum(outputs**2)
        watched = [features, code, *(weight.value for weight in bounded.weights)]
        found.append([outputs, *tape.gradient(total, watched)])
    for got, expected in zip(*found, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_a_leak_has_the_slopes_of_keras_own_and_their_slopes():
    inputs = tf.Variable([[-2.0, -0.5, 0.25, 3.0]])
    found = []
    for layer in (LeakyReLU(0.2), keras.layers.LeakyReLU(0.2)):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                outputs = layer(inputs)
                total = tf.reduce_sum(outputs**3)
            slopes = inner.gradient(total, inputs)
            penalty = tf.reduce_sum(slopes**2)
        found.append([outputs, slopes, outer.gradient(penalty, inputs)])
    for got, expected in zip(*found, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_film_of_a_mixture_is_the_mixture_of_the_films():
    layer = FilmLayer()
    features = np.random.default_rng(2).standard_normal((1, 3, 3, 4)).astype(np.float32)
    layer([features, np.eye(2, dtype=np.float32)[:1]])
    layer.set_weights([np.arange(8.0).reshape(2, 4), np.arange(8.0).reshape(2, 4) - 3])
    outputs = [
        np.asarray(layer([features, np.array([code], dtype=np.float32)]))
        for code in ([1, 0], [0, 1], [0.25, 0.75])
    ]
    np.testing.assert_allclose(outputs[2], 0.25 * outputs[0] + 0.75 * outputs[1], rtol=1e-5)


def test_the_fused_normalisation_equals_keras_own_in_training_and_after_it():
    settings = {"center": False, "scale": False, "momentum": 0.9, "epsilon": 1e-4}
    fused, plain = FusedNormalization(**settings), keras.layers.BatchNormalization(**settings)
    inputs = 3 + 2 * np.random.default_rng(5).standard_normal((4, 5, 6, 3)).astype(np.float32)
    slopes = []
    for layer in (fused, plain):
        watched = tf.Variable(inputs)
        with tf.GradientTape() as tape:
            outputs = layer(watched, training=True)
            total = tf.reduce_sum(outputs**3)
        slopes.append((outputs.numpy(), tape.gradient(total, watched).numpy()))
    for got, expected in zip(*slopes, strict=True):
        np.testing.assert_allclose(got, expected, atol=2e-4)
    for got, expected in zip(fused.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4)
    np.testing.assert_allclose(fused(inputs), plain(inputs), atol=1e-5)


def photograph(seed=3, side=64):
    rng = np.random.default_rng(seed)
    mixing = np.array([[20, 12, 5], [0, 9, -4], [2, 0, 6]])
    colours = rng.standard_normal((side, side, 3)) @ mixing + (140, 110, 90)
    return np.clip(np.round(colours), 0, 255).astype(np.uint8)


def test_white_noise_through_the_colours_of_a_photograph_has_its_mean_and_covariance():
    picture = photograph()
    layer = ColourLayer()
    noise = np.random.default_rng(4).standard_normal((1, 200, 200, 3)).astype(np.float32)
    code = np.ones((1, 1), np.float32)
    layer([noise, code])
    basis, mean = colour_basis([picture])
    layer.set_weights([basis[None], mean[None]])
    colours = (np.asarray(layer([noise, code])).reshape(-1, 3) + 1) * 127.5
    real = picture.reshape(-1, 3).astype(float)
    np.testing.assert_allclose(colours.mean(0), real.mean(0), atol=0.5)
    np.testing.assert_allclose(np.cov(colours.T), np.cov(real.T), atol=8)


def test_the_colours_of_a_grey_photograph_are_exactly_grey():
    grey = np.repeat(photograph()[..., :1], 3, axis=2)
    basis, mean = colour_basis([grey])
    assert (basis[1:] == 0).all()
    np.testing.assert_allclose(basis[0], basis[0, 0], rtol=1e-4)
    np.testing.assert_allclose(mean, mean[0], rtol=1e-5)
