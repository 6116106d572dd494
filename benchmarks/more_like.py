"""Train one texture VAE on several photographs, and draw more like each of them.

    python -m benchmarks.more_like --photos /path/to/photographs --steps 1500

The folder holds material folders. One model is trained as the experiment train-vae says; then every
photograph is encoded and drawn from, with its own code and, as pictures of its material, with codes
from the fitted prior. Scored in windows of 64 px against the photograph. Writes table.md, sheet.png
(photograph, two pictures like it, one of the prior, each tiled 2x2) and way.png (from each
photograph to the next one) to --out; an interrupted training goes on.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.families import recipe, train
from data.config import DatasetConfig
from data.ingest import prepare
from data.library.contact_sheet import SheetRow, contact_sheet
from data.pixels import held_out_region, training_region
from data.records import Photograph, PreparedDataset
from texture_models.families.vae.config import VaeConfig
from texture_models.metrics.scores import score_texture
from texture_models.rendering.look import between
from texture_models.rendering.renderer import Renderer

TILE_PX, SEEDS, CROP_PX = 256, 4, 64
SCORES = ("set_ratio", "top_octave_db", "diversity", "memorised")
WAY_PX, WAY_STEPS = 128, 7


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", default="sample_photos", help="folder of material folders")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--start", type=Path, help="folder of a saved vae to begin with")
    parser.add_argument("--seed", type=int, default=1, help="of the training")
    parser.add_argument("--out", type=Path, default=Path("bench-results/more_like"))
    arguments = parser.parse_args()
    arguments.minutes = None
    dataset = prepare(DatasetConfig(source=arguments.photos), arguments.out / "datasets")
    model, training = recipe("vae", arguments, share=1.0)
    config = VaeConfig(**{**model, "materials": dataset.materials})
    train(config, training, dataset, arguments.out / "run", arguments.start)
    renderer = Renderer.load(arguments.out / "run" / "model")
    lines = [
        "| photograph | codes | " + " | ".join(SCORES) + " |",
        "|---" * (2 + len(SCORES)) + "|",
    ]
    rows = []
    for photograph in dataset.photographs:
        drawn = pictures(renderer, dataset, photograph)
        lines += scored(dataset, photograph, drawn, renderer.config.pixels_per_cell)
        shown = [("like it", drawn["its own"][0]), ("like it too", drawn["its own"][1])]
        region = training_region(dataset, photograph)
        rows.append(
            SheetRow(photograph.material, None, region, (*shown, ("prior", drawn["prior"][0])))
        )
    (arguments.out / "table.md").write_text("\n".join(lines) + "\n")
    sheet = contact_sheet(rows, title=f"More like a photograph, {training.steps} steps")
    Image.fromarray(sheet).save(arguments.out / "sheet.png")
    Image.fromarray(ways(renderer, dataset)).save(arguments.out / "way.png")
    print("\n".join(lines))


def pictures(
    renderer: Renderer, dataset: PreparedDataset, photograph: Photograph
) -> dict[str, list[np.ndarray]]:
    """Tiles drawn with the photograph's own code, and with codes of its material's prior."""
    look = renderer.encode(training_region(dataset, photograph))
    asked: dict[str, Any] = {"its own": look, "prior": photograph.material}
    return {
        codes: [
            renderer.render(seed=seed, height_px=TILE_PX, width_px=TILE_PX, material=material)
            for seed in range(1, 1 + SEEDS)
        ]
        for codes, material in asked.items()
    }


def scored(
    dataset: PreparedDataset,
    photograph: Photograph,
    drawn: dict[str, list[np.ndarray]],
    pixels_per_cell: int,
) -> Iterator[str]:
    """Lines of the table."""
    for codes, tiles in drawn.items():
        scores = score_texture(
            real=[training_region(dataset, photograph)],
            held_out=[held_out_region(dataset, photograph)],
            generated=tiles,
            crop_px=CROP_PX,
            pixels_per_cell=pixels_per_cell,
        ).model_dump()
        shown = " | ".join(
            f"{scores[name]:.2f}" if isinstance(scores[name], float) else str(scores[name])
            for name in SCORES
        )
        yield f"| {Path(photograph.source_name).stem} | {codes} | {shown} |"


def ways(renderer: Renderer, dataset: PreparedDataset) -> np.ndarray:
    """One strip for each photograph and the next one; the noise stays, the look goes over."""
    looks = [renderer.encode(training_region(dataset, one)) for one in dataset.photographs]
    strips = []
    for first, second in itertools.pairwise(looks):
        strips.append(
            np.hstack(
                [
                    renderer.render(
                        seed=1,
                        height_px=WAY_PX,
                        width_px=WAY_PX,
                        material=between((first, second), (1.0 - share, share)),
                    )
                    for share in np.linspace(0.0, 1.0, WAY_STEPS)
                ]
            )
        )
    return np.vstack(strips)


if __name__ == "__main__":
    main()
