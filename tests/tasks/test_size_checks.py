"""Sizes that cannot wrap are refused before the work starts."""

import re
from typing import ClassVar, get_args

import pytest
from pydantic import BaseModel

from flows.deployments import read_deployments
from tasks.config import EvaluationConfig
from tasks.errors import MillError
from tasks.size_checks import check_sizes
from texture_models.families import AnyModelConfig
from texture_models.families.conditional_gan.config import ConditionalGanConfig
from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.families.vae.config import VaeConfig
from texture_models.rendering.config import RenderConfig
from texture_models.training.config import TrainingConfig
from texture_models.training.health import ALIKE_STEPS, SKIPPING_STEPS, Health, TrainingFailed


class Unshared(BaseModel):
    """A family that does not say that its step minds several devices, as a new one may not."""

    family: str = "plain"
    pixels_per_cell: int = 16
    picture_px: None = None


@pytest.mark.parametrize(
    ("training", "evaluation", "rendering", "message"),
    [
        ({"patch_px": 40}, {}, {}, r"training\.patch_px=40 .* 32 and 48"),
        ({}, {"tile_px": 100}, {}, r"evaluation\.tile_px=100 .* 96 and 112"),
        ({}, {}, {"sizes_px": (512, 1000)}, r"rendering\.sizes_px=1000 .* 992 and 1008"),
    ],
)
def test_a_size_that_does_not_fit_the_cells_is_named(training, evaluation, rendering, message):
    with pytest.raises(MillError, match=message):
        check_sizes(
            PsganConfig(),
            TrainingConfig(**training),
            EvaluationConfig(**evaluation),
            RenderConfig(**rendering),
        )


def test_the_defaults_fit_every_preset():
    for preset in ("S", "M", "L"):
        check_sizes(
            PsganConfig(preset=preset), TrainingConfig(), EvaluationConfig(), RenderConfig()
        )


def test_what_a_family_cannot_do_is_refused_by_its_name():
    always = TrainingConfig(augment="fixed", augment_strength=0.5)
    check_sizes(PsganConfig(), always)
    check_sizes(VaeConfig(), always)
    with pytest.raises(MillError, match=r"augment=fixed.* this vae has no .*augment=off"):
        check_sizes(VaeConfig(objective="elbo"), always)
    with pytest.raises(MillError, match=r"devices=2, but the step of a plain .*devices=1"):
        check_sizes(Unshared(), TrainingConfig(devices=2))
    check_sizes(VaeConfig(), TrainingConfig(devices=2))


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (CycleGanConfig(), {"spectrum_weight": 0.3}),
        (CycleGanConfig(), {"statistics_batches": 20}),
        (VaeConfig(), {"imprint_weight": 0.0}),
        (VaeConfig(objective="elbo"), {"augment_strength": 0.3}),
        (VaeConfig(objective="elbo"), {"gram_weight": 2.0}),
    ],
)
def test_a_setting_that_a_family_does_not_read_is_refused(model, changes):
    (name,) = changes
    check_sizes(model, TrainingConfig())
    check_sizes(PsganConfig(), TrainingConfig(**changes))
    with pytest.raises(MillError, match=rf"training\.{name}=.* nothing of this {model.family};"):
        check_sizes(model, TrainingConfig(**changes))


@pytest.mark.parametrize(
    ("changes", "name", "reader"),
    [
        ({"augment": "off", "augment_target": 0.5}, "augment_target", "an augment that is not off"),
        (
            {"augment": "fixed", "augment_strength": 0.5, "augment_images": 9},
            "augment_images",
            "augment=adaptive",
        ),
        ({"r1_gamma": 0.0, "r1_every": 4}, "r1_every", "an r1_gamma above 0"),
        ({"decay_share": 0.0, "decay_to": 0.1}, "decay_to", "a decay_share above 0"),
    ],
)
def test_a_setting_that_the_training_leaves_without_effect_is_refused(changes, name, reader):
    default = TrainingConfig.model_fields[name].default
    message = rf"training\.{name}=.* only with {reader}; leave it out, or set it to {default}"
    with pytest.raises(MillError, match=message):
        check_sizes(PsganConfig(), TrainingConfig(**changes))
    check_sizes(PsganConfig(), TrainingConfig(**{**changes, name: default}))
    check_sizes(PsganConfig(), TrainingConfig(**{name: changes[name]}))


def test_the_plain_bound_is_a_change_of_the_vaes_experiment():
    parameters = read_deployments()["train-vae"].parameters
    plain = VaeConfig(**{**parameters["model"], "objective": "elbo"})
    with pytest.raises(MillError, match=r"spectrum_weight=0.3 .* set it to 0.1, its default"):
        check_sizes(plain, TrainingConfig(**parameters["training"]))
    check_sizes(plain, TrainingConfig(**{**parameters["training"], "spectrum_weight": 0.1}))


