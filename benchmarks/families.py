"""Train every family on the same three materials for the same time, and compare them.

    python -m benchmarks.families --minutes 3
    python -m benchmarks.families --photos /path/to/photographs --materials rock moss sand
    python -m benchmarks.families --families vae --steps 700 --training '{"augment": "adaptive"}'

Each family is trained as its experiment in prefect.yaml says, all materials in one model, with the
same budget; a family that translates between two materials gets half of it for each of two pairs.
Four tiles a material (as many pixels of a family that makes one small size) are scored in windows
of 64 px, the only size that all families can fill. Speed is measured while nothing else of this
benchmark runs: CPU time of all cores for a step, wall time for rendering. Writes table.md,
table.csv and sheet.png to --out; a family that is finished there is not trained again, and an
interrupted one goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from PIL import Image

from data.config import AugmentationConfig, DatasetConfig
from data.crops import CropStream
from data.ingest import prepare
from data.library.contact_sheet import SheetRow, contact_sheet
from data.pixels import held_out_region, training_region
from data.records import PreparedDataset
from flows.deployments import read_deployments
from texture_models.analysis.classifier import train_classifier
from texture_models.families import AnyModelConfig
from texture_models.metrics.scores import TORI, score_texture
from texture_models.rendering.renderer import Renderer
from texture_models.training.checkpoint import CheckpointMismatch
from texture_models.training.config import TrainingConfig
from texture_models.training.loop import TrainingProgress, TrainingResult, fit

FAMILIES = {config.model_fields["family"].default: config for config in get_args(AnyModelConfig)}
BASELINES: dict[str, tuple[str, dict[str, Any]]] = {"vae_elbo": ("vae", {"objective": "elbo"})}
COMPARED = [*FAMILIES, *BASELINES]  # a baseline is a family with other settings
TILE_PX, SEEDS, CROP_PX = 256, 4, 64
CLASSIFIER_STEPS = 300
RENDER_PX, RENDERINGS = 512, 5
SCORES = (
    "set_ratio",
    "set_ratio_halves",
    "top_octave_db",
    "checkerboard_db",
    "phase_imprint",
    "diversity",
    "memorisation_ncc",
    "memorisation_ncc_held_out",
    "memorised",
)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", default="sample_photos", help="folder of material folders")
    parser.add_argument("--materials", nargs=3, default=["brick", "grass", "gravel"])
    parser.add_argument("--families", nargs="*", default=COMPARED, choices=COMPARED)
    parser.add_argument("--minutes", type=float, help="training time of each family")
    parser.add_argument("--steps", type=int, default=1_000_000, help="or steps, if they end first")
    parser.add_argument("--seed", type=int, default=1, help="of the trainings")
    parser.add_argument("--training", type=json.loads, default={}, help="of TrainingConfig, JSON")
    parser.add_argument("--out", type=Path, default=Path("bench-results/families"))
    arguments = parser.parse_args()
    if arguments.minutes is None and arguments.steps == 1_000_000:
        parser.error("give a budget: --minutes 3, or --steps 1000, or both")
    for family in arguments.families:
        kept = arguments.out / family / "result.json"
        if not kept.exists():
            try:
                result = one_family(family, arguments)
            except CheckpointMismatch as error:
                parser.error(f"{error}; --out names another one")
            kept.write_text(json.dumps(result, indent=2))
    write_results(arguments.out)
    print((arguments.out / "table.md").read_text())


def one_family(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train a family or a baseline on all materials; return its speed, and scores by material."""
    folder = arguments.out / name
    family, changes = BASELINES.get(name, (name, {}))
    groups = list(groups_of(family, arguments.materials))
    model, training = recipe(family, arguments, share=1 / len(groups), **arguments.training)
    scored: dict[str, Any] = {}
    trained = []
    for number, materials in enumerate(groups):
        dataset = prepare(
            DatasetConfig(source=arguments.photos, materials=tuple(sorted(materials))),
            arguments.out / "datasets",
        )
        config = FAMILIES[family](**{**model, **changes, "materials": dataset.materials})
        trained.append(train(config, training, dataset, folder / f"run_{number}"))
        renderer = Renderer.load(folder / f"run_{number}" / "model")
        for material in materials:
            if material not in scored:
                scored[material] = score(renderer, dataset, material, folder)
    return {
        "family": name,
        "steps": sum(run["steps"] for run in trained),
        "cpu_ms_per_step": 1000
        * sum(run["cpu_s"] for run in trained)
        / sum(run["steps_measured"] for run in trained),
        "weights": sum(int(np.prod(w.shape)) for w in renderer.network.weights),
        "mpx_per_s": rendering_speed(renderer, groups[-1][0]),
        "materials": scored,
    }


