"""How a model is trained: length, speed, seed. What it is stands in the family's own config."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

# The fields that only an augmentation of discriminators reads; `augment` itself says off or not.
AUGMENTING = frozenset({"augment_images", "augment_strength", "augment_target"})
# Those against faults at single places: what is locked to the grid, what glows.
AGAINST_FAULTS = frozenset({"imprint_weight", "range_weight", "phase_weight"})
# Those that say for how long; an unfinished training may go on with others.
BUDGET = frozenset({"steps", "minutes"})
# Those that decide no weight, rounding apart: where it is computed, how often written and shown.
_BESIDE_THE_WEIGHTS = ("devices", "checkpoint_seconds", "preview_seconds")


class TrainingConfig(BaseModel, frozen=True, extra="forbid"):
    """Length and pace of one training, and the seed that decides every draw of it."""

    from_model: str | None = Field(
        None,
        pattern=r"^([a-z0-9][a-z0-9_-]{0,47}[@/])?[A-Za-z0-9_-]{1,64}$",
        coerce_numbers_to_str=True,  # `--set training.from_model=1` is a number
        description="registered version to start from instead of random weights: an alias such as "
        "champion, or a number, of the model that is trained; else NAME@ALIAS or NAME/VERSION",
    )
    steps: int = Field(4000, ge=1, description="optimiser steps, unless the minutes end first")
    minutes: float | None = Field(
        None,
        gt=0,
        description="time budget; the learning rate then decays with the time, and two runs differ",
    )
    seed: int = Field(1, ge=0, lt=2**31, description="decides weights, crops and noise")
    batch_size: int = Field(8, ge=1, le=512, description="patches a step")
    patch_px: int = Field(64, ge=16, le=1024, description="side of a training patch, in pixels")
    generator_rate: float = Field(8e-4, gt=0, description="Adam's learning rate, generator")
    discriminator_rate: float = Field(8e-4, gt=0, description="Adam's rate, discriminator")
    decay_share: float = Field(
        0.4, ge=0, le=1, description="last share of the training, over which the rates fall"
    )
    decay_to: float = Field(0.05, gt=0, le=1, description="what the rates fall to, as a factor")
    r1_gamma: float = Field(0.02, ge=0, description="weight of the gradient penalty, per logit")
    r1_every: int = Field(8, ge=1, description="steps between two gradient penalties")
    gram_weight: float = Field(1.0, ge=0, description="weight of the Gram matching")
    spectrum_weight: float = Field(
        0.1,
        ge=0,
        description="weight of matching the finer bands of the power spectrum (psgan, "
        "conditional_gan, vae)",
    )
    imprint_weight: float = Field(
        100.0,
        ge=0,
        description="weight of keeping detail off the upsampling grid (psgan; patches of two cells"
        " or more)",
    )
    range_weight: float = Field(
        100.0,
        ge=0,
        description="weight of keeping spots within the extremes of the photographs (psgan)",
    )
    phase_weight: float = Field(
        0.1,
        ge=0,
        description="weight of keeping in step with the photograph's waves (psgan; materials with"
        " a rhythm)",
    )
    augment: Literal["off", "fixed", "adaptive"] = Field(
        "adaptive",
        description="whether discriminators see changed pictures: adaptive, as often as they are "
        "too sure of real ones while rates are full, which is not at all unless there is little to "
        "see; fixed, always as often",
    )
    augment_strength: float = Field(
        0.0,
        ge=0,
        le=0.8,
        description="probability of each change of a picture; where an adaptive one begins",
    )
    augment_target: float = Field(
        0.6, ge=-1, le=1, description="mean sign of the logits of real pictures that it steers to"
    )
    augment_images: int = Field(
        5_000, ge=1, description="images in which an adaptive strength would go from 0 to 1"
    )
    average_images: int = Field(
        5000, ge=1, description="half-life of the weight average, in training images"
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32",
        description="of the convolutions; losses and weights stay float32. Meant for GPUs: on a "
        "CPU without their instructions the mixed ones are slower",
    )
    devices: int | Literal["all"] = Field(
        1,
        description="GPUs of this machine that share every batch, or `all` of them; without a GPU, "
        "parts of the CPU, which is slower and for trying out. Several machines: TF_CONFIG",
    )
    xla: bool = Field(False, description="compile the step with XLA; the first one takes longer")
    statistics_batches: int = Field(
        40, ge=1, description="noise batches from which the normalisation statistics are recomputed"
    )
    checkpoint_seconds: float = Field(20.0, ge=0, description="time between two checkpoints")
    preview_seconds: float = Field(60.0, ge=0, description="time between two preview pictures")

    @field_validator("devices")
    @classmethod
    def _at_least_one_device(cls, devices: int | str) -> int | str:
        if isinstance(devices, int) and not 1 <= devices <= 64:
            raise ValueError(f"{devices} is not 1 to 64 devices, nor all")
        return devices

    @model_validator(mode="after")
    def _something_to_do(self) -> Self:
        if self.augment == "fixed" and not self.augment_strength:
            raise ValueError(
                "augment=fixed needs an augment_strength above 0, such as 0.5; or set augment=off"
            )
        return self

    @property
    def unused(self) -> dict[str, str]:
        """Fields that nothing reads, given the others, and what they are read with."""
        without = (
            (self.augment == "off", AUGMENTING, "an augment that is not off"),
            (self.augment == "fixed", AUGMENTING - {"augment_strength"}, "augment=adaptive"),
            (not self.r1_gamma, {"r1_every"}, "an r1_gamma above 0"),
            (not self.decay_share, {"decay_to"}, "a decay_share above 0"),
        )
        return {name: reader for so, names, reader in without if so for name in names}

    @property
    def penalty_weight(self) -> float:
        """Of a gradient penalty, which stands for those of the steps until the next one."""
        return 0.5 * self.r1_gamma * self.r1_every

    def decisive(self) -> Self:
        """Return the same training, with the fields that decide no weight at their defaults.

        Previews are among them: what they recompute is recomputed again for the model that is kept.
        They can end a training, and not change it.
        """
        fields = type(self).model_fields
        return self.model_copy(update={name: fields[name].default for name in _BESIDE_THE_WEIGHTS})

    @classmethod
    def tiny(cls, **changes: Any) -> Self:
        """A training of a few seconds, for tests and dry runs."""
        small: dict[str, Any] = {
            "steps": 4,
            "batch_size": 2,
            "patch_px": 32,
            "r1_every": 1,  # one kind of step: half as much to trace
            "statistics_batches": 2,
        }
        return cls(**{**small, **changes})
