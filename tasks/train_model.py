"""Train one model and leave its weights in the home folder and its story in MLflow."""

import logging
from pathlib import Path
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.config import AugmentationConfig
from data.records import PreparedDataset
from tasks.artifacts import show_preview
from tasks.beginning import Beginning, beginning_of
from tasks.content_keys import code_version
from tasks.held_lock import held_lock
from tasks.progress import StepProgress, step_progress
from tasks.records import RegisteredModel, TrainingRun
from tasks.settings import Settings
from tasks.training_input import crop_streams, training_regions
from tasks.training_key import training_folder, training_key, with_materials
from tasks.whole_files import write_whole
from texture_models.families import ModelConfig
from texture_models.training.config import TrainingConfig

logger = logging.getLogger(__name__)

WAITING_AT_MOST: Final = 0.05  # of a step, for its batch


# No retries: a training that fails at step 40,000 wants a person, and going on costs nothing.
@task(task_run_name="train-{model.family}", cache_policy=NO_CACHE)
def train_model(
    model: ModelConfig,
    dataset: PreparedDataset,
    augmentation: AugmentationConfig,
    training: TrainingConfig,
    start: RegisteredModel | None = None,
) -> TrainingRun:
    """Return a finished training: a new one, an interrupted one brought to its end, or a known one.

    Side effects: writes `<home>/runs/<key>/`, one MLflow run, previews on the Prefect server.

    Args:
        model: what to train.
        dataset: photographs.
        augmentation: of their patches.
        training: how long, how fast, from which seed.
        start: version whose weights it begins with; None for random ones.

    Raises:
        TrainingFailed: a loss is no longer a number.
        ModelTooLarge: a step needs more memory than there is.
        StartMismatch: the weights of `start` do not fit the model.
        FolderBusy: another process trains the same.
    """
    settings = Settings()
    model = with_materials(model, dataset)
    request = training_key(model, dataset, augmentation, training)
    beginning = beginning_of(settings, start, request)
    digest = beginning.sha256 if beginning else ""
    key = training_key(model, dataset, augmentation, training, digest)
    folder = training_folder(settings, key)
    with held_lock(folder, f"training {key[:16]}"):
        record = folder / "training_run.json"
        if record.is_file():
            logger.info("nothing to train: %s is finished", folder)
            run = TrainingRun.model_validate_json(record.read_text())
            return run.model_copy(update=_places(folder))
        run = _train(settings, folder, key, (model, dataset, augmentation, training, beginning))
        run = run.model_copy(
            update={"request_key": request, "started_from": beginning.name if beginning else ""}
        )
        write_whole(record, run.model_dump_json(indent=2).encode())
    return run


_Parts = tuple[ModelConfig, PreparedDataset, AugmentationConfig, TrainingConfig, Beginning | None]


def _train(settings: Settings, folder: Path, key: str, parts: _Parts) -> TrainingRun:
    model, dataset, augmentation, training, beginning = parts
    started_from = {"started_from": beginning.name} if beginning else {}
    photographs = training_regions(dataset, training.patch_px)
    with step_progress("training-progress", f"training {key[:16]}") as progress:
        from tasks.tracking import tracked_run  # takes seconds; the line above says what for

        with tracked_run(
            settings,
            folder,
            name=f"{model.family}-{key[:8]}",
            params=_params(model=model, training=training, augmentation=augmentation),
            tags={
                "training_key": key,
                "code_version": code_version(),
                **started_from,
                **_flow_run(),
            },
            dataset=dataset,
        ) as tracked:
            result = _fitted(folder, parts, photographs, (progress, tracked))
        _warn_if_it_waited(result.waiting_share)
        _show(result)
    return TrainingRun(
        key=key,
        mlflow_run_id=tracked.run_id,
        model=model,
        dataset_fingerprint=dataset.fingerprint,
        steps=result.steps,
        seconds=result.seconds,
        waiting_share=result.waiting_share,
        **_places(folder),
    )


def _fitted(
    folder: Path, parts: _Parts, photographs: dict[str, list[Any]], told: tuple[StepProgress, Any]
) -> Any:
    """Train while the flow and the tracked run hear of it; returns a `TrainingResult`."""
    from texture_models.training.loop import fit

    model, dataset, augmentation, training, beginning = parts
    progress, tracked = told
    result = fit(
        model,
        training,
        open_batches=crop_streams(dataset, augmentation, training),
        photographs=photographs,
        run_dir=folder,
        start=beginning.folder if beginning else None,
        on_cost=lambda cost: _report_cost(tracked, cost),
        on_progress=lambda state: _report(progress, tracked, state),
    )
    tracked.log_losses(_metrics(result), step=result.steps)
    tracked.log_pictures(
        {"previews": result.preview_paths, "explanations": result.explanation_paths}
    )
    return result


def _show(result: Any) -> None:
    """Let the flow show the last preview and what explains the model."""
    if result.preview_paths:
        show_preview(result.preview_paths[-1], "training-preview", f"step {result.steps}")
    for explanation in result.explanation_paths:
        show_preview(explanation, explanation.stem, explanation.stem.replace("-", " "))


def _warn_if_it_waited(share: float) -> None:
    if share > WAITING_AT_MOST:
        logger.warning(
            "the training waited for its photographs for %.0f %% of its time; %.0f %% is what a "
            "disk that keeps up and a processor that is not busy with other work allow",
            *(100 * share, 100 * WAITING_AT_MOST),
        )


def _places(folder: Path) -> dict[str, str]:
    """Paths of a training, wherever its home folder lies now."""
    previews = sorted((folder / "previews").glob("step_*.png"))
    return {
        "folder": str(folder),
        "model_dir": str(folder / "model"),
        "preview_path": str(previews[-1]) if previews else "",
    }


def _report_cost(tracked: Any, cost: Any) -> None:
    for line in cost.lines():
        logger.info("cost: %s", line)
    tracked.set_tags(cost.tags())


def _report(progress: StepProgress, tracked: Any, state: Any) -> None:
    progress.report(state.share_done, seconds_left=state.seconds_left, detail=f"step {state.step}")
    if tracked.losses_are_due():
        tracked.log_losses(_metrics(state), step=state.step)
    if state.preview_path is not None:
        show_preview(state.preview_path, "training-preview", f"step {state.step}")


def _metrics(state: Any) -> dict[str, float]:
    losses = {f"loss.{name}": value for name, value in state.losses.items()}
    return {**losses, "input.waiting_share": state.waiting_share}


def _params(**configs: Any) -> dict[str, Any]:
    return {
        f"{concern}.{name}": value
        for concern, config in configs.items()
        for name, value in config.model_dump(mode="json").items()
    }


def _flow_run() -> dict[str, str]:
    from prefect.runtime import flow_run

    return {"prefect.flow_run_id": flow_run.id} if flow_run.id else {}
