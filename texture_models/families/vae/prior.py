"""Where the codes of each material lie: a Gaussian, fitted after the training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from texture_models.families.vae.config import VaeConfig
from texture_models.layers import as_image
from texture_models.random_patch import random_patch

PATCHES = 64  # of each material
SHRINKAGE = 0.1  # share of the covariance that is taken as uncorrelated; 64 codes for 32 channels


def unfitted_prior(config: VaeConfig) -> dict[str, np.ndarray]:
    """Return the standard normal of every material, by the names of `measured`."""
    count, latent = config.material_count, config.latent_channels
    return {
        "prior_mean": np.zeros((count, latent)),
        "prior_factor": np.tile(np.eye(latent), (count, 1, 1)),
    }


def fitted_prior(
    encoder: Any, photographs: Sequence[Sequence[np.ndarray]], patch_px: int
) -> dict[str, np.ndarray]:
    """Fit a Gaussian with full covariance to the codes of each material's patches.

    To what the decoder learnt from, draws around the means: their variance is the means' and the
    mean of their own ("aggregated posterior", Makhzani et al. 2015, https://arxiv.org/abs/1511.05644,
    section 2).

    Patches are drawn from a generator of their own, always the same ones.

    Args:
        encoder: see `build_encoder`.
        photographs: of every material, uint8 (height, width, 3) pictures.
        patch_px: side of the patches.

    Returns:
        `prior_mean` (materials, latent) and `prior_factor` (materials, latent, latent), lower
        triangular, covariance = factor @ factor.T; float64.
    """
    rng = np.random.default_rng(0)
    means, factors = [], []
    for pictures in photographs:
        patches = sampled_patches(pictures, patch_px, rng)
        codes, log_variances = (
            np.asarray(one, dtype=np.float64) for one in encoder(patches, training=False)[:2]
        )
        covariance = np.atleast_2d(np.cov(codes, rowvar=False))
        covariance += np.diag(np.exp(log_variances).mean(axis=0))
        variances = np.diag(np.diag(covariance)) + 1e-6 * np.eye(len(covariance))
        means.append(codes.mean(axis=0))
        factors.append(
            np.linalg.cholesky((1 - SHRINKAGE) * covariance + SHRINKAGE * variances + 0.0)
        )
    return {"prior_mean": np.stack(means), "prior_factor": np.stack(factors)}


def sampled_patches(
    pictures: Sequence[np.ndarray], side: int, rng: np.random.Generator
) -> np.ndarray:
    """Return (PATCHES, side, side, 3) float32 in -1..1, from anywhere in a material's pictures."""
    patches = [
        random_patch(pictures[int(rng.integers(len(pictures)))], side, rng) for _ in range(PATCHES)
    ]
    return as_image(np.stack(patches))
