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
from pathlib import Path

# What a training of two minutes is worth is another question.
ANY_VERDICT = "gate={set_ratio: 1e9, pair_ratio: 1e9, phase_imprint: 1e9, blobs_per_tile: 1e9}"
MATERIALS_SIZES = (512, 1024)
SEEDS = range(1, 5)


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
    """Return the wall time of a whole process."""
    started = time.perf_counter()
    subprocess.run(
        command, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


def plain(folder: Path, minutes: float) -> None:
    """Do the main job's work by calling the two libraries."""
    from data.config import AugmentationConfig, DatasetConfig
    from data.crops import CropStream
    from data.ingest import prepare
    from data.library.encode import TextureSpec, encode_texture
    from data.library.publish import publish_version
    from data.library.records import DatasetRef, LibraryDraft, MaterialRecord, ModelRef, Provenance
    from data.pixels import held_out_region, training_region
    from tasks.config import EvaluationConfig
    from texture_models.analysis.classifier import train_classifier
    from texture_models.families.psgan.config import PsganConfig
    from texture_models.metrics.scores import TORI, score_texture
    from texture_models.rendering.renderer import Renderer
    from texture_models.saved_model import weights_sha256
    from texture_models.training.config import TrainingConfig
    from texture_models.training.loop import fit

    dataset = prepare(DatasetConfig(), folder / "datasets")
    training = TrainingConfig(steps=1_000_000, minutes=minutes)
    real = {photo.material: [training_region(dataset, photo)] for photo in dataset.photographs}
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
    renderer = Renderer.load(result.model_dir)
    provenance = Provenance(
        model=ModelRef(
            name="plain",
            version="1",
            family="psgan",
            weights_sha256=weights_sha256(result.model_dir),
            mlflow_run_id="none",
        ),
        dataset=DatasetRef(fingerprint=dataset.fingerprint, source="sample_photos", photographs=()),
        code_version="benchmark",
        licence="CC0-1.0",
    )
    textures, judged, shown = [], [], {}
    for photo in dataset.photographs:
        material = photo.material
        tiles, tori = renderer.tiles(range(100_001, 100_001 + TORI), 256, material)
        shown[material] = tiles[:4]
        scores = score_texture(
            real=real[material],
            held_out=[held_out_region(dataset, photo)],
            generated=shown[material],
            tori=tori,
        )
        judged.append(
            MaterialRecord(
                material=material,
                scores=json.loads(scores.model_dump_json()),
                passed=None,
                reasons=(),
            )
        )
        for size in MATERIALS_SIZES:
            for seed in SEEDS:
                pixels = renderer.render(
                    seed=seed, height_px=size, width_px=size, material=material
                )
                spec = TextureSpec(
                    name=f"{material}_{seed:04d}", material=material, seed=seed, role="basecolor"
                )
                textures.append(encode_texture(pixels, spec, provenance))
    classifier = train_classifier(real, steps=EvaluationConfig().classifier_steps, seed=1)
    classifier.recognised(shown)
    draft = LibraryDraft(library="plain", provenance=provenance, materials=tuple(judged))
    publish_version((folder / "store").as_uri(), draft, textures, photographs={})


if __name__ == "__main__":
    main()
