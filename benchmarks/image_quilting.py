"""Image quilting, the copying reference that the metrics and the models are measured against.

Source: Efros & Freeman 2001, "Image quilting for texture synthesis and transfer". Our own writing;
departures: overlap error by correlation in the frequency domain, the seam cut by dynamic
programming on both overlaps, the wrap is not closed (it has seams, as the paper's result does).
"""

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def _cut(error: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True right of the cheapest path from top to bottom through (rows, columns) of error."""
    rows, columns = error.shape
    cost = error.copy()
    for row in range(1, rows):
        before = np.pad(cost[row - 1], 1, constant_values=np.inf)
        cost[row] += np.minimum(np.minimum(before[:-2], before[1:-1]), before[2:])
    column = int(cost[-1].argmin())
    keep_new = np.zeros((rows, columns), dtype=bool)
    for row in range(rows - 1, -1, -1):
        keep_new[row, column:] = True
        if row:
            low = max(column - 1, 0)
            column = low + int(cost[row - 1, low : column + 2].argmin())
    return keep_new


class _Source:
    """One photograph with its transforms, asked for blocks that continue what is there."""

    def __init__(self, photograph: Pixels, block_px: int) -> None:
        self.pixels = photograph.astype(np.float64)
        self.block_px = block_px
        self.shape = tuple(int(n) for n in np.array(photograph.shape[:2]) - block_px + 1)
        size = [scipy.fft.next_fast_len(n) for n in photograph.shape[:2]]
        self.size = size
        self.spectra = scipy.fft.rfft2(np.moveaxis(self.pixels, 2, 0), size)
        self.squares = scipy.fft.rfft2((self.pixels**2).sum(axis=2), size)

    def errors(self, known: NDArray[np.float64], mask: NDArray[np.float64]) -> NDArray[np.float64]:
        """Squared difference to `known` where `mask`, for every position of a block."""
        weighted = scipy.fft.rfft2(np.moveaxis(known * mask[..., None], 2, 0), self.size)
        spectrum = self.squares * np.conj(scipy.fft.rfft2(mask, self.size))
        spectrum -= 2 * (self.spectra * np.conj(weighted)).sum(axis=0)
        found = scipy.fft.irfft2(spectrum, self.size)[: self.shape[0], : self.shape[1]]
        return found + float((known**2 * mask[..., None]).sum())

    def block(self, top: int, left: int) -> NDArray[np.float64]:
        return self.pixels[top : top + self.block_px, left : left + self.block_px]


def _paste(
    there: NDArray[np.float64], block: NDArray[np.float64], overlaps: tuple[int, int]
) -> None:
    """Write `block` over `there` along minimum-error cuts in the top and left overlap."""
    above, beside = overlaps
    keep = np.ones(block.shape[:2], dtype=bool)
    error = ((there - block) ** 2).sum(axis=2)
    if beside:
        keep[:, :beside] &= _cut(error[:, :beside])
    if above:
        keep[:above] &= _cut(error[:above].T).T
    there[keep] = block[keep]


def quilt(photograph: Pixels, *, side_px: int, block_px: int = 36, seed: int = 0) -> Pixels:
    """Quilted texture, uint8 (side_px, side_px, 3), from uint8 (height, width, 3) RGB.

    A third of a block overlaps; among blocks within 10 % of the least error one is drawn with
    `seed`. Same seed, same pixels.

    Raises:
        ValueError: the photograph is not larger than a block.
    """
    if min(photograph.shape[:2]) <= block_px:
        raise ValueError(f"photograph {photograph.shape} is no larger than block_px={block_px}")
    overlap = block_px // 3
    step = block_px - overlap
    count = -(-(side_px - overlap) // step)
    rng = np.random.default_rng(seed)
    source = _Source(photograph, block_px)
    canvas = np.zeros((count * step + overlap,) * 2 + (3,))
    for row in range(count):
        for column in range(count):
            there = canvas[row * step :, column * step :][:block_px, :block_px]
            above, beside = overlap * (row > 0), overlap * (column > 0)
            mask = np.zeros((block_px, block_px))
            mask[:above], mask[:, :beside] = 1, 1
            errors = source.errors(there, mask)
            least = max(float(errors.min()), 1.0)
            candidates = np.argwhere(errors <= 1.1 * least)
            if not mask.any():
                candidates = np.argwhere(np.ones_like(errors, dtype=bool))
            top, left = candidates[rng.integers(len(candidates))]
            _paste(there, source.block(top, left), (above, beside))
    return canvas[:side_px, :side_px].round().astype(np.uint8)
