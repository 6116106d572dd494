"""What a training would cost, for a dry run: the step is built and tried, nothing is kept."""

from collections.abc import Iterator

from data.config import DatasetConfig
from texture_models.families import AnyModelConfig
from texture_models.training.config import TrainingConfig

UNKNOWN = ("first", "second")  # materials, as long as the photographs were not looked at


def training_cost(
    model: AnyModelConfig, dataset: DatasetConfig, training: TrainingConfig
) -> Iterator[str]:
    """Yield in words what a training takes on this machine.

    Raises:
        ModelTooLarge: a step needs more memory than there is.
        DevicesUnavailable: the devices that the training asks for are not there.
        ValueError: the sizes do not fit the model.
    """
    from texture_models.training.cost import foretold_cost

    named = model.materials or dataset.materials
    update = {**model.model_dump(), "materials": named or UNKNOWN}
    yield from foretold_cost(type(model).model_validate(update), training).lines()
    if not named:
        yield "reckoned with two materials; each more adds little"
