"""Look up the version that a training begins with, before anything is made for it."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.config import PublishingConfig
from tasks.errors import MillError
from tasks.recipe_sources import choice_of, looked_up
from tasks.records import RegisteredModel
from tasks.settings import Settings
from texture_models.families import AnyModelConfig, ModelConfig
from texture_models.training.config import TrainingConfig


@task(cache_policy=NO_CACHE, retries=2, retry_delay_seconds=[2, 10])
def find_start(
    model: ModelConfig, training: TrainingConfig, publishing: PublishingConfig
) -> RegisteredModel | None:
    """Return the version that `training.from_model` names at the moment, None if it names none.

    Raises:
        MillError: there is no such version, or it is of another family.
    """
    if training.from_model is None:
        return None
    return start_of(Settings(), model, training, publishing)


def start_of(
    settings: Settings,
    model: AnyModelConfig,
    training: TrainingConfig,
    publishing: PublishingConfig,
) -> RegisteredModel:
    """Return the version that `training.from_model` names at the moment.

    Raises:
        MillError: there is no such version, or it is of another family.
    """
    choice = choice_of(training.from_model or "", publishing.registered_model)
    found = looked_up(settings, choice)
    if found is None:
        raise MillError(
            f"training.from_model={training.from_model}: no version answers to {choice} at"
            f" {settings.shown_tracking_uri}; name another one, or leave it out and start from"
            " nothing"
        )
    if found.family != model.family:
        raise MillError(
            f"training.from_model={training.from_model}: {choice} (version {found.version}) is a"
            f" {found.family}, and a {model.family} cannot begin with its weights; set"
            f" model.family={found.family}, or leave training.from_model out"
        )
    return found
