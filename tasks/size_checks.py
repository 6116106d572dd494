"""Sizes that have to fit the model's noise cells, checked before anything is made from them."""

from collections.abc import Iterator

from tasks.config import EvaluationConfig
from tasks.errors import MillError
from texture_models.families import AnyModelConfig
from texture_models.rendering.config import RenderConfig
from texture_models.sizes import nearest_multiples
from texture_models.training.batch_shares import unfit_batch
from texture_models.training.config import TrainingConfig
from texture_models.training.unread import unread_setting


def check_sizes(
    model: AnyModelConfig,
    training: TrainingConfig,
    evaluation: EvaluationConfig | None = None,
    rendering: RenderConfig | None = None,
) -> None:
    """Refuse what this model can neither train on nor wrap, and settings that it does not read.

    Raises:
        MillError: the step of this model cannot be shared by several devices, or changes no
            pictures, and it is asked to; a setting is changed that it does not read; the batch is
            too small or cannot be shared evenly; or a size is not a multiple of the model's pixels
            per cell, or not the one size of a model that makes whole pictures only.
    """
    _check_abilities(model, training)
    # Of this machine; what others bring is known when all of them are there.
    devices = 1 if training.devices == "all" else training.devices
    if unfit := unfit_batch(training.batch_size, devices, getattr(model, "batch_parts", 1)):
        raise MillError(unfit)
    cell, only = model.pixels_per_cell, model.picture_px
    for name, size in _sizes(training, evaluation, rendering):
        if only is not None and size != only:
            raise MillError(
                f"{name}={size}, but this {model.family} makes pictures of {only} px only; set it "
                f"to {only}"
            )
        if size % cell:
            below, above = nearest_multiples(size, cell)
            raise MillError(
                f"{name}={size} is not a multiple of {cell}, the pixels of one noise cell of this "
                f"model; the nearest sizes are {below} and {above}"
            )


def _check_abilities(model: AnyModelConfig, training: TrainingConfig) -> None:
    if training.devices != 1 and not getattr(model, "several_devices", False):
        raise MillError(
            f"training.devices={training.devices}, but the step of a {model.family} cannot be"
            " shared out; set training.devices=1"
        )
    unread: frozenset[str] = getattr(model, "unread", frozenset())
    if training.augment == "fixed" and "augment_strength" in unread:
        raise MillError(
            f"training.augment=fixed, but this {model.family} has no discriminator that would see"
            " changed pictures; set training.augment=off"
        )
    reasons = {name: f"is read only with {reader}" for name, reader in training.unused.items()}
    reasons |= {name: f"is read by nothing of this {model.family}" for name in unread}
    for name, reason in sorted(reasons.items()):
        value, default = getattr(training, name), TrainingConfig.model_fields[name].default
        if value != default:
            raise MillError(
                f"training.{name}={value} {reason}; leave it out, or set it to {default}, its"
                " default"
            )
    if setting := unread_setting(model):
        raise MillError(setting)


def _sizes(
    training: TrainingConfig, evaluation: EvaluationConfig | None, rendering: RenderConfig | None
) -> Iterator[tuple[str, int]]:
    yield "training.patch_px", training.patch_px
    if evaluation is not None:
        yield "evaluation.tile_px", evaluation.tile_px
    for size_px in rendering.sizes_px if rendering else ():
        yield "rendering.sizes_px", size_px
