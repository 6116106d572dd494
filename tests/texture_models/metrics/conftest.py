"""Photographs and damages for the tests of the metrics."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.ndimage
import skimage.data
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def _rounded(values: NDArray[np.floating]) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def photographs() -> dict[str, Pixels]:
    """The built-in photographs at 256 px; gravel is tinted, so that colour plays a part."""
    found = {}
    for name in ("brick", "grass", "gravel"):
        grey = getattr(skimage.data, name)().reshape(256, 2, 256, 2).mean(axis=(1, 3))
        tint = np.array([1.0, 0.95, 0.85]) if name == "gravel" else np.ones(3)
        found[name] = _rounded(grey[..., None] * tint)
    return found


@pytest.fixture(scope="session")
def gravel(photographs: dict[str, Pixels]) -> Pixels:
    return photographs["gravel"]


@pytest.fixture(scope="session")
def grass(photographs: dict[str, Pixels]) -> Pixels:
    return photographs["grass"]


@pytest.fixture(scope="session")
def brick(photographs: dict[str, Pixels]) -> Pixels:
    return photographs["brick"]


def _phase_randomised(pixels: Pixels) -> Pixels:
    noise = np.random.default_rng(0).standard_normal(pixels.shape[:2])
    turn = np.exp(1j * np.angle(np.fft.fft2(noise)))
    turn[0, 0] = 1
    planes = [np.fft.ifft2(np.fft.fft2(pixels[..., c]) * turn).real for c in range(3)]
    return _rounded(np.stack(planes, axis=2))


def _checkered(pixels: Pixels) -> Pixels:
    sign = (np.indices(pixels.shape[:2]).sum(axis=0) % 2) * 2 - 1
    return _rounded(pixels + 6.0 * sign[..., None])


def _imprinted(pixels: Pixels) -> Pixels:
    """Fine contrast that changes by 15 % with the position modulo 8 px."""
    soft = scipy.ndimage.gaussian_filter(pixels.astype(np.float64), (1.2, 1.2, 0))
    gain = 1 + 0.15 * np.cos(2 * np.pi * np.arange(pixels.shape[1]) / 8)
    return _rounded(soft + (pixels - soft) * gain[None, :, None])


@pytest.fixture(scope="session")
def damage() -> dict[str, Callable[[Pixels], Pixels]]:
    """Damages by name; each takes and gives uint8 (height, width, 3)."""
    rng = np.random.default_rng(0)
    return {
        "blur": lambda p: scipy.ndimage.gaussian_filter(p, (1, 1, 0)),
        "noise": lambda p: _rounded(p + rng.normal(0, 12, p.shape)),
        "colour shift": lambda p: _rounded(p + np.array([12.0, 0.0, -12.0])),
        "random phases": _phase_randomised,
        "checkerboard": _checkered,
        "grid imprint": _imprinted,
        "repeat": lambda p: np.tile(p[:32, :32], (8, 8, 1))[: p.shape[0], : p.shape[1]],
        "mirror": lambda p: p[:, ::-1],
    }


@pytest.fixture(scope="session")
def seamless() -> Callable[..., Pixels]:
    """A tile that continues into itself: `texture(side, seed)`, filtered noise on a torus."""

    def texture(side: int, seed: int, sigma: float = 2.0) -> Pixels:
        noise = np.random.default_rng(seed).standard_normal((side, side, 3))
        smooth = scipy.ndimage.gaussian_filter(noise, (sigma, sigma, 0), mode="wrap")
        return _rounded(128 + 40 * smooth / smooth.std())

    return texture


@pytest.fixture(scope="session")
def quilted() -> Callable[..., Pixels]:
    """Copies patches: `quilt(photograph, side, seed)`, random 40 px blocks with blended joints."""

    def quilt(photograph: Pixels, side: int, seed: int) -> Pixels:
        rng = np.random.default_rng(seed)
        ramp = np.minimum(np.minimum(np.arange(40) + 1, 40 - np.arange(40)), 6) / 6
        weight = np.outer(ramp, ramp)[..., None]
        canvas, total = np.zeros((side + 40, side + 40, 3)), np.zeros((side + 40, side + 40, 1))
        for top in range(0, side, 34):
            for left in range(0, side, 34):
                y, x = (int(rng.integers(n - 40)) for n in photograph.shape[:2])
                canvas[top : top + 40, left : left + 40] += weight * photograph[y:, x:][:40, :40]
                total[top : top + 40, left : left + 40] += weight
        return _rounded((canvas / np.maximum(total, 1e-9))[:side, :side])

    return quilt
