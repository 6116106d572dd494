"""Train on photographs one by one and say how close the textures come to them.

    python benchmarks/texture_quality.py --photos /path/to/photographs --minutes 10

For every photograph: its automatic texel scale, one training, four 256 px tiles, the scores of
`texture_models.metrics`, and a row of a contact sheet (photograph, results tiled 2x2). Image
quilting stands beside as the reference that copies. Writes a table and the sheet to --out; a
photograph that is finished there is not trained again, so the benchmark can be interrupted, and
called once more for other seeds; a training that was asked for differently is refused.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.image_quilting import quilt
from data.config import AugmentationConfig, DatasetConfig
from data.crops import CropStream
from data.ingest import prepare
from data.library.contact_sheet import SheetRow, contact_sheet
from data.pixels import held_out_region, load_pixels, training_region
from data.records import PreparedDataset
from texture_models.families.psgan.config import PsganConfig
from texture_models.metrics.scores import TORI, TextureScores, score_texture
from texture_models.rendering.renderer import Renderer
from texture_models.training.checkpoint import CheckpointMismatch
from texture_models.training.config import TrainingConfig
from texture_models.training.loop import TrainingProgress, TrainingResult, fit

# Different materials, some stationary, some regular, some hard.
PHOTOGRAPHS = (
    "rock/aerial_rocks_02_1k.jpg",
    "brick/brick_wall_006_1k.jpg",
    "grass/sparse_grass_2k.jpg",
    "ground/brown_mud_rocks_01_1k.jpg",
    "metal/rusty_metal_05_1k.jpg",
    "paving/texturehaven_cobblestone_1k.jpg",
    "bark/Bark014_1k.jpg",
    "fabric_leather/fabric_pattern_07_1k.jpg",
)
SEEDS = (1, 2, 3, 4)
TILE_PX = 256
# What every photograph has to fulfil.
EACH: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    ("set ratio at most 4 if stationary", lambda r: r["set_ratio"] <= 4 or not r["stationary"]),
    ("top octave within 1.5 dB", lambda row: abs(row["top_octave_db"]) <= 1.5),
    ("checkerboard below 1.5 dB", lambda row: row["checkerboard_db"] < 1.5),
    ("imprint below 0.02", lambda row: row["phase_imprint"] < 0.02),
    ("wrap seam |z| below 2", lambda row: row["wrap_seam_z"] < 2),
    ("not memorised", lambda row: not row["memorised"]),
    ("diversity 0.7 to 1.3", lambda row: 0.7 <= row["diversity"] <= 1.3),
    ("no blobs", lambda row: row["blob_excess"] == 0),
)
COLUMNS = (
    "set_ratio",
    "set_ratio_halves",
    "pair_ratio",
    "top_octave_db",
    "checkerboard_db",
    "phase_imprint",
    "spatial_anchoring",
    "wrap_seam_z",
    "diversity",
    "memorisation_ncc",
    "memorisation_ncc_held_out",
    "memorised",
    "blob_excess",
    "repeat_excess",
)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder with one subfolder each")
    parser.add_argument("--only", nargs="*", default=PHOTOGRAPHS, help="files below it")
    parser.add_argument("--minutes", type=float, default=10.0, help="training time of each")
    parser.add_argument("--steps", type=int, default=1_000_000, help="or steps, if they end first")
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS, help="of the tiles, 2 or up")
    parser.add_argument("--out", type=Path, default=Path("bench-results/texture_quality"))
    parser.add_argument("--model", type=json.loads, default={}, help="fields of PsganConfig, JSON")
    parser.add_argument("--training", type=json.loads, default={}, help="of TrainingConfig, JSON")
    arguments = parser.parse_args()
    training = TrainingConfig(
        **{"steps": arguments.steps, "minutes": arguments.minutes, **arguments.training}
    )
    rows, sheet = [], []
    for name in arguments.only:
        folder = arguments.out / Path(name).stem.lower()
        dataset = prepared(arguments.photos / name, folder)
        real = training_region(dataset, dataset.photographs[0])
        try:
            result = trained(dataset, real, folder, training, arguments.model)
        except CheckpointMismatch as error:
            parser.error(f"{error}; --out names another one")
        row, drawn = judged(dataset, real, folder, result, arguments.seeds)
        rows.append(row)
        sheet.append(drawn)
        write_results(arguments.out, rows, sheet)
    print((arguments.out / "table.md").read_text())


def judged(
    dataset: PreparedDataset,
    real: np.ndarray,
    folder: Path,
    result: TrainingResult,
    seeds: Sequence[int],
) -> tuple[dict[str, Any], SheetRow]:
    """Return a table row and a row of the sheet."""
    source = dataset.photographs[0]
    photograph = Path(source.source_name)
    held_out = held_out_region(dataset, source)
    renderer = Renderer.load(result.model_dir)
    started = time.perf_counter()
    # Each once: the tiles that are judged and shown, and the tori of many.
    drawn = sorted({*seeds, *range(1, TORI + 1)})
    tiles, tori = renderer.tiles(drawn, TILE_PX)
    shown = [tiles[drawn.index(seed)] for seed in seeds]
    scores = score_texture(real=[real], held_out=[held_out], generated=shown, tori=tori)
    reference = quilting_scores(real, held_out, folder)
    row = {
        "photograph": photograph.stem,
        "scale": round(source.texel_scale, 3),
        "stationary": source.analysis.is_stationary,
        "steps": result.steps,
        "seconds": round(result.seconds),
        "waiting_share": round(result.waiting_share, 4),
        "scoring_seconds": round(time.perf_counter() - started),
        **scores.model_dump(),
        "quilting_set_ratio": reference.set_ratio,
        "quilting_copied_share": reference.copied_share,
    }
    results = tuple((f"seed {seed}", tile) for seed, tile in zip(seeds, shown, strict=True))
    pixels = load_pixels(dataset, source)
    return row, SheetRow(
        material=photograph.stem,
        passed=None,
        photograph=pixels,
        results=results,
        overview=pixels,
    )


def prepared(photograph: Path, folder: Path) -> PreparedDataset:
    """Put one photograph through the real ingest, at its automatic scale."""
    source = folder / "source" / photograph.parent.name
    source.mkdir(parents=True, exist_ok=True)
    if not (source / photograph.name).exists():
        shutil.copy(photograph, source / photograph.name)
    return prepare(DatasetConfig(source=str(folder / "source")), folder / "datasets")


def trained(
    dataset: PreparedDataset,
    real: np.ndarray,
    folder: Path,
    training: TrainingConfig,
    model: dict[str, Any],
) -> TrainingResult:
    """Train, or return the training that lies in `folder`."""

    def open_batches(position: int) -> CropStream:
        return CropStream(
            dataset,
            AugmentationConfig(),
            patch_px=training.patch_px,
            batch_size=training.batch_size,
            seed=training.seed,
            position=position,
        )

    told = [0.0]

    def tell(progress: TrainingProgress) -> None:
        if progress.seconds - told[0] > 60:
            told[0] = progress.seconds
            print(f"{folder.name}: step {progress.step}, {progress.seconds:.0f} s", flush=True)

    return fit(
        PsganConfig(**{**model, "materials": dataset.materials}),
        training,
        open_batches=open_batches,
        photographs={dataset.materials[0]: [real]},
        run_dir=folder / "run",
        on_progress=tell,
    )


def quilting_scores(real: np.ndarray, held_out: np.ndarray, folder: Path) -> TextureScores:
    """Score image quilting of the same photograph, which copies by construction."""
    kept = folder / "quilting.json"
    if not kept.exists():
        tiles = [quilt(real, side_px=TILE_PX, seed=seed) for seed in SEEDS]
        scores = score_texture(real=[real], held_out=[held_out], generated=tiles)
        kept.write_text(scores.model_dump_json())
    return TextureScores.model_validate_json(kept.read_text())


def write_results(out: Path, rows: list[dict[str, Any]], sheet: list[SheetRow]) -> None:
    """Write table.csv (everything), table.md (what to read) and sheet.png."""
    with (out / "table.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    shown = ["photograph", "scale", "stationary", "steps", *COLUMNS, "quilting_set_ratio"]
    lines = ["| " + " | ".join(shown) + " |", "|---" * len(shown) + "|"]
    lines += ["| " + " | ".join(_cell(row[name]) for name in shown) + " |" for row in rows]
    for name in ("set_ratio", "pair_ratio", "quilting_set_ratio"):
        lines.append(f"\nmedian {name}: {statistics.median(row[name] for row in rows):.3f}")
    lines += ["", *bars(rows)]
    (out / "table.md").write_text("\n".join(lines) + "\n")
    Image.fromarray(contact_sheet(sheet, title="Photograph and results")).save(out / "sheet.png")


def bars(rows: list[dict[str, Any]]) -> list[str]:
    """Say for every bar whether it is met, and by which photographs not."""
    medians = (("set_ratio", 2.5), ("pair_ratio", 1.08))
    lines = []
    for name, most in medians:
        median = statistics.median(row[name] for row in rows)
        lines.append(f"- median {name} at most {most}: {'met' if median <= most else 'MISSED'}")
    for what, holds in EACH:
        missed = [str(row["photograph"]) for row in rows if not holds(row)]
        lines.append(f"- {what}: {'MISSED by ' + ', '.join(missed) if missed else 'met'}")
    return lines


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
