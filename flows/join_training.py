"""One of several machines that train together, and not the one that keeps the result."""

from prefect import flow

from data.config import AugmentationConfig, DatasetConfig
from tasks.door_checks import check_place
from tasks.join_training import join_training as join
from tasks.prepare_dataset import prepare_dataset
from tasks.records import JoinedTraining
from tasks.size_checks import check_sizes
from texture_models.families import ModelConfig
from texture_models.training.config import TrainingConfig


@flow(name="join-training", flow_run_name="join-{model.family}")
def join_training(
    model: ModelConfig,
    dataset: DatasetConfig = DatasetConfig(),
    augmentation: AugmentationConfig = AugmentationConfig(),
    training: TrainingConfig = TrainingConfig(),
) -> JoinedTraining:
    """Take part in a training whose chief runs train-texture or produce-library.

    Args:
        model: as on the chief; likewise the others.
        dataset: the same photographs.
        augmentation: the same.
        training: the same; counted in steps, not in minutes.
    """
    check_place()
    check_sizes(model, training)
    return join(model, prepare_dataset(dataset), augmentation, training)
