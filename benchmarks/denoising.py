"""Train the plain stack on one material and take noise off what it has not seen of it.

    python -m benchmarks.denoising --material gravel --minutes 7.5

White noise of a known deviation is added to the held-out strip of the photograph; the model, a blur
in its place, total variation and non-local means are told the deviation. Peak signal-to-noise ratio
says how near a result is to the clean strip, the top octave how much fine detail it lost. Writes
table.md and strips.png (clean, noisy, each result; one noise a row) to --out; a training that is
finished there is not done again.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.metrics import peak_signal_noise_ratio
from skimage.restoration import denoise_tv_chambolle

from benchmarks.families import one_material_parser, trained_on_one
from data.pixels import held_out_region
from texture_models.families.conv_stack.lost_detail import detail_in
from texture_models.families.conv_stack.retouch import Retoucher
from texture_models.metrics.spectrum import mean_power, top_octave_db
from texture_models.rendering.retouchers import load_retoucher

DEVIATIONS = (6.0, 12.0, 24.0)  # grey levels
SHOWN_PX = 160
# Of both references, in deviations of the noise: the best of 0.25, 0.5 and 1 for most levels of
# brick, grass and gravel.
REFERENCE_STRENGTH = 0.5
BLUR_PX = 1.5  # deviation of a blur in the network's place


def main() -> None:
    """Run what the command line asks for."""
    parser = one_material_parser(__doc__.splitlines()[0], "denoising")
    arguments = parser.parse_args()
    dataset, model_dir = trained_on_one("conv_stack", arguments)
    clean = held_out_region(dataset, dataset.photographs[0])
    lines = ["| noise | way | PSNR, dB | top octave, dB |", "|---|---|---|---|"]
    rows = []
    for deviation in DEVIATIONS:
        results = dict(ways(load_retoucher(model_dir), clean, deviation))
        lines += [f"| {deviation:g} | {line} |" for line in judged(clean, results)]
        rows.append(np.hstack([part[:SHOWN_PX, :SHOWN_PX] for part in (clean, *results.values())]))
    (arguments.out / "table.md").write_text("\n".join(lines) + "\n")
    Image.fromarray(np.vstack(rows)).save(arguments.out / "strips.png")
    print("\n".join(lines))


def ways(
    retoucher: Retoucher, clean: np.ndarray, deviation: float
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the noisy strip, and what each way makes of it."""
    drawn = np.random.default_rng(1).normal(0.0, deviation, clean.shape)
    noisy = np.uint8(np.clip(np.rint(clean + drawn), 0, 255))
    yield "noisy", noisy
    yield "conv_stack", retoucher.denoise(noisy, noise=deviation, seed=1, wrap=(False, False))
    # What is the network's part, and what that of giving detail back?
    blurred = ndimage.gaussian_filter(noisy.astype(np.float32), (BLUR_PX, BLUR_PX, 0))
    detail = detail_in(noisy - blurred, noise=deviation, wrap=(False, False))
    yield "blur, detail given back", np.uint8(np.clip(np.rint(blurred + detail), 0, 255))
    strength = REFERENCE_STRENGTH * deviation
    calm = denoise_tv_chambolle(noisy / 255, weight=strength / 255, channel_axis=-1)
    yield "total variation", np.uint8(np.rint(np.clip(calm, 0, 1) * 255))
    yield (
        "non-local means",
        cv2.fastNlMeansDenoisingColored(noisy, None, strength, strength, 5, 21),
    )


def judged(clean: np.ndarray, results: dict[str, np.ndarray]) -> Iterator[str]:
    """Cells of the table."""
    side = min(clean.shape[:2])
    power = mean_power([clean[:side, :side]])
    for way, result in results.items():
        near = peak_signal_noise_ratio(clean, result, data_range=255)
        detail = top_octave_db(power, mean_power([result[:side, :side]]))
        yield f"{way} | {near:.1f} | {detail:.2f}"


if __name__ == "__main__":
    main()
