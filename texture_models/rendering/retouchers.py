"""Open a saved model as a retoucher of pictures."""

from __future__ import annotations

from pathlib import Path

from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.retouch import Retoucher
from texture_models.saved_model import load_config, load_generator


def load_retoucher(model_dir: Path, material: str = "") -> Retoucher:
    """Open a saved model for pictures of one material.

    Args:
        model_dir: a saved generator.
        material: one of the model's; may be left out when it has only one.

    Raises:
        FileNotFoundError: `model_dir` holds none.
        ValueError: it is of another family, or does not know the material.
    """
    config = load_config(model_dir)
    if not isinstance(config, ConvStackConfig):
        raise ValueError(
            f"{model_dir} holds a {config.family}; only a conv_stack retouches pictures, train one:"
            " texture-mill run train-conv-stack"
        )
    known = config.materials or ("",)
    if material not in known and (material or len(known) > 1):
        raise ValueError(
            f"material={material!r} is not one of this model's: {', '.join(known)}; name the one"
            " that the picture shows"
        )
    index = known.index(material) if material else 0
    return Retoucher(config, load_generator(model_dir)[1], index)
