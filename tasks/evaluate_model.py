"""Render a trained model's tiles and measure them against its photographs."""

import itertools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.records import PreparedDataset
from tasks.artifacts import show_preview, show_scores
from tasks.config import EvaluationConfig
from tasks.content_keys import code_digest, digest_of
from tasks.held_lock import held_lock
from tasks.progress import StepProgress, step_progress
from tasks.records import Evaluation, TrainingRun
from tasks.settings import Settings
from tasks.training_key import EVALUATION, SHEET
from tasks.whole_files import write_whole
from texture_models.metrics.scores import TextureScores

logger = logging.getLogger(__name__)

CODE: Final = (  # the model itself is in the training's key
    "texture_models/analysis",
    "texture_models/film.py",
    "texture_models/layers.py",
    "texture_models/metrics",
    "texture_models/random_patch.py",
    "texture_models/rendering",
    "texture_models/saved_model.py",
)
CLASSIFIER_SEED: Final = 1
# Of four photographs of brick walls none is above 1.4; a fifth one, of grass, has 2.6.
UNLIKE_ABOVE: Final = 2.0


@task(cache_policy=NO_CACHE)
def evaluate_model(
    run: TrainingRun, dataset: PreparedDataset, evaluation: EvaluationConfig
) -> Evaluation:
    """Return the scores of every material; measured once for every model and config.

    Side effects: writes `<home>/runs/<key>/evaluation/`, the picture of the judged tiles among it;
    metrics and picture in the MLflow run; a table and a thumbnail for the operator.
    """
    key = digest_of(run.key, evaluation, code_digest(CODE))
    folder = Path(run.folder) / EVALUATION
    record = folder / f"{key[:16]}.json"
    with held_lock(folder, f"evaluating {run.key[:16]}"):
        if record.is_file():
            logger.info("nothing to evaluate: %s", record)
            found = Evaluation.model_validate_json(record.read_text())
        else:
            found = _evaluate(run, dataset, evaluation)
            _log(run, found, folder / SHEET)
            write_whole(record, found.model_dump_json(indent=2).encode())
    show_scores(found)
    show_preview(folder / SHEET, "judged-tiles", "The tiles that were judged, tiled 2 x 2")
    return found


def _evaluate(
    run: TrainingRun, dataset: PreparedDataset, evaluation: EvaluationConfig
) -> Evaluation:
    with step_progress("evaluation-progress", f"evaluating {run.key[:16]}") as progress:
        from texture_models.metrics.scores import score_texture
        from texture_models.rendering.renderer import Renderer

        renderer = Renderer.load(Path(run.model_dir))
        scores, judged = {}, {}
        tell = _told_in_parts(progress, _parts(dataset, evaluation))
        for material in dataset.materials:
            tell(f"rendering {material}")
            judged[material], tori = _tiles(renderer, material, evaluation)
            tell(f"comparing {material}")
            real, held_out = _photographs(dataset, material)
            scores[material] = score_texture(
                real=real,
                held_out=held_out,
                generated=judged[material],
                tori=tori,
                crop_px=evaluation.crop_px,
                pixels_per_cell=renderer.config.pixels_per_cell,
            )
        if _asks_classifier(dataset, evaluation):
            tell("teaching the classifier")
            scores = _with_fidelity(dataset, judged, evaluation.classifier_steps, scores)
        unlike = _unlike(dataset, evaluation, tell)
        _draw(dataset, judged, evaluation, Path(run.folder) / EVALUATION / SHEET)
    return Evaluation(
        training_key=run.key,
        tile_seeds=tuple(_seeds(evaluation)),
        tile_px=evaluation.tile_px,
        scores=scores,
        unlike=unlike,
    )


def _asks_classifier(dataset: PreparedDataset, evaluation: EvaluationConfig) -> bool:
    return bool(evaluation.classifier_steps) and len(dataset.materials) > 1


def _parts(dataset: PreparedDataset, evaluation: EvaluationConfig) -> int:
    """How many parts an evaluation tells of; roughly equally long."""
    materials = len(dataset.materials)
    autoencoded = materials if evaluation.autoencoder_steps else 0
    return 2 * materials + _asks_classifier(dataset, evaluation) + autoencoded


def _told_in_parts(progress: StepProgress, parts: int) -> Callable[[str], None]:
    """Return a function to be called with a few words before each part."""
    begun = itertools.count()
    return lambda what: progress.report(next(begun) / parts, detail=what)


def _seeds(evaluation: EvaluationConfig) -> range:
    return range(evaluation.first_seed, evaluation.first_seed + evaluation.tiles_per_material)


