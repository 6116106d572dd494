"""A trained generator on disk: `config.json`, `measured.json` and `generator.weights.h5`.

The discriminators it was trained against lie beside it, `discriminator.weights.h5` or the like:
what a later training may start from, and what heat maps are made with. Rendering needs none.
Plain numbers and JSON: nothing in the folder is executed when it is read.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from texture_models.families import AnyModelConfig, ModelConfig, inference_of

CONFIG, MEASURED, WEIGHTS = "config.json", "measured.json", "generator.weights.h5"


def save_generator(
    folder: Path, config: AnyModelConfig, network: Any, measured: Mapping[str, np.ndarray]
) -> Path:
    """Write what rendering needs; the weights last, so a folder that has them is complete.

    Args:
        folder: created if missing.
        config: the model's.
        network: the averaged generator, a `keras.Model`.
        measured: name -> numbers that were measured and not learnt; the family says which.

    Returns:
        `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(config.model_dump_json(indent=2))
    (folder / MEASURED).write_text(
        json.dumps(
            {
                name: {"shape": list(values.shape), "values": values.ravel().tolist()}
                for name, values in sorted(measured.items())
            }
        )
    )
    partial = folder / "partial.weights.h5"
    network.save_weights(partial)
    partial.replace(folder / WEIGHTS)
    return folder


def load_config(folder: Path) -> AnyModelConfig:
    """Read the config of a saved generator, without TensorFlow.

    Raises:
        FileNotFoundError: `folder` holds no saved generator.
    """
    if not (folder / WEIGHTS).is_file():
        raise FileNotFoundError(f"{folder} holds no trained generator ({WEIGHTS} is missing)")
    adapter: TypeAdapter[AnyModelConfig] = TypeAdapter(ModelConfig)
    return adapter.validate_json((folder / CONFIG).read_text())


def load_generator(folder: Path) -> tuple[AnyModelConfig, Any, dict[str, np.ndarray]]:
    """Return (config, `keras.Model`, measured: name -> float64 numbers) of a saved generator.

    Raises:
        FileNotFoundError: `folder` holds no saved generator, or one of before `measured.json`.
        ValueError: its weights are those of other layers.
    """
    config = load_config(folder)
    if not (folder / MEASURED).is_file():
        raise FileNotFoundError(
            f"{folder} was saved by an older version ({MEASURED} is missing); train it again"
        )
    network = inference_of(config).build_generator(config)
    _load_weights(network, folder / WEIGHTS)
    return config, network, load_measured(folder)


def _load_weights(network: Any, path: Path) -> None:
    try:
        with warnings.catch_warnings():
            # Keras warns of layers that the file lacks, and leaves them random.
            warnings.filterwarnings("error", message="Skipping nested container")
            network.load_weights(path)
    except (ValueError, UserWarning) as error:  # Keras' own words are a list of layers
        raise ValueError(
            f"{path} does not fit the networks of this version, whose layers are others; train the"
            " model again, or use the version of texture-mill that its record names"
        ) from error


def load_measured(folder: Path) -> dict[str, np.ndarray]:
    """Return the numbers of a saved generator that were measured, name -> float64."""
    written = json.loads((folder / MEASURED).read_text())
    return {
        name: np.array(entry["values"], dtype=np.float64).reshape(entry["shape"])
        for name, entry in written.items()
    }


def save_judges(folder: Path, networks: Mapping[str, Any]) -> None:
    """Write the discriminators among a model's trained networks, `<name>.weights.h5` each.

    Args:
        folder: created if missing; written before the generator, which completes the folder.
        networks: name -> `keras.Model`; the names of discriminators begin so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _judges(networks):
        partial = folder / "partial.weights.h5"
        networks[name].save_weights(partial)
        partial.replace(folder / f"{name}.weights.h5")


def load_judges(folder: Path, networks: Mapping[str, Any]) -> list[str]:
    """Load the discriminators that were saved beside a generator; return their names.

    Args:
        folder: of the saved generator.
        networks: name -> `keras.Model` of the same build.
    """
    found = [name for name in _judges(networks) if (folder / f"{name}.weights.h5").is_file()]
    for name in found:
        _load_weights(networks[name], folder / f"{name}.weights.h5")
    return found


def _judges(networks: Mapping[str, Any]) -> list[str]:
    return [name for name in networks if name.startswith("discriminator")]


def weights_sha256(folder: Path) -> str:
    """Return the digest of config, measured and weights values: what decides the pixels.

    HDF5 files hold no timestamps here, but their layout may change with the library; so the
    numbers are hashed, not the file.
    """
    digest = hashlib.sha256()
    digest.update((folder / CONFIG).read_bytes())
    digest.update((folder / MEASURED).read_bytes())
    _add_numbers(digest, folder / WEIGHTS)
    return digest.hexdigest()


def start_sha256(folder: Path) -> str:
    """Return the digest of everything that a later training can start from."""
    digest = hashlib.sha256(weights_sha256(folder).encode())
    for path in sorted(folder.glob("discriminator*.weights.h5")):
        digest.update(path.name.encode())
        _add_numbers(digest, path)
    return digest.hexdigest()


def _add_numbers(digest: Any, path: Path) -> None:
    import h5py

    with h5py.File(path, "r") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if _is_array(item) else None)
        for name in sorted(names):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(file[name][()]).tobytes())


def _is_array(item: Any) -> bool:
    return hasattr(item, "shape")
