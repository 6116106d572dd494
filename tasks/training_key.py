"""What decides a training, as one key, and the folder it therefore has."""

from pathlib import Path
from typing import Final

from data.config import AugmentationConfig
from data.records import PreparedDataset
from tasks.content_keys import code_digest, digest_of
from tasks.settings import Settings
from texture_models.families import AnyModelConfig
from texture_models.training.config import TrainingConfig

# Whatever can change a weight. Metrics, publishing and the pipeline itself cannot.
CODE: Final = (
    "data/augmentation.py",
    "data/crops.py",
    "data/pixels.py",
    "texture_models/families",
    "texture_models/film.py",
    "texture_models/layers.py",
    "texture_models/losses.py",
    "texture_models/metrics/diversity.py",  # what is a collapse, and no model
    # These decide which known material a new one begins as, when a training starts from a model.
    "texture_models/metrics/steerable_pyramid.py",
    "texture_models/metrics/texture_statistics.py",
    "texture_models/metrics/windows.py",
    "texture_models/random_patch.py",
    "texture_models/rendering/noise_field.py",
    "texture_models/saved_model.py",
    "texture_models/spatial",
    "texture_models/spectrum_loss.py",
    "texture_models/training",
)

EVALUATION: Final = "evaluation"  # folder of a training: how it was judged
SHEET: Final = "judged_tiles.png"  # in it: the tiles that were judged, beside the photographs


def with_materials(model: AnyModelConfig, dataset: PreparedDataset) -> AnyModelConfig:
    """Return `model` with its materials named; a config that names none takes the dataset's.

    Raises:
        ValueError: the config names others than the dataset has.
    """
    if model.materials and model.materials != dataset.materials:
        raise ValueError(
            f"model.materials={', '.join(model.materials)}, but the dataset has "
            f"{', '.join(dataset.materials)}; leave model.materials out"
        )
    return type(model).model_validate({**model.model_dump(), "materials": dataset.materials})


def training_key(
    model: AnyModelConfig,
    dataset: PreparedDataset,
    augmentation: AugmentationConfig,
    training: TrainingConfig,
    start: str = "",
) -> str:
    """Return the digest of everything that decides the weights.

    The number of devices does not, rounding apart, nor how often checkpoints and previews are
    written: a training may go on with others.

    Args:
        model: with its materials.
        dataset: photographs.
        augmentation: of their patches.
        training: how long, how fast, from which seed.
        start: digest of the weights it begins with, in place of the name they were asked for by;
            empty for what is asked for, whatever answers to that name.
    """
    named = {"from_model": None} if start else {}
    training = training.decisive().model_copy(update=named)
    parts = (dataset.fingerprint, model, augmentation, training, code_digest(CODE))
    return digest_of(*parts, start) if start else digest_of(*parts)


def training_folder(settings: Settings, key: str) -> Path:
    """Return where the training with this key keeps its checkpoints and its result."""
    return settings.runs_dir / key[:16]
