"""Layers: rewritten forms equal the textbook ones."""

import numpy as np
import tensorflow as tf

from texture_models.layers import FilmLayer, UpsampledConv2D


def test_the_two_tap_form_equals_nearest_upsampling_and_a_3x3_convolution():
    layer = UpsampledConv2D(5)
    inputs = np.random.default_rng(1).standard_normal((2, 6, 9, 4)).astype(np.float32)
    got = np.asarray(layer(inputs))
    large = inputs.repeat(2, axis=1).repeat(2, axis=2)
    expected = tf.nn.conv2d(large, layer.kernel.value, 1, "VALID").numpy()
    assert got.shape == (2, 10, 16, 5)
    np.testing.assert_allclose(got, expected, atol=2e-5)


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
