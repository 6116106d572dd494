"""How many steps does a training save that starts from a model of the same kind?

    python benchmarks/warm_start.py --photos /path/to/photographs --steps 1500

A model, as a champion would be, learns some photographs, a material each. Then another one, of the
same kind, is learnt four times: from nothing in all the steps, from that model in half and in a
third of them, and, so that the shortest has something to be compared with, from nothing in that
third. Same seed, same crops. Four 256 px tiles of each are scored; writes table.md and sheet.png to
--out. A training that is finished there is not repeated, and an interrupted one goes on.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.texture_quality import SEEDS, TILE_PX, prepared
from data.config import AugmentationConfig, DatasetConfig
from data.crops import CropStream
from data.ingest import prepare
from data.library.contact_sheet import SheetRow, contact_sheet
from data.pixels import held_out_region, load_pixels, training_region
from data.records import PreparedDataset
from texture_models.families.psgan.config import PsganConfig
from texture_models.metrics.scores import score_texture
from texture_models.rendering.renderer import Renderer
from texture_models.training.config import TrainingConfig
from texture_models.training.loop import TrainingProgress, TrainingResult, fit

KNOWN = ("brick/brick_wall_001_1k.jpg", "brick/brick_wall_006_1k.jpg", "brick/Bricks102_1k.jpg")
NEW = "brick/brick_wall_005_1k.jpg"
SCORES = ("set_ratio", "pair_ratio", "top_octave_db", "checkerboard_db", "diversity", "memorised")


@dataclass(frozen=True)
class Attempt:
    """One training of the second photograph: how it begins, and how long it is."""

    name: str
    steps: int
    start: Path | None


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder with one subfolder each")
    parser.add_argument("--known", nargs="+", default=KNOWN, help="what the earlier model learnt")
    parser.add_argument("--known-steps", type=int, default=3000, help="of the earlier model")
    parser.add_argument("--new", default=NEW, help="the new one, of the same kind")
    parser.add_argument("--steps", type=int, default=1500, help="of a training from nothing")
    parser.add_argument("--seed", type=int, default=1, help="of every training")
    parser.add_argument("--out", type=Path, default=Path("bench-results/warm_start"))
    arguments = parser.parse_args()
    known = _known([arguments.photos / name for name in arguments.known], arguments.out / "known")
    new = prepared(arguments.photos / arguments.new, arguments.out / "new")
    steps, third, seed = arguments.steps, arguments.steps // 3, arguments.seed
    earlier = trained(known, Attempt("earlier", arguments.known_steps, None), arguments.out, seed)
    rows, results = [], []
    for attempt in (
        Attempt(f"from nothing, {steps}", steps, None),
        Attempt(f"from nothing, {third}", third, None),
        Attempt(f"from the earlier, {third}", third, earlier.model_dir),
        Attempt(f"from the earlier, {steps // 2}", steps // 2, earlier.model_dir),
    ):
        result = trained(new, attempt, arguments.out, seed)
        row, tile = judged(new, attempt, result)
        rows.append(row)
        results.append((attempt.name, tile))
    write_results(arguments.out, new, rows, results)
    print((arguments.out / "table.md").read_text())


def _known(photographs: list[Path], folder: Path) -> PreparedDataset:
    """Put photographs through the real ingest, a material each."""
    for photograph in photographs:
        source = folder / "source" / photograph.stem.lower()
        source.mkdir(parents=True, exist_ok=True)
        if not (source / photograph.name).exists():
            shutil.copy(photograph, source / photograph.name)
    return prepare(DatasetConfig(source=str(folder / "source")), folder / "datasets")


def trained(dataset: PreparedDataset, attempt: Attempt, out: Path, seed: int) -> TrainingResult:
    """Train, or return the training that lies in `out`."""
    training = TrainingConfig(steps=attempt.steps, seed=seed)
    folder = out / attempt.name.replace(" ", "_").replace(",", "")
    told = [0.0]

    def tell(progress: TrainingProgress) -> None:
        if progress.seconds - told[0] > 60:
            told[0] = progress.seconds
            print(f"{folder.name}: step {progress.step}, {progress.seconds:.0f} s", flush=True)

    photographs: dict[str, list[Any]] = {material: [] for material in dataset.materials}
    for photograph in dataset.photographs:
        photographs[photograph.material].append(training_region(dataset, photograph))
    return fit(
        PsganConfig(materials=dataset.materials),
        training,
        open_batches=lambda position: CropStream(
            dataset,
            AugmentationConfig(),
            patch_px=training.patch_px,
            batch_size=training.batch_size,
            seed=training.seed,
            position=position,
        ),
        photographs=photographs,
        run_dir=folder,
        start=attempt.start,
        on_progress=tell,
    )


def judged(
    dataset: PreparedDataset, attempt: Attempt, result: TrainingResult
) -> tuple[dict[str, Any], Any]:
    """Return a row of the table, and the first tile."""
    source = dataset.photographs[0]
    renderer = Renderer.load(result.model_dir)
    tiles = [renderer.render(seed=seed, height_px=TILE_PX, width_px=TILE_PX) for seed in SEEDS]
    scores = score_texture(
        real=[training_region(dataset, source)],
        held_out=[held_out_region(dataset, source)],
        generated=tiles,
    ).model_dump()
    row = {"training": attempt.name, "steps": result.steps, "seconds": round(result.seconds)}
    return {**row, **{name: scores[name] for name in SCORES}}, tiles[0]


def write_results(
    out: Path, dataset: PreparedDataset, rows: list[dict[str, Any]], results: list[tuple[str, Any]]
) -> None:
    """Write table.md and sheet.png."""
    lines = ["| " + " | ".join(rows[0]) + " |", "|---" * len(rows[0]) + "|"]
    lines += ["| " + " | ".join(_cell(value) for value in row.values()) + " |" for row in rows]
    (out / "table.md").write_text("\n".join(lines) + "\n")
    source = dataset.photographs[0]
    row = SheetRow(
        material=Path(source.source_name).stem,
        passed=None,
        photograph=load_pixels(dataset, source),
        results=tuple(results),
    )
    sheet = contact_sheet([row], title="From nothing, and from a model of the same kind")
    Image.fromarray(sheet).save(out / "sheet.png")


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