def failures(model):
    """Every message with which a training of this model can end, whoever wins."""
    unread = getattr(model, "unread", frozenset())
    for won in (0.5, 1.0):
        losses = {"spread": 0.0, "diversity": 0.0, "real_won": won, "fake_won": won}
        alike, shown = (Health(unread=unread) for _ in range(2))
        yield lambda alike=alike, losses=losses: alike.check(ALIKE_STEPS, losses)
        yield lambda alike=alike: alike.confirm(ALIKE_STEPS)
        shown.check_diversity(0, losses)
        yield lambda shown=shown, losses=losses: shown.check_diversity(ALIKE_STEPS, losses)
    skipping = Health("mixed_float16", unread)
    yield lambda: skipping.check(SKIPPING_STEPS, {"spread": 1.0, "skipped": SKIPPING_STEPS})


MODELS = [family() for family in get_args(AnyModelConfig)] + [VaeConfig(objective="elbo")]
OTHER = {"precision": "mixed_bfloat16", "minutes": 3.0, "augment": "off", "augment_target": 0.5}


@pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: f"{model.family}-{getattr(model, 'objective', '')}"
)
def test_whatever_a_failed_training_advises_is_let_in(model):
    advised = set()
    for failure in failures(model):
        with pytest.raises(TrainingFailed) as failed:
            failure()
        advised |= set(re.findall(r"\w+", str(failed.value))) & set(TrainingConfig.model_fields)
    assert {"generator_rate", "steps", "minutes", "precision"} <= advised
    for name in advised:
        default = TrainingConfig.model_fields[name].default
        check_sizes(model, TrainingConfig(**{name: OTHER.get(name) or default * 2}))


@pytest.mark.parametrize(
    ("family", "others", "name", "value", "reader"),
    [
        (VaeConfig, {}, "pixel_deviation", 0.3, "model.objective=elbo"),
        (VaeConfig, {"objective": "elbo"}, "encoder_rate", 0.5, "model.objective=statistics"),
        (VaeConfig, {"objective": "elbo"}, "kl_weight", 0.5, "model.objective=statistics"),
        (VaeConfig, {"objective": "elbo"}, "warm_up_steps", 9, "model.objective=statistics"),
        (VaeConfig, {"objective": "elbo"}, "discriminator_widths", (8, 8), "model.objective=stat"),
        (ConditionalGanConfig, {"materials": ("moss",)}, "mixed_share", 0.3, "several materials"),
        (ConditionalGanConfig, {"materials": ("moss",)}, "height_contrast", 1.0, "several mat"),
        (ConditionalGanConfig, {"mixed_share": 0.0}, "height_contrast", 1.0, "a model.mixed_share"),
    ],
)
def test_a_setting_that_the_others_leave_without_effect_is_refused(
    family, others, name, value, reader
):
    default = getattr(family(preset="M", **others), name)
    for allowed in (family(**others), family(preset="M", **others, **{name: default})):
        check_sizes(allowed, TrainingConfig())
    check_sizes(family(**{name: value, **READING.get(name, {})}), TrainingConfig())
    with pytest.raises(MillError, match=rf"model\.{name}=.* only with {reader}.*leave model"):
        check_sizes(family(**others, **{name: value}), TrainingConfig())


READING = {"pixel_deviation": {"objective": "elbo"}}


@pytest.mark.parametrize(
    ("model", "devices", "batch_size", "message"),
    [
        (PsganConfig(), 3, 8, r"batch_size=8 .* 3 device.* 6 and 9"),
        (CycleGanConfig(), 2, 6, r"batch_size=6 .* 2 device.*2 materials.* 4 and 8"),
        (CycleGanConfig(), 1, 5, r"batch_size=5 .*2 materials.* 4 and 6"),
        (CycleGanConfig(), 1, 2, r"batch_size=2 is too small: .* 2 materials.*batch_size=4 or"),
        (PsganConfig(), 1, 1, r"batch_size=1 is too small: .*set training\.batch_size=2 or more"),
        (PsganConfig(), 3, 2, r"batch_size=2 is too small: .*set training\.batch_size=3 or more"),
    ],
)
def test_a_batch_that_is_too_small_or_cannot_be_shared_is_refused(
    model, devices, batch_size, message
):
    with pytest.raises(MillError, match=message):
        check_sizes(model, TrainingConfig(devices=devices, batch_size=batch_size))
    check_sizes(model, TrainingConfig(devices=devices, batch_size=12))


def test_a_model_of_one_size_refuses_every_other_by_name():
    class Whole(PsganConfig, frozen=True):
        picture_px: ClassVar[int] = 64

    sizes = {"patch_px": 64}, {"tile_px": 64}, {"sizes_px": (64,)}

    def check(training, evaluation, rendering):
        check_sizes(
            Whole(),
            TrainingConfig(**training),
            EvaluationConfig(**evaluation),
            RenderConfig(**rendering),
        )

    check(*sizes)
    with pytest.raises(MillError, match=r"evaluation\.tile_px=128.* 64 px only"):
        check(sizes[0], {"tile_px": 128}, sizes[2])