def _tiles(
    renderer: Any, material: str, evaluation: EvaluationConfig
) -> tuple[list[Any], list[Any]]:
    """The tiles that are judged, and the tori of these and of more."""
    from texture_models.metrics.scores import TORI, TORUS_PX

    seeds = _seeds(evaluation)
    many = range(seeds.start, max(seeds.stop, seeds.start + TORI))
    if evaluation.tile_px <= TORUS_PX or renderer.config.picture_px is not None:
        tiles, tori = renderer.tiles(many, evaluation.tile_px, material)
        return tiles[: len(seeds)], tori
    tiles, _ = renderer.tiles(seeds, evaluation.tile_px, material)
    return tiles, renderer.tiles(many, TORUS_PX, material)[1]


def _draw(
    dataset: PreparedDataset,
    judged: dict[str, list[Any]],
    evaluation: EvaluationConfig,
    sheet: Path,
) -> None:
    """Draw what was judged beside the photographs: whoever is refused sees why."""
    from data.library.contact_sheet import SheetRow, contact_sheet
    from data.pixels import training_region, write_pixels

    rows = []
    for material, tiles in judged.items():
        photograph = next(photo for photo in dataset.photographs if photo.material == material)
        labels = (f"seed {seed}" for seed in _seeds(evaluation))
        rows.append(
            SheetRow(
                material=material,
                passed=None,
                photograph=training_region(dataset, photograph),
                results=tuple(zip(labels, tiles, strict=True)),
            )
        )
    write_pixels(sheet, contact_sheet(rows, title="Judged tiles"))


def _photographs(dataset: PreparedDataset, material: str) -> tuple[list[Any], list[Any]]:
    """Parts of a material's photographs that were trained on, and those that never were."""
    from data.pixels import held_out_region, training_region

    photographs = [photo for photo in dataset.photographs if photo.material == material]
    return (
        [training_region(dataset, photo) for photo in photographs],
        [held_out_region(dataset, photo) for photo in photographs],
    )


def _with_fidelity(
    dataset: PreparedDataset,
    judged: dict[str, list[Any]],
    steps: int,
    scores: dict[str, TextureScores],
) -> dict[str, TextureScores]:
    """Add how many renderings, and how many photographs, a classifier knows the material of."""
    from data.pixels import held_out_region, training_region
    from texture_models.analysis.classifier import (
        LEAST_PATCH_PX,
        PATCH_PX,
        smallest_side,
        train_classifier,
    )

    taught: dict[str, list[Any]] = {material: [] for material in judged}
    asked: dict[str, list[Any]] = {material: [] for material in judged}
    for photograph in dataset.photographs:
        taught[photograph.material].append(training_region(dataset, photograph))
        asked[photograph.material].append(held_out_region(dataset, photograph))
    side = min(PATCH_PX, *map(smallest_side, (taught, asked, judged)))
    if side < LEAST_PATCH_PX:
        logger.info("no classifier: what it would look at is only %d px wide", side)
        return scores
    classifier = train_classifier(taught, steps=steps, seed=CLASSIFIER_SEED, patch_px=side)
    known, generated = classifier.recognised(asked), classifier.recognised(judged)
    return {
        material: of.model_copy(
            update={"fidelity": generated[material], "fidelity_held_out": known[material]}
        )
        for material, of in scores.items()
    }


def _unlike(
    dataset: PreparedDataset, evaluation: EvaluationConfig, tell: Callable[[str], None]
) -> dict[str, float]:
    """Photographs that the others of their material do not prepare for, by file name."""
    from data.pixels import training_region
    from texture_models.analysis.autoencoder import FOLDS, unlikeness

    found: dict[str, float] = {}
    steps, kind = evaluation.autoencoder_steps, evaluation.autoencoder
    for material in dataset.materials if steps else ():
        tell(f"looking for strangers in {material}")
        own = [photo for photo in dataset.photographs if photo.material == material]
        if len(own) < FOLDS:
            continue
        regions = [training_region(dataset, photo) for photo in own]
        measured = unlikeness(regions, kind=kind, steps=steps, seed=CLASSIFIER_SEED)
        for photo, strange in zip(own, measured, strict=True):
            if strange > UNLIKE_ABOVE:
                found[photo.source_name] = strange
                logger.warning(
                    "%s is unlike the other photographs of %s: an autoencoder taught on others of"
                    " them brings it back %.1f times worse than usual; is it one of them?",
                    *(photo.source_name, material, strange),
                )
    return found


def _log(run: TrainingRun, evaluation: Evaluation, sheet: Path) -> None:
    from tasks.tracking import log_evaluation

    log_evaluation(Settings(), run.mlflow_run_id, evaluation.plain_scores(), sheet)
