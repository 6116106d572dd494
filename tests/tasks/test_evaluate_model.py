"""What an evaluation says of the photographs themselves."""

import numpy as np
from PIL import Image

from data.config import DatasetConfig
from data.ingest import prepare
from tasks.config import EvaluationConfig
from tasks.evaluate_model import _unlike


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
