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
    "texture_models/layers.py",
    "texture_models/losses.py",
    "texture_models/saved_model.py",
    "texture_models/spatial",
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
) -> str:
    """Return the digest of everything that decides the weights; `model` has its materials."""
    return digest_of(dataset.fingerprint, model, augmentation, training, code_digest(CODE))


def training_folder(settings: Settings, key: str) -> Path:
    """Return where the training with this key keeps its checkpoints and its result."""
    return settings.runs_dir / key[:16]
