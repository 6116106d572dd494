"""How much does augmentation help where there is little to see?

    python benchmarks/small_data.py --photos /path/to/photographs --steps 1000

A model learns a small cutting of a photograph, once without changes of what the discriminator sees,
once with adaptive ones and once with fixed ones; then the same of the whole photograph, where the
adaptive strength should stay at nothing. All are scored against the whole photograph. The table
also has the discriminator's win rate on real patches and the strength, both means over the last
fifth of the training. Writes table.md and sheet.png to --out; a finished training is not repeated.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.texture_quality import SEEDS, TILE_PX, prepared, trained
from data.duplicates import pixels_digest
from data.library.contact_sheet import SheetRow, contact_sheet
from data.pixels import held_out_region, training_region, write_pixels
from data.records import Box, PreparedDataset
from texture_models.metrics.scores import score_texture
from texture_models.rendering.renderer import Renderer
from texture_models.training.config import TrainingConfig

SCORES = ("set_ratio", "pair_ratio", "diversity", "memorisation_ncc", "memorised")
WAYS: dict[str, dict[str, Any]] = {
    "off": {"augment": "off"},
    "adaptive": {"augment": "adaptive"},
    "fixed": {"augment": "fixed", "augment_strength": 0.3},
}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder with one subfolder each")
    parser.add_argument("--photo", default="rock/aerial_rocks_02_1k.jpg")
    parser.add_argument("--side", type=int, default=96, help="of the cutting, as the model sees it")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--no-whole", action="store_true", help="leave the whole photograph out")
    parser.add_argument("--out", type=Path, default=Path("bench-results/small_data"))
    arguments = parser.parse_args()
    dataset = prepared(arguments.photos / arguments.photo, arguments.out)
    whole = training_region(dataset, dataset.photographs[0])
    top, left = ((length - arguments.side) // 2 for length in whole.shape[:2])
    cutting = whole[top : top + arguments.side, left : left + arguments.side]
    seen = {"cutting": cut_out(dataset, arguments.out, cutting)}
    if not arguments.no_whole:
        seen["whole"] = dataset
    rows, results = [], []
    for name, part in seen.items():
        for way in arguments.ways if name == "cutting" else ["adaptive"]:
            training = TrainingConfig(steps=arguments.steps, **WAYS[way])
            folder = arguments.out / f"{name}_{way}"
            real = training_region(part, part.photographs[0])
            model_dir = trained(part, real, folder, training, {}).model_dir
            row, tile = judged(dataset, model_dir, folder)
            rows.append({"seen": f"{real.shape[1]} x {real.shape[0]} px", "augment": way, **row})
            results.append((f"{name}, {way}", tile))
    write_results(arguments.out, cutting, rows, results)
    print((arguments.out / "table.md").read_text())


def cut_out(dataset: PreparedDataset, out: Path, cutting: Any) -> PreparedDataset:
    """Return a prepared dataset of which the training region is the cutting and nothing else."""
    folder = out / "cutting"
    folder.mkdir(parents=True, exist_ok=True)
    photograph, side = dataset.photographs[0], cutting.shape[0]
    write_pixels(folder / "cutting.png", cutting)
    changed = photograph.model_copy(
        update={
            "pixels_file": "cutting.png",
            "pixels_sha256": pixels_digest(cutting),
            "height_px": side,
            "width_px": side,
            "held_out": Box(top_px=0, left_px=side, height_px=side, width_px=0),
        }
    )
    return dataset.model_copy(update={"folder": str(folder), "photographs": (changed,)})


def judged(dataset: PreparedDataset, model_dir: Path, folder: Path) -> tuple[dict[str, Any], Any]:
    """Return a row of the table, and the first tile."""
    source = dataset.photographs[0]
    renderer = Renderer.load(model_dir)
    tiles = [renderer.render(seed=seed, height_px=TILE_PX, width_px=TILE_PX) for seed in SEEDS]
    scores = score_texture(
        real=[training_region(dataset, source)],
        held_out=[held_out_region(dataset, source)],
        generated=tiles,
    ).model_dump()
    history = (folder / "run" / "history.jsonl").read_text().splitlines()
    last = [json.loads(line) for line in history[-max(1, len(history) // 5) :]]
    row = {
        "steps": last[-1]["step"],
        "real_won": statistics.mean(line["real_won"] for line in last),
        "strength": statistics.mean(line.get("augmentation", 0.0) for line in last),
    }
    return {**row, **{name: scores[name] for name in SCORES}}, tiles[0]


def write_results(
    out: Path, cutting: Any, rows: list[dict[str, Any]], results: list[tuple[str, Any]]
) -> None:
    """Write table.md and sheet.png."""
    lines = ["| " + " | ".join(rows[0]) + " |", "|---" * len(rows[0]) + "|"]
    lines += ["| " + " | ".join(_cell(value) for value in row.values()) + " |" for row in rows]
    (out / "table.md").write_text("\n".join(lines) + "\n")
    row = SheetRow(
        material="the cutting, and what was made of it",
        passed=None,
        photograph=cutting,
        results=tuple(results),
    )
    Image.fromarray(contact_sheet([row], title="Little to see")).save(out / "sheet.png")


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
