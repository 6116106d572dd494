"""What the plain stack does to a given picture: close a seam, fill a hole, grow it, take off noise.

Each is one run of the network over the picture with a trust for every pixel, 0 where it has to
invent; see `degradation` for how it learnt that. Pixels that were trusted stay as they are, byte
for byte, but for a soft edge around what was invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from scipy import ndimage

from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.degradation import LEAST_TRUST
from texture_models.families.conv_stack.lost_detail import detail_in
from texture_models.families.conv_stack.random_picture import REACH_PX, STRENGTH, random_picture
from texture_models.layers import as_image, to_pixels
from texture_models.rendering.noise_field import coordinates
from texture_models.sizes import nearest_multiples

BLOCK_PX = 256  # as in rendering: memory does not grow with the picture
SEAM_PX = 12  # what is invented anew on either side of a seam
EDGE_PX = 4  # over which invented and given pixels are blended
LEAST_SIDE_PX = 32
LARGEST_NOISE = STRENGTH * (1 / LEAST_TRUST - 1) * 127.5  # grey levels, what training showed


class Retoucher:
    """Works on pictures of one material of one model, at the scale of its photographs.

    Args:
        config: the model's.
        network: its generator.
        index: of the material.
    """

    def __init__(self, config: ConvStackConfig, network: Any, index: int = 0) -> None:
        self.config = config
        code = np.eye(config.material_count, dtype=np.float32)[index][None]

        @tf.function(autograph=False, reduce_retracing=True)
        def run(picture: Any) -> Any:
            return to_pixels(
                network({"picture": picture, "code": tf.constant(code)}, training=False)
            )

        self._run = run

    def remove_seam(self, pixels: np.ndarray, *, seed: int) -> np.ndarray:
        """Make a picture tile: what lies within SEAM_PX of its border is invented anew.

        Args:
            pixels: (height, width, 3) uint8; what exceeds a multiple of the model's fold is cut
            seed: of what is invented.

        Returns:
            (height, width, 3) uint8 that continues into itself along both axes.
        """
        _check(pixels)
        fold = self.config.fold
        pixels = pixels[: pixels.shape[0] // fold * fold, : pixels.shape[1] // fold * fold]
        hidden = np.ones(pixels.shape[:2], dtype=bool)
        hidden[SEAM_PX:-SEAM_PX, SEAM_PX:-SEAM_PX] = False
        return self._filled(pixels, hidden, wrap=(True, True), seed=seed)

    def remove_blemish(
        self, pixels: np.ndarray, blemish: np.ndarray, *, seed: int, wrap: tuple[bool, bool]
    ) -> np.ndarray:
        """Invent anew what a mask says.

        Args:
            pixels: (height, width, 3) uint8.
            blemish: (height, width) bool, True where the picture is not to be kept.
            seed: of what is invented.
            wrap: whether the picture tiles along (height, width), and is to go on doing so.

        Returns:
            (height, width, 3) uint8.
        """
        _check(pixels)
        if blemish.shape != pixels.shape[:2]:
            raise ValueError(
                f"the mask is {blemish.shape[1]} x {blemish.shape[0]} px and the picture"
                f" {pixels.shape[1]} x {pixels.shape[0]}; give both the same size"
            )
        if not blemish.any() or blemish.all():
            raise ValueError("the mask marks nothing or everything; white marks what is to go")
        return self._filled(pixels, blemish, wrap=wrap, seed=seed)

    def expand(self, pixels: np.ndarray, *, height_px: int, width_px: int, seed: int) -> np.ndarray:
        """Grow a picture: it stands in the middle of a larger one that tiles.

        Args:
            pixels: (height, width, 3) uint8.
            height_px: of the result, a multiple of the model's fold, more than the picture's.
            width_px: the same.
            seed: of what is invented.

        Returns:
            (height_px, width_px, 3) uint8.
        """
        _check(pixels)
        for name, side, least in zip(
            ("height", "width"), (height_px, width_px), pixels.shape[:2], strict=True
        ):
            if side < least + 2 * SEAM_PX or side % self.config.fold:
                raise ValueError(
                    f"a {name} of {side} px: give {least + 2 * SEAM_PX} or more, a multiple of"
                    f" {self.config.fold}"
                )
        top, left = (height_px - pixels.shape[0]) // 2, (width_px - pixels.shape[1]) // 2
        place = np.s_[top : top + pixels.shape[0], left : left + pixels.shape[1]]
        canvas = np.zeros((height_px, width_px, 3), dtype=np.uint8)
        hidden = np.ones((height_px, width_px), dtype=bool)
        canvas[place], hidden[place] = pixels, False
        return self._filled(canvas, hidden, wrap=(True, True), seed=seed)

    def denoise(
        self, pixels: np.ndarray, *, noise: float, seed: int, wrap: tuple[bool, bool]
    ) -> np.ndarray:
        """Take white noise off a picture.

        In training trust t meant t * photograph + (1 - t) * noise of a known deviation; a picture
        with noise of its own, times t, is that for the t whose two noises are the same. Detail that
        the network takes off with the noise is given back, see `lost_detail`.

        Args:
            pixels: (height, width, 3) uint8.
            noise: deviation of the noise in grey levels, up to LARGEST_NOISE.
            seed: of what stands around a picture that does not tile.
            wrap: whether the picture tiles along (height, width).

        Returns:
            (height, width, 3) uint8.
        """
        _check(pixels)
        if not 0 < noise <= LARGEST_NOISE:
            raise ValueError(
                f"noise={noise:g}: give its deviation in grey levels, more than 0, at most"
                f" {LARGEST_NOISE:g}"
            )
        trust = np.full(pixels.shape[:2], STRENGTH / (STRENGTH + noise / 127.5), np.float32)
        cleaned = self._output(pixels, trust, wrap=wrap, seed=seed).astype(np.float32)
        detail = detail_in(pixels - cleaned, noise=noise, wrap=wrap)
        return np.clip(np.rint(cleaned + detail), 0, 255).astype(np.uint8)

    def _filled(
        self, pixels: np.ndarray, hidden: np.ndarray, *, wrap: tuple[bool, bool], seed: int
    ) -> np.ndarray:
        """Put the network's output where something was hidden, with a soft edge."""
        trust = (~hidden).astype(np.float32)
        invented = self._output(pixels, trust, wrap=wrap, seed=seed)
        modes: list[Literal["wrap", "nearest"]] = ["wrap" if on else "nearest" for on in wrap]
        # 1 inside, falling to 0 at EDGE_PX outside: a box blur of what was hidden, grown by half.
        grown = ndimage.maximum_filter(trust < 1, 2 * (EDGE_PX // 2) + 1, mode=modes)
        soft = ndimage.uniform_filter(grown.astype(np.float32), EDGE_PX + 1, mode=modes)
        soft = np.where(hidden, 1.0, np.where(soft < 1e-3, 0.0, soft))[..., None]
        mixed = soft * invented + (1 - soft) * pixels
        return np.rint(mixed).astype(np.uint8)

    def _output(
        self, pixels: np.ndarray, trust: np.ndarray, *, wrap: tuple[bool, bool], seed: int
    ) -> np.ndarray:
        """Run the network over the whole picture, block by block."""
        sides, fold = pixels.shape[:2], self.config.fold
        for name, side, on in zip(("height", "width"), sides, wrap, strict=True):
            if on and side % fold:
                below, above = nearest_multiples(side, fold)
                raise ValueError(
                    f"a {name} of {side} px that tiles is no multiple of {fold}; resize the"
                    f" picture to {below} or {above}, or say that it does not tile"
                )
        shown = trust[..., None] * as_image(pixels)
        result = np.empty_like(pixels)
        for top, height in _blocks(sides[0], fold):
            for left, width in _blocks(sides[1], fold):
                picture = self._window(shown, trust, (top, left, height, width), wrap, seed)
                block = np.asarray(self._run(picture[None]))[0]
                part = result[top : top + height, left : left + width]
                part[:] = block[: part.shape[0], : part.shape[1]]
        return result

    def _window(
        self,
        shown: np.ndarray,
        trust: np.ndarray,
        window: tuple[int, int, int, int],
        wrap: tuple[bool, bool],
        seed: int,
    ) -> np.ndarray:
        """Return what the network reads for one block: (height + margins, width + margins, 4)."""
        reach = self.config.margin_px + REACH_PX
        places, inside = [], []
        for start, length, side, on in zip(
            window[:2], window[2:], shown.shape[:2], wrap, strict=True
        ):
            places.append(coordinates(start - reach, length + 2 * reach, side if on else None))
            inner = places[-1][REACH_PX:-REACH_PX]
            inside.append(((inner >= 0) & (inner < side), np.clip(inner, 0, side - 1)))
        at = np.ix_(inside[0][1], inside[1][1])
        known = trust[at] * (inside[0][0][:, None] & inside[1][0][None])
        random = random_picture(seed, places[0], places[1])
        picture = np.where(known[..., None] > 0, shown[at], random)
        return np.concatenate([picture, known[..., None]], axis=2).astype(np.float32)


def _check(pixels: np.ndarray) -> None:
    if min(pixels.shape[:2]) < LEAST_SIDE_PX:
        raise ValueError(
            f"a picture of {pixels.shape[1]} x {pixels.shape[0]} px; the shorter side must be"
            f" {LEAST_SIDE_PX} or more"
        )


def _blocks(side: int, fold: int) -> Iterator[tuple[int, int]]:
    """(start, length) of the blocks along one axis, all of one length, a multiple of `fold`."""
    length = min(BLOCK_PX, -(-side // fold) * fold)
    return ((start, length) for start in range(0, side, length))
