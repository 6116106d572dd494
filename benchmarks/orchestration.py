"""What orchestration costs: the main job's wall time against the same work as plain calls.

    python benchmarks/orchestration.py --minutes 7.5

Both train for the same time, judge, render and publish the same pictures. The plain side starts no
Prefect server, keeps no MLflow run and leaves no artifacts. The overhead is nearly constant, so its
share falls with the length of the training; the main job's own length is the default.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data.records import PreparedDataset
from flows.deployments import find_deployment

# What a training of two minutes is worth is another question.
ANY_VERDICT = "gate={set_ratio: 1e9, pair_ratio: 1e9, phase_imprint: 1e9, blobs_per_tile: 1e9}"
TILE_PX, TILES, FIRST_SEED = 256, 4, 100_001
SERVERS = ("PREFECT_", "MLFLOW_", "TEXTURE_MILL_")  # variables that would lead to real ones


def main() -> None:
    """Run both and print their times and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=7.5, help="training time of each side")
    parser.add_argument("--plain-in", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.plain_in:
        plain(arguments.plain_in, arguments.minutes)
        return
    with tempfile.TemporaryDirectory() as folder:
        minutes = str(arguments.minutes)
        flow = Path(sys.executable).with_name("texture-mill")
        flow_s = timed(
            [
                *(str(flow), "run", "produce-library"),
                *("--set", f"training.minutes={minutes}", "--set", ANY_VERDICT),
            ],
            {"TEXTURE_MILL_HOME": f"{folder}/flow"},
        )
        plain_s = timed(
            [sys.executable, __file__, "--plain-in", f"{folder}/plain", "--minutes", minutes], {}
        )
    print("| way | wall time, s |\n|---|---|")
    print(f"| flow | {flow_s:.1f} |\n| plain calls | {plain_s:.1f} |")
    print(f"\noverhead {flow_s - plain_s:.1f} s, {flow_s / plain_s - 1:.1%} of the plain calls")


def timed(command: list[str], environment: dict[str, str]) -> float:
    """Return the wall time of a whole process, which knows nothing of servers or stores."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SERVERS)}
    started = time.perf_counter()
    subprocess.run(command, check=True, env={**kept, **environment}, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def plain(folder: Path, minutes: float) -> None:
    """Do the main job's work by calling the two libraries."""
    from data.config import DatasetConfig
    from data.ingest import prepare
    from data.pixels import training_region
    from texture_models.rendering.renderer import Renderer

    asked = find_deployment("produce-library").parameters
    dataset = prepare(DatasetConfig(**asked["dataset"]), folder / "datasets")
    real = {photo.material: [training_region(dataset, photo)] for photo in dataset.photographs}
    model_dir = trained(dataset, real, {**asked["training"], "minutes": minutes}, folder)
    renderer = Renderer.load(model_dir)
    materials = judged(dataset, real, renderer, folder)
    published(dataset, materials, renderer, asked["rendering"], folder)


def trained(
    dataset: PreparedDataset, real: dict[str, Any], asked: dict[str, Any], folder: Path
) -> Path:
    """Train as the main job does; return the folder of the model."""
    from data.config import AugmentationConfig
    from data.crops import CropStream
    from texture_models.families.psgan.config import PsganConfig
    from texture_models.training.config import TrainingConfig
    from texture_models.training.loop import fit

    training = TrainingConfig(**asked)
    result = fit(
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
        photographs=real,
        run_dir=folder / "run",
    )
    return result.model_dir


def judged(
    dataset: PreparedDataset, real: dict[str, Any], renderer: Any, folder: Path
) -> tuple[Any, ...]:
    """Score the tiles of every material, classify them, draw them; return the records."""
    from data.library.contact_sheet import SheetRow, contact_sheet
    from data.library.records import MaterialRecord
    from data.pixels import held_out_region, write_pixels
    from tasks.config import EvaluationConfig
    from texture_models.analysis.classifier import train_classifier
    from texture_models.metrics.scores import TORI, score_texture

    records, shown = [], {}
    for photo in dataset.photographs:
        seeds = range(FIRST_SEED, FIRST_SEED + TORI)
        tiles, tori = renderer.tiles(seeds, TILE_PX, photo.material)
        shown[photo.material] = tiles[:TILES]
        scores = score_texture(
            real=real[photo.material],
            held_out=[held_out_region(dataset, photo)],
            generated=shown[photo.material],
            tori=tori,
        )
        plain_scores = json.loads(scores.model_dump_json())
        records.append(
            MaterialRecord(material=photo.material, scores=plain_scores, passed=None, reasons=())
        )
    classifier = train_classifier(real, steps=EvaluationConfig().classifier_steps, seed=1)
    classifier.recognised(shown)
    rows = [
        SheetRow(name, None, real[name][0], tuple(("tile", tile) for tile in tiles))
        for name, tiles in shown.items()
    ]
    write_pixels(folder / "judged.png", contact_sheet(rows, title="Judged tiles"))
    return tuple(records)


def published(
    dataset: PreparedDataset,
    materials: tuple[Any, ...],
    renderer: Any,
    rendering: dict[str, Any],
    folder: Path,
) -> None:
    """Render and publish what the main job does, beside crops of the photographs."""
    from data.library.publish import publish_version
    from data.library.records import DatasetRef, LibraryDraft, ModelRef, Provenance
    from data.pixels import training_region
    from texture_models.saved_model import weights_sha256

    provenance = Provenance(
        model=ModelRef(
            name="plain",
            version="1",
            family="psgan",
            weights_sha256=weights_sha256(folder / "run" / "model"),
            mlflow_run_id="none",
        ),
        dataset=DatasetRef(fingerprint=dataset.fingerprint, source="sample_photos", photographs=()),
        code_version="benchmark",
        licence="CC0-1.0",
    )
    textures = [
        texture
        for material in dataset.materials
        for texture in rendered(renderer, material, rendering, provenance)
    ]
    crops = {
        photo.material: training_region(dataset, photo)[:TILE_PX, :TILE_PX]
        for photo in dataset.photographs
    }
    draft = LibraryDraft(library="plain", provenance=provenance, materials=materials)
    publish_version((folder / "store").as_uri(), draft, textures, photographs=crops)


def rendered(
    renderer: Any, material: str, rendering: dict[str, Any], provenance: Any
) -> Iterator[Any]:
    """Yield the encoded pictures of one material."""
    from data.library.encode import TextureSpec, encode_texture
    from tasks.rendered_files import picture_scores

    for size in rendering["sizes_px"]:
        for seed in range(1, 1 + rendering["seeds_per_material"]):
            pixels: np.ndarray = renderer.render(
                seed=seed, height_px=size, width_px=size, material=material
            )
            spec = TextureSpec(
                name=f"{material}_{seed:04d}",
                material=material,
                seed=seed,
                role="basecolor",
                scores=picture_scores(pixels),
            )
            yield encode_texture(pixels, spec, provenance)


if __name__ == "__main__":
    main()
