"""What an evaluation looks at, and what it says of the photographs themselves."""

import numpy as np
import pytest
from PIL import Image

from data.config import DatasetConfig
from data.ingest import prepare
from tasks.config import EvaluationConfig
from tasks.evaluate_model import _tiles, _unlike
from texture_models.families.dcgan.config import DcganConfig
from texture_models.families.dcgan.model import Dcgan
from texture_models.families.psgan.config import PsganConfig
from texture_models.families.psgan.model import Psgan
from texture_models.metrics.scores import TORI, TORUS_PX
from texture_models.rendering.renderer import Renderer
from texture_models.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("kind", "config", "tile_px", "torus_px"),
    [
        (Psgan, PsganConfig.tiny(), 64, 64),
        (Psgan, PsganConfig.tiny(), TORUS_PX + 64, TORUS_PX),
        (Dcgan, DcganConfig.tiny(picture_px=288), 288, 288),
    ],
)
def test_many_tori_are_looked_at_and_none_is_larger_than_needed(kind, config, tile_px, torus_px):
    model = kind(config, TrainingConfig.tiny(patch_px=config.picture_px or 32))
    renderer = Renderer(model.config, model.averaged, model.measured)
    evaluation = EvaluationConfig(tile_px=tile_px, first_seed=7)
    tiles, tori = _tiles(renderer, None, evaluation)
    assert [tile.shape for tile in tiles] == [(tile_px, tile_px, 3)] * evaluation.tiles_per_material
    assert [torus.shape for torus in tori] == [(torus_px, torus_px, 3)] * TORI
    again = renderer.tiles([8], torus_px)[1][0]
    np.testing.assert_array_equal(tori[1], again)


def test_a_photograph_of_something_else_is_named_and_pairs_are_left_alone(tmp_path, caplog):
    rows, columns = np.indices((200, 256))
    folder = tmp_path / "photographs"
    for material, count in (("waves", 4), ("pair", 2)):
        (folder / material).mkdir(parents=True)
        for number in range(count):
            grey = 128 + 80 * np.sin((columns + (0.1 + 0.1 * number) * rows) / 5 + number)
            pixels = np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
            Image.fromarray(pixels).save(folder / material / f"{number}.png")
    noise = np.random.default_rng(1).integers(0, 256, (200, 256, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "waves" / "odd.png")
    dataset = prepare(DatasetConfig(source=str(folder), texel_scale=1.0), tmp_path / "datasets")
    told: list[str] = []
    with caplog.at_level("WARNING"):
        found = _unlike(dataset, EvaluationConfig(autoencoder_steps=60), told.append)
    assert [name.rpartition("/")[2] for name in found] == ["odd.png"]
    assert "odd.png is unlike the other photographs of waves" in caplog.text
    assert _unlike(dataset, EvaluationConfig(autoencoder_steps=0), told.append) == {}
    assert told == [f"looking for strangers in {material}" for material in ("pair", "waves")]
