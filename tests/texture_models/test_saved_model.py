"""Saved generators: what does not fit is said in words."""

import pytest

from texture_models.families import build_model
from texture_models.families.psgan.config import PsganConfig
from texture_models.saved_model import load_generator, save_generator
from texture_models.training.config import TrainingConfig


def test_weights_of_other_layers_are_refused_with_the_way_out(tmp_path):
    small, large = (
        build_model(PsganConfig.tiny(generator_widths=widths), TrainingConfig.tiny())
        for widths in ((8, 8, 4), (8, 8, 8, 4))
    )
    for name, model in (("small", small), ("large", large)):
        save_generator(tmp_path / name, model.config, model.averaged, model.measured)
    (weights,) = (tmp_path / "small").glob("generator*.h5")
    weights.replace(tmp_path / "large" / weights.name)
    with pytest.raises(ValueError, match=r"does not fit the networks .* train the model again"):
        load_generator(tmp_path / "large")
