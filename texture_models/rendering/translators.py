"""Open a saved model as a translator of pictures."""

from __future__ import annotations

from pathlib import Path

from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.cycle_gan.translation import Translator
from texture_models.saved_model import load_config, load_generator


def load_translator(model_dir: Path) -> Translator:
    """Open a saved model.

    Raises:
        FileNotFoundError: `model_dir` holds none.
        ValueError: it is of another family.
    """
    config = load_config(model_dir)
    if not isinstance(config, CycleGanConfig):
        raise ValueError(
            f"{model_dir} holds a {config.family}; only a cycle_gan translates pictures, train one"
            " with model.family=cycle_gan"
        )
    return Translator(config, load_generator(model_dir)[1])
