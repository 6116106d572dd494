"""Gram matching: what it compares, and that its own gradient is the true one."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from texture_models.losses import gram_distance, gram_matrices

CODE = tf.constant(np.eye(2, dtype=np.float32)[[0, 1, 0]])


def features(seed: int) -> tf.Tensor:
    values = np.random.default_rng(seed).normal(size=(3, 4, 5, 6))
    return tf.constant(values.astype(np.float32))


def test_a_matrix_is_the_mean_product_of_channels_over_pictures_and_places_of_a_material():
    drawn = features(1)
    found = gram_matrices(drawn, CODE).numpy()
    of_first = drawn.numpy()[[0, 2]].reshape(-1, 6)
    np.testing.assert_allclose(found[0], of_first.T @ of_first / len(of_first), rtol=1e-5)


def test_no_distance_from_itself_and_blind_to_where_things_are():
    drawn = features(1)
    moved = tf.roll(drawn, shift=(1, 2), axis=(1, 2))
    np.testing.assert_allclose(gram_distance([moved], [drawn], CODE), 0.0, atol=1e-6)
    assert gram_distance([drawn], [features(2)], CODE) > 0.1


def test_the_gradient_is_the_one_of_the_plain_product():
    weights = tf.constant(np.random.default_rng(3).normal(size=(2, 6, 6)).astype(np.float32))
    drawn = tf.Variable(features(1))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(weights * gram_matrices(drawn, CODE))
    found = tape.gradient(total, drawn)
    with tf.GradientTape() as tape:
        flat = tf.reshape(drawn, (3, 20, 6))
        grams = tf.einsum("bpi,bpj->bij", flat, flat) / 20.0
        means = tf.einsum("bm,bij->mij", CODE, grams) / tf.constant([2.0, 1.0])[:, None, None]
        total = tf.reduce_sum(weights * means)
    np.testing.assert_allclose(found, tape.gradient(total, drawn), rtol=1e-4, atol=1e-6)
