"""Lend this machine to a training that another one, the chief, keeps."""

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.config import AugmentationConfig
from data.records import PreparedDataset
from tasks.progress import step_progress
from tasks.records import JoinedTraining
from tasks.training_input import crop_streams, training_regions
from tasks.training_key import with_materials
from texture_models.families import ModelConfig
from texture_models.training.config import TrainingConfig

logger = logging.getLogger(__name__)


@task(task_run_name="join-{model.family}", cache_policy=NO_CACHE)
def join_training(
    model: ModelConfig,
    dataset: PreparedDataset,
    augmentation: AugmentationConfig,
    training: TrainingConfig,
) -> JoinedTraining:
    """Compute this machine's rows of every batch until the training is over.

    Side effects: none here; checkpoints, pictures and the model are the chief's.

    Raises:
        DevicesUnavailable: TF_CONFIG names no chief to join, or the machines were asked for
            different things.
    """
    with step_progress("joining-progress", f"joining the training of {model.family}") as progress:
        from texture_models.training.loop import join

        steps = join(
            with_materials(model, dataset),
            training,
            open_batches=crop_streams(dataset, augmentation, training),
            photographs=training_regions(dataset, training.patch_px),
            on_progress=lambda state: progress.report(
                state.share_done, seconds_left=state.seconds_left, detail=f"step {state.step}"
            ),
        )
    return JoinedTraining(family=model.family, steps=steps)
