"""Versions in a registry of SQLite, without a training behind them."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tasks.settings import Settings
from tasks.version_record import version_tags
from texture_models.metrics.scores import TextureScores
from texture_models.saved_model import WEIGHTS

NAME = "stones"
FACTS = {
    "training_key": "a" * 64,
    "family": "psgan",
    "weights_sha256": "b" * 64,
    "dataset_fingerprint": "c" * 64,
    "request_key": "",
    "started_from": "",
}
TAGS = version_tags(FACTS, ("brick", "gravel"))

# Of a model that a gate without a limit of the fidelity lets pass.
SOUND = TextureScores.model_validate(
    {
        name: 1.0 if name in ("pair_ratio", "set_ratio", "set_ratio_halves", "diversity") else 0
        for name, field in TextureScores.model_fields.items()
        if field.is_required()
    }
    | {"n_generated": 4, "n_real_crops": 32, "crop_px": 64, "tile_px": 128}
)


def saved_numbers(folder: Path, first: float = 0.0) -> Path:
    """What has the form of a saved generator."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "measured.json").write_text("{}")
    with h5py.File(folder / WEIGHTS, "w") as file:
        file["kernel"] = first + np.arange(100.0)
    return folder


def registered(settings: Settings, source: Path, tags: dict[str, str]) -> Any:
    """Make the next version, by MLflow's own means."""
    from tasks.tracking import connect, experiment_id

    client = connect(settings)
    run = client.create_run(experiment_id(client, settings))
    if not client.search_registered_models(f"name='{NAME}'"):
        client.create_registered_model(NAME)
    return client.create_model_version(
        NAME, source=source.as_uri(), run_id=run.info.run_id, tags=tags
    )
