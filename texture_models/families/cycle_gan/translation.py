"""A given picture in, the same layout in the other material out, at any size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families.cycle_gan.config import FOLD, CycleGanConfig
from texture_models.layers import to_pixels
from texture_models.sizes import nearest_multiples

# Pictures are translated in blocks on a fixed grid, so that memory does not grow with the picture;
# a smaller picture takes blocks of its own size.
BLOCK_PX = 256
LEAST_SIDE_PX = 16


class Translator:
    """Both directions of one model.

    Args:
        config: the model's.
        network: its translators, see `networks.build_generator`.
    """

    def __init__(self, config: CycleGanConfig, network: Any) -> None:
        self.config = config
        self._compiled = [
            _compiled(network.get_layer(f"to_{target}")) for target in range(config.material_count)
        ]

    def target(self, material: str) -> int:
        """Return the number of the material to translate into.

        Raises:
            ValueError: the model does not know it.
        """
        if material not in self.config.materials:
            raise ValueError(
                f"material={material!r} is not one of this model's:"
                f" {' and '.join(self.config.materials)}"
            )
        return self.config.materials.index(material)

    def translate(self, pixels: np.ndarray, *, to: int, wrap: tuple[bool, bool]) -> np.ndarray:
        """Translate one picture.

        Args:
            pixels: (height, width, 3) uint8 of the other material.
            to: number of the material to translate into, 0 or 1.
            wrap: whether the last row continues into the first, and the last column; the result
                then does so too. Elsewhere the picture is continued by its mirror image.

        Returns:
            (height, width, 3) uint8. No pixel depends on anything further than `margin_px` away.

        Raises:
            ValueError: a side is too short, or wraps and is not a multiple of FOLD.
        """
        _check_sides(pixels.shape[:2], wrap)
        margin = self.config.margin_px
        lines = [
            _continued(side, margin, wraps)
            for side, wraps in zip(pixels.shape[:2], wrap, strict=True)
        ]
        result = np.empty_like(pixels)
        for top, rows in _blocks(pixels.shape[0]):
            for left, columns in _blocks(pixels.shape[1]):
                places = np.ix_(
                    lines[0][top : top + rows + 2 * margin],
                    lines[1][left : left + columns + 2 * margin],
                )
                block = np.asarray(self._compiled[to](pixels[places][None]))[0]
                part = result[top : top + rows, left : left + columns]
                part[:] = block[: part.shape[0], : part.shape[1]]
        return result


def _compiled(network: Any) -> Any:
    @tf.function(autograph=False, reduce_retracing=True)
    def run(pixels: Any) -> Any:
        image = tf.cast(pixels, tf.float32) / 127.5 - 1.0
        return to_pixels(network(image, training=False))

    return run


def _check_sides(sides: tuple[int, ...], wrap: tuple[bool, bool]) -> None:
    for name, side, wraps in zip(("height", "width"), sides, wrap, strict=True):
        if side < LEAST_SIDE_PX:
            raise ValueError(f"a {name} of {side} px is less than {LEAST_SIDE_PX}")
        if wraps and side % FOLD:
            below, above = nearest_multiples(side, FOLD)
            raise ValueError(
                f"a {name} of {side} px that wraps is not a multiple of {FOLD}; resize the picture"
                f" to {below} or {above}, or say that it does not tile"
            )


def _blocks(side: int) -> Iterator[tuple[int, int]]:
    """(start, length) of the blocks along one axis, all of one length, a multiple of FOLD."""
    length = min(BLOCK_PX, -(-side // FOLD) * FOLD)
    return ((start, length) for start in range(0, side, length))


def _continued(side: int, margin: int, wraps: bool) -> np.ndarray:
    """Places of the picture that stand at -margin and on, as far as the last block looks."""
    length = min(BLOCK_PX, -(-side // FOLD) * FOLD)
    line = np.arange(-margin, -(-side // length) * length + margin)
    if wraps:
        return line % side
    folded = line % (2 * side - 2)
    return np.where(folded < side, folded, 2 * side - 2 - folded)
