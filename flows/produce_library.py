"""Photographs -> trained, judged, registered model -> rendered, published library: the main job."""

from prefect import flow

from data.config import AugmentationConfig, DatasetConfig
from tasks.ask_operator import ask_operator, check_approval
from tasks.config import ApprovalConfig, EvaluationConfig, PublishingConfig
from tasks.door_checks import check_artifacts, check_place
from tasks.evaluate_model import evaluate_model
from tasks.find_start import find_start
from tasks.prepare_dataset import prepare_dataset
from tasks.promote_model import promote_model
from tasks.publish_library import publish_library
from tasks.records import Production
from tasks.register_model import register_model
from tasks.render_textures import render_textures
from tasks.size_checks import check_sizes
from tasks.train_model import train_model
from texture_models.families import ModelConfig
from texture_models.metrics.gate import GateConfig
from texture_models.rendering.config import RenderConfig
from texture_models.training.config import TrainingConfig


@flow(name="produce-library", flow_run_name="produce-{publishing.library}")
def produce_library(
    model: ModelConfig,
    dataset: DatasetConfig = DatasetConfig(),
    augmentation: AugmentationConfig = AugmentationConfig(),
    training: TrainingConfig = TrainingConfig(),
    evaluation: EvaluationConfig = EvaluationConfig(),
    gate: GateConfig = GateConfig(),
    rendering: RenderConfig = RenderConfig(),
    publishing: PublishingConfig = PublishingConfig(),
    approval: ApprovalConfig = ApprovalConfig(),
) -> Production:
    """Make a library of seamless textures from photographs.

    Args:
        model: what to train; `family` picks the architecture.
        dataset: which photographs.
        augmentation: how patches of them are changed before the model sees them.
        training: how long, how fast, from which seed.
        evaluation: which renderings the trained model is judged by.
        gate: what it may at most measure to become champion.
        rendering: which textures the library gets.
        publishing: names of the library and of the registered model.
        approval: whether a person is asked before a new model is rendered from.
    """
    check_place()
    check_approval(approval)
    check_sizes(model, training, evaluation, rendering)
    check_artifacts()
    start = find_start(model, training, publishing)
    prepared = prepare_dataset(dataset)
    run = train_model(model, prepared, augmentation, training, start)
    scores = evaluate_model(run, prepared, evaluation)
    candidate = register_model(run, prepared, scores, publishing)
    answer = ask_operator(candidate, gate, approval)
    promotion = promote_model(candidate, gate, answer)
    textures = render_textures(promotion.champion, rendering, publishing)
    published = publish_library(textures, publishing)
    return Production(promotion=promotion, published=published)
