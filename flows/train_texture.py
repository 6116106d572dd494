"""Photographs -> a trained, judged and registered candidate."""

from prefect import flow

from data.config import AugmentationConfig, DatasetConfig
from tasks.config import EvaluationConfig, PublishingConfig
from tasks.door_checks import check_artifacts, check_place
from tasks.evaluate_model import evaluate_model
from tasks.find_start import find_start
from tasks.prepare_dataset import prepare_dataset
from tasks.records import RegisteredModel
from tasks.register_model import register_model
from tasks.size_checks import check_sizes
from tasks.train_model import train_model
from texture_models.families import ModelConfig
from texture_models.training.config import TrainingConfig


@flow(name="train-texture", flow_run_name="train-{publishing.registered_model}")
def train_texture(
    model: ModelConfig,
    dataset: DatasetConfig = DatasetConfig(),
    augmentation: AugmentationConfig = AugmentationConfig(),
    training: TrainingConfig = TrainingConfig(),
    evaluation: EvaluationConfig = EvaluationConfig(),
    publishing: PublishingConfig = PublishingConfig(),
) -> RegisteredModel:
    """Train, score and register one texture model; the champion stays as it is.

    Args:
        model: what to train; `family` picks the architecture.
        dataset: which photographs.
        augmentation: how patches of them are changed before the model sees them.
        training: how long, how fast, from which seed.
        evaluation: which renderings the trained model is scored by.
        publishing: name of the registered model.
    """
    check_place()
    check_sizes(model, training, evaluation)
    check_artifacts()
    start = find_start(model, training, publishing)
    prepared = prepare_dataset(dataset)
    run = train_model(model, prepared, augmentation, training, start)
    scores = evaluate_model(run, prepared, evaluation)
    return register_model(run, prepared, scores, publishing)
