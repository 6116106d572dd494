"""Weights to begin with that already tell the photographs apart.

With random ones every picture has nearly the same code, hidden in a deviation of 1: the decoder
learns to ignore it, and takes two thousand steps to tell three materials apart. Here the code
begins as whitened statistics of random features: mean 0 and covariance 1 over the photographs'
patches, as the prior asks, and certain; colours begin as what a linear regression on it says.

Source: data-dependent initialisation, Krahenbuhl et al. 2016, https://arxiv.org/abs/1511.06856,
and its form by principal components, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from texture_models.families.vae.prior import sampled_patches
from texture_models.layers import colour_basis

BEGINNING_LOG_VARIANCE = -3.0  # of every channel of the code
# Of the largest deviation; weaker directions are amplified no more than one of this share, or a
# single step of the layers before would throw the code about.
LEAST_SHARE = 0.1
LEAST_DEVIATION = 1e-4  # of features; below it all patches are the same


def is_untrained(network: Any) -> bool:
    """Whether no step has moved the network yet: what says how certain a code is begins at zero."""
    kernel = network.get_layer("encoder").get_layer("code_log_variance").kernel
    return not np.any(np.asarray(kernel))


def begin_with_colours(network: Any, photographs: Sequence[Sequence[np.ndarray]]) -> None:
    """Set the colours that a code of zeros has to those of all photographs together.

    Args:
        network: encoder and decoder, see `build_generator`.
        photographs: of every material, uint8 (height, width, 3) pictures.
    """
    basis, mean = colour_basis([one for some in photographs for one in some])
    layer = network.get_layer("decoder").get_layer("colour")
    layer.basis.assign(np.concatenate([basis[None], layer.basis.numpy()[1:]]))
    layer.mean.assign(np.concatenate([mean[None], layer.mean.numpy()[1:]]))


def begin_with_statistics(
    network: Any, photographs: Sequence[Sequence[np.ndarray]], patch_px: int
) -> None:
    """Set what the encoder's last layer reads, and the decoder's colours, from photographs.

    Patches come from a generator of their own, always the same ones.

    Args:
        network: encoder and decoder, see `build_generator`.
        photographs: of every material, uint8 (height, width, 3) pictures.
        patch_px: side of the patches.
    """
    rng = np.random.default_rng(0)
    patches = np.concatenate([sampled_patches(some, patch_px, rng) for some in photographs])
    encoder = network.get_layer("encoder")
    layer = encoder.get_layer("code_mean")
    read = keras.Model(encoder.input, layer.input)
    features = np.asarray(read.predict(patches, batch_size=64, verbose=0), dtype=np.float64)
    kernel, bias = whitening(features, layer.units)
    layer.kernel.assign(kernel)
    layer.bias.assign(bias)
    spread = encoder.get_layer("code_log_variance")
    spread.bias.assign(np.full(spread.units, BEGINNING_LOG_VARIANCE, np.float32))
    codes = features @ kernel + bias
    colour = network.get_layer("decoder").get_layer("colour")
    means, roots = patch_colours(patches)
    colour.mean.assign(regression(codes, means))
    colour.basis.assign(regression(codes, roots.reshape(-1, 9)).reshape(-1, 3, 3))


def whitening(features: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (kernel (channels, count), bias (count,)) float32: principal components, whitened.

    Args:
        features: (patches, channels).
        count: channels of the result; those beyond the features' rank, or all of features that do
            not differ, are 0.
    """
    mean = features.mean(axis=0)
    _, deviations, axes = np.linalg.svd(features - mean, full_matrices=False)
    deviations = np.maximum(deviations, LEAST_SHARE * deviations[0]) / np.sqrt(len(features))
    kernel = np.zeros((features.shape[1], count))
    if deviations[0] > LEAST_DEVIATION:
        kernel[:, : len(axes[:count])] = (axes[:count] / deviations[:count, None]).T
    return kernel.astype(np.float32), (-mean @ kernel).astype(np.float32)


def patch_colours(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each patch's mean colour (patches, 3) and the symmetric root of its covariance."""
    colours = patches.reshape(len(patches), -1, 3).astype(np.float64)
    means = colours.mean(axis=1)
    centred = colours - means[:, None]
    variances, axes = np.linalg.eigh(np.einsum("pni,pnj->pij", centred, centred) / centred.shape[1])
    deviations = np.sqrt(np.maximum(variances, 0.0))
    return means, np.einsum("pij,pj,pkj->pik", axes, deviations, axes)


def regression(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return (1 + latent, values) float32: the mean, then slopes by codes without correlation.

    By codes of variance 1 this is least squares; weak ones, which LEAST_SHARE keeps below, get less
    than that.
    """
    mean = values.mean(axis=0)
    slopes = codes.T @ (values - mean) / len(codes)
    return np.concatenate([mean[None], slopes]).astype(np.float32)