def one_material_parser(description: str, out: str) -> argparse.ArgumentParser:
    """Return the options that `trained_on_one` reads."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--photos", default="sample_photos", help="folder of material folders")
    parser.add_argument("--material", default="gravel")
    parser.add_argument("--minutes", type=float, default=7.5)
    parser.add_argument("--steps", type=int, default=1_000_000, help="if they end first")
    parser.add_argument("--seed", type=int, default=1, help="of the training")
    parser.add_argument("--out", type=Path, default=Path("bench-results") / out)
    return parser


def trained_on_one(family: str, arguments: argparse.Namespace) -> tuple[PreparedDataset, Path]:
    """Train a family on one material; return its photographs and the model's folder."""
    asked = DatasetConfig(source=arguments.photos, materials=(arguments.material,))
    dataset = prepare(asked, arguments.out / "datasets")
    model, training = recipe(family, arguments, share=1.0)
    config = FAMILIES[family](**{**model, "materials": dataset.materials})
    train(config, training, dataset, arguments.out / "run")
    return dataset, arguments.out / "run" / "model"


def groups_of(family: str, materials: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The sets of materials that are trained together, every material in at least one."""
    if family == "cycle_gan":
        first, second, third = materials
        yield from ((second, third), (first, second))
    else:
        yield tuple(materials)


def recipe(
    family: str, arguments: argparse.Namespace, *, share: float, **changes: Any
) -> tuple[dict[str, Any], TrainingConfig]:
    """Fields of the model and the training, as the family's own experiment has them."""
    parameters: dict[str, Any] = next(
        deployment.parameters
        for deployment in read_deployments().values()
        if deployment.parameters.get("model", {}).get("family") == family
        and "training" in deployment.parameters
    )
    minutes = None if arguments.minutes is None else arguments.minutes * share
    budget = {
        "steps": max(1, round(arguments.steps * share)),
        "minutes": minutes,
        "seed": arguments.seed,
    }
    return parameters["model"], TrainingConfig(**{**parameters["training"], **budget, **changes})


def train(
    config: Any,
    training: TrainingConfig,
    dataset: PreparedDataset,
    run_dir: Path,
    start: Path | None = None,
) -> dict[str, Any]:
    """Train, or go on; returns steps and CPU time, the first report (compilation) left out."""
    photographs: dict[str, list[np.ndarray]] = {name: [] for name in dataset.materials}
    for photograph in dataset.photographs:
        photographs[photograph.material].append(training_region(dataset, photograph))
    reports: list[tuple[int, float]] = []
    told = [time.monotonic()]

    def tell(progress: TrainingProgress) -> None:
        reports.append((progress.step, time.process_time()))
        if time.monotonic() - told[0] > 60:
            told[0] = time.monotonic()
            print(f"{config.family}: step {progress.step}, {progress.seconds:.0f} s", flush=True)

    result = fit(
        config,
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
        run_dir=run_dir,
        start=start,
        on_progress=tell,
    )
    return {"steps": result.steps, **watched(run_dir / "cpu.json", reports, result)}


def watched(
    measured: Path, reports: list[tuple[int, float]], result: TrainingResult
) -> dict[str, Any]:
    """Return steps and CPU seconds between the first and the last report, kept in `measured`."""
    if len(reports) > 1:
        (first, started), (last, ended) = reports[0], reports[-1]
        measured.write_text(json.dumps({"steps_measured": last - first, "cpu_s": ended - started}))
    # A training that was finished by an earlier attempt, or within a second, was not watched.
    unwatched = {"steps_measured": result.steps, "cpu_s": result.seconds}
    seen: dict[str, Any] = json.loads(measured.read_text()) if measured.exists() else unwatched
    return seen


def score(
    renderer: Renderer, dataset: PreparedDataset, material: str, folder: Path
) -> dict[str, Any]:
    """Score the tiles of one material; keeps the first one for the sheet."""
    shown = [photo for photo in dataset.photographs if photo.material == material]
    side = renderer.config.picture_px or TILE_PX
    count = SEEDS * (TILE_PX // side) ** 2
    tiles, tori = renderer.tiles(range(1, 1 + max(count, TORI)), side, material)
    tiles = tiles[:count]
    scores = score_texture(
        real=[training_region(dataset, photo) for photo in shown],
        held_out=[held_out_region(dataset, photo) for photo in shown],
        generated=tiles,
        tori=tori,
        crop_px=CROP_PX,
        pixels_per_cell=renderer.config.pixels_per_cell,
    )
    Image.fromarray(tiles[0]).save(folder / f"{material}.png")
    Image.fromarray(training_region(dataset, shown[0])).save(folder / f"{material}_photograph.png")
    return {"seeds": count, "tile_px": side, **scores.model_dump()}


def rendering_speed(renderer: Renderer, material: str) -> float:
    """Megapixels a second, median of a few pictures, the first one (compilation) left out."""
    side = renderer.config.picture_px or RENDER_PX
    rates = []
    for seed in range(RENDERINGS + 1):
        started = time.perf_counter()
        renderer.render(seed=seed, height_px=side, width_px=side, material=material)
        rates.append(side * side / 1e6 / (time.perf_counter() - started))
    return float(np.median(rates[1:]))


def write_results(out: Path) -> None:
    """Write table.csv, table.md and sheet.png of all families that are finished."""
    found = [
        json.loads((out / family / "result.json").read_text())
        for family in COMPARED
        if (out / family / "result.json").exists()
    ]
    rows = [
        {
            "family": result["family"],
            "material": material,
            "steps": result["steps"],
            **{name: scores[name] for name in ("seeds", "tile_px", *SCORES)},
            "recognised": known[material],
            "cpu_ms_per_step": result["cpu_ms_per_step"],
            "mpx_per_s": result["mpx_per_s"],
            "weights": result["weights"],
        }
        for result, known in zip(found, recognised(out, found), strict=True)
        for material, scores in sorted(result["materials"].items())
    ]
    with (out / "table.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    lines = ["| " + " | ".join(rows[0]) + " |", "|---" * len(rows[0]) + "|"]
    lines += ["| " + " | ".join(map(_cell, row.values())) + " |" for row in rows]
    (out / "table.md").write_text("\n".join(lines) + "\n")
    sheet = contact_sheet(_sheet_rows(out, found), title="The same budget for every family")
    Image.fromarray(sheet).save(out / "sheet.png")


def recognised(out: Path, found: Sequence[dict[str, Any]]) -> Iterator[dict[str, float]]:
    """Yield for each family, by material, the share of its first tile's patches that are known.

    By a classifier that is taught on the photographs.
    """

    def pictures(family: str, kind: str) -> dict[str, list[np.ndarray]]:
        files = {name: out / family / f"{name}{kind}.png" for name in sorted(found[0]["materials"])}
        return {name: [np.asarray(Image.open(file))] for name, file in files.items()}

    taught = pictures(found[0]["family"], "_photograph")
    classifier = train_classifier(taught, steps=CLASSIFIER_STEPS, seed=1)
    for result in found:
        yield classifier.recognised(pictures(result["family"], ""))


def _sheet_rows(out: Path, found: Sequence[dict[str, Any]]) -> Iterator[SheetRow]:
    for material in sorted({name for result in found for name in result["materials"]}):
        shown = [result["family"] for result in found if material in result["materials"]]
        results = []
        for family in shown:
            tile = np.asarray(Image.open(out / family / f"{material}.png"))
            count = max(1, TILE_PX // tile.shape[0])
            label = family if count == 1 else f"{family}: {tile.shape[0]} px repeated"
            results.append((label, np.tile(tile, (count, count, 1))))
        photograph = np.asarray(Image.open(out / shown[0] / f"{material}_photograph.png"))
        yield SheetRow(material, None, photograph, tuple(results))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
