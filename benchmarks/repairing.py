"""Hide bands of the photographs of a plain stack, and look for lines along their edges.

    python -m benchmarks.repairing --material gravel --steps 1500
    python -m benchmarks.repairing --model bench-results/families/conv_stack/run_0/model

Trains one on one material, or takes a saved one and measures each of its materials, by the first
photograph of each; `--photos` is what it was trained on. Bands as wide
as a seam are hidden in the photograph, training region and held-out strip, along both axes; what
the model invents is compared with what was there, line by line of a band: the mean difference of
all bands and seeds is what every edge has in common, to the eye a line. Its largest value and its
root mean square, in grey levels, stand beside the same of a band that is replaced by another place
of the photograph. Writes table.md and, by material, bands (hidden, repaired) to --out; a training
that is finished there is not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.families import one_material_parser, trained_on_one
from data.config import DatasetConfig
from data.ingest import prepare
from data.pixels import held_out_region, training_region
from texture_models.families.conv_stack.retouch import SEAM_PX, Retoucher
from texture_models.rendering.retouchers import load_retoucher
from texture_models.saved_model import load_config

BAND_PX, APART_PX, MARGIN_PX = 2 * SEAM_PX, 48, 24
SEEDS = (1, 2)
Fill = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def main() -> None:
    """Run what the command line asks for."""
    parser = one_material_parser(__doc__.splitlines()[0], "repairing")
    parser.add_argument(
        "--model", type=Path, help="saved one; no training, and none of its options"
    )
    arguments = parser.parse_args()
    if arguments.model is None:
        dataset, model_dir = trained_on_one("conv_stack", arguments)
    else:
        model_dir = arguments.model
        known = load_config(model_dir).materials
        asked = DatasetConfig(source=arguments.photos, materials=known)
        dataset = prepare(asked, arguments.out / "datasets")
    lines = ["| material | region | way | largest | root mean square |", "|---|---|---|---|---|"]
    first = {one.material: one for one in reversed(dataset.photographs)}
    for material, photograph in sorted(first.items()):
        fill = inventing(load_retoucher(model_dir, material))
        given = training_region(dataset, photograph)
        regions = {"training region": given, "held-out strip": held_out_region(dataset, photograph)}
        for region, picture in regions.items():
            lines += [f"| {material} | {region} | {one} |" for one in rows(picture, fill)]
        hidden = bands(*given.shape[:2])
        shown = [np.where(hidden[..., None], 255, given), fill(given, hidden, SEEDS[0])]
        sheet = Image.fromarray(np.hstack(shown).astype(np.uint8))
        sheet.save(arguments.out / f"bands_{material}.png")
    (arguments.out / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def inventing(retoucher: Retoucher) -> Fill:
    """Return what fills hidden places as a retoucher does."""

    def fill(picture: np.ndarray, hidden: np.ndarray, seed: int) -> np.ndarray:
        return retoucher.remove_blemish(picture, hidden, seed=seed, wrap=(False, False))

    return fill


def rows(picture: np.ndarray, fill: Fill) -> Iterator[str]:
    """Yield the columns of the table from the way on, for the model and for another place."""
    for way, own in (("conv_stack", fill), ("another place", from_elsewhere)):
        profile = np.mean(list(profiles(picture, own)), axis=0)
        rms = np.sqrt((profile**2).mean())
        yield f"{way} | {np.abs(profile).max():.1f} | {rms:.1f}"


def bands(height: int, width: int) -> np.ndarray:
    """Return (height, width) bool: rows of bands from left to right, but for the margins."""
    hidden = np.zeros((height, width), dtype=bool)
    for top in starts(height):
        hidden[top : top + BAND_PX, MARGIN_PX:-MARGIN_PX] = True
    return hidden


def starts(height: int) -> range:
    """First rows of the bands."""
    return range(APART_PX, height - BAND_PX - MARGIN_PX + 1, BAND_PX + APART_PX)


def profiles(picture: np.ndarray, fill: Fill) -> Iterator[np.ndarray]:
    """Yield invented minus given light of every line of every band, (BAND_PX,), both axes."""
    for turned in (picture, np.swapaxes(picture, 0, 1)):
        hidden = bands(*turned.shape[:2])
        for seed in SEEDS if hidden.any() else ():
            difference = fill(turned, hidden, seed).astype(float) - turned
            lines = difference[:, MARGIN_PX:-MARGIN_PX].mean(axis=(1, 2))
            yield from (lines[top : top + BAND_PX] for top in starts(len(lines)))


def from_elsewhere(picture: np.ndarray, hidden: np.ndarray, seed: int) -> np.ndarray:
    """Fill what is hidden with the photograph, rolled: what chance alone differs by."""
    places = np.random.default_rng(seed).integers(0, picture.shape[:2])
    rolled = np.roll(picture, places, axis=(0, 1))
    return np.where(hidden[..., None], rolled, picture)


if __name__ == "__main__":
    main()
