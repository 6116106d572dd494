"""Put a judged training into the model registry, with everything a renderer will ask for."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.records import PreparedDataset
from tasks.config import PublishingConfig
from tasks.progress import step_progress
from tasks.records import Evaluation, RegisteredModel, TrainingRun
from tasks.settings import Settings

logger = logging.getLogger(__name__)

CROP_PX: Final = 1024  # of a photograph kept beside the model, to be shown next to its textures


@task(cache_policy=NO_CACHE)
def register_model(
    run: TrainingRun,
    dataset: PreparedDataset,
    evaluation: Evaluation,
    publishing: PublishingConfig,
) -> RegisteredModel:
    """Return the registered version of a training; registered once, however often this runs.

    A version that is known takes on the scores of this evaluation, by which the gate then judges.

    Side effects: dataset record, photographs' crops, scores and the model among the MLflow run's
    artifacts; a registered version; the alias `candidate`.
    """
    settings = Settings()
    name = publishing.registered_model
    scores = evaluation.plain_scores()
    with step_progress("registration-progress", f"registering {name}"):
        from tasks.model_registry import create_version, find_version, name_candidate
        from tasks.tracking import log_folder

        known = find_version(settings, name, run.key)
        if known is not None:
            name_candidate(settings, known)
            _rescore(settings, known, run, scores)
            return known
        with TemporaryDirectory() as temporary:
            _write_dataset(dataset, Path(temporary))
            log_folder(settings, run.mlflow_run_id, Path(temporary), "dataset")
        return create_version(settings, name, run, scores)


def _rescore(
    settings: Settings, known: RegisteredModel, run: TrainingRun, scores: dict[str, Any]
) -> None:
    """Give a known version the newest scores, if they were measured on its own weights."""
    from tasks.model_registry import keep_scores
    from texture_models.saved_model import weights_sha256

    # A training in minutes that was repeated, its folder being lost, did other steps.
    if weights_sha256(Path(run.model_dir)) != known.weights_sha256:
        logger.warning(
            "%s version %d of this training has other weights than %s, and is judged by the scores "
            "it had; to register these, delete the version in MLflow and run this again",
            *(known.name, known.version, run.model_dir),
        )
        return
    keep_scores(settings, known, scores)
    logger.info("nothing to register: %s version %d", known.name, known.version)


def _write_dataset(dataset: PreparedDataset, folder: Path) -> None:
    """Write what stays known about the photographs once this machine is gone."""
    from data.pixels import training_region, write_pixels

    record = dataset.model_copy(update={"folder": ""})  # a local path means nothing elsewhere
    (folder / "dataset.json").write_text(record.model_dump_json(indent=2))
    (folder / "crops").mkdir()
    shown = {photo.material: photo for photo in reversed(dataset.photographs)}
    for material, photo in shown.items():
        pixels = training_region(dataset, photo)
        top, left = (max(0, side - CROP_PX) // 2 for side in pixels.shape[:2])
        crop = pixels[top : top + CROP_PX, left : left + CROP_PX]
        write_pixels(folder / "crops" / f"{material}.png", crop)
