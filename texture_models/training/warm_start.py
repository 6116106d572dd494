"""Begin a training with the weights of an earlier one instead of with random ones.

What a layer keeps for each material (modulation, projection) is found by its shape: these are the
axes that grow with the number of materials. A material that the earlier model knew by the same name
goes on with its own; any other begins as the known one whose structure is closest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from texture_models.families import Trainable, build_model
from texture_models.metrics.texture_statistics import describe_windows, distance
from texture_models.metrics.windows import luminance, spread_windows
from texture_models.rendering.renderer import Renderer
from texture_models.saved_model import WEIGHTS, load_config, load_judges, load_measured
from texture_models.training.config import TrainingConfig

RECORD = "warm_start.json"  # in the folder of a training: material -> material it began as
WINDOW_PX, WINDOWS, TILE_PX = 64, 8, 192
_ONE_MORE = "one more material"  # no name of a material has a space

_Place: TypeAlias = tuple[str, str, int]  # network, path of the weight, which one of that path
_Shape: TypeAlias = tuple[int, ...]


class StartMismatch(ValueError):  # noqa: N818 - the name says what happened
    """A training cannot begin with these weights; the message says why and what to change."""


def warm_start(
    model: Trainable, folder: Path, photographs: Mapping[str, Sequence[np.ndarray]]
) -> dict[str, str]:
    """Give a model the weights of a saved one: generator, its average and the discriminators.

    Optimisers begin anew. What is measured and not learnt is not taken over. The trained generator
    begins as the saved one, which is a running average.

    Args:
        model: untrained; stays as it is if the weights do not fit.
        folder: a saved model; one of an older version has no discriminators, which then begin anew.
        photographs: material -> uint8 (height, width, 3) training regions.

    Returns:
        Material -> the material of the saved model that it begins as; empty for a family that keeps
        nothing for each material.

    Raises:
        StartMismatch: another family, or weights of another shape.
        FileNotFoundError: `folder` holds no saved model.
    """
    old = _opened(folder, model)
    old_weights = dict(_weights(old, judges=load_judges(folder, old.networks())))
    growth = _growth(old)
    carried = {name: part for name, part in _weights(model) if name in old_weights}
    _check_shapes(model, old, carried, old_weights, growth)
    names = old.config.materials
    has_own = bool(names) and any(any(axes) for axes in growth.values())
    origins = _origins(model, old, photographs) if has_own else {}
    rows = [names.index(name) for name in origins.values()] or [0] * model.config.material_count
    for name, variable in carried.items():
        value = np.asarray(old_weights[name])
        variable.assign(_for_materials(value, growth[name], rows, max(1, len(names))))
    return origins


def write_record(folder: Path, origins: Mapping[str, str]) -> None:
    """Write down, in the folder of a training, what each material began as."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_text(json.dumps(dict(origins)))


def read_record(folder: Path) -> dict[str, str]:
    """Return what each material of a training began as; nothing if it began with random weights."""
    path = folder / RECORD
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def _opened(folder: Path, model: Trainable) -> Trainable:
    """The saved model; the discriminators it was trained against are still to be loaded."""
    config = load_config(folder)
    if config.family != model.config.family:
        raise StartMismatch(
            f"the model to start from is a {config.family}, and a {model.config.family} cannot"
            f" begin with its weights; set model.family={config.family}, or leave"
            " training.from_model out"
        )
    old = build_model(config, _training_of(config, model.training))
    old.averaged.load_weights(folder / WEIGHTS)
    old.networks()["generator"].set_weights(old.averaged.get_weights())
    old.measured.update(load_measured(folder))
    return old


def _training_of(config: Any, training: TrainingConfig) -> TrainingConfig:
    """A training that a model of `config` accepts; nothing is trained with it."""
    if config.picture_px is None:
        return training
    return training.model_copy(update={"patch_px": config.picture_px})


def _weights(model: Trainable, judges: Sequence[str] | None = None) -> Iterator[tuple[_Place, Any]]:
    """Every weight by where it is; of the discriminators, only those named if any are."""
    for name, network in {**model.networks(), "averaged": model.averaged}.items():
        if judges is not None and name.startswith("discriminator") and name not in judges:
            continue
        seen: dict[str, int] = {}
        for weight in network.weights:
            number = seen[weight.path] = seen.get(weight.path, -1) + 1
            yield (name, weight.path, number), weight


def _growth(old: Trainable) -> dict[_Place, _Shape]:
    """How much each axis of each weight grows with one more material."""
    names = old.config.materials or ("",)
    wider = build_model(
        old.config.model_copy(update={"materials": (*names, _ONE_MORE)}), old.training
    )
    shapes = {name: tuple(weight.shape) for name, weight in _weights(wider)}
    return {
        name: tuple(after - before for after, before in zip(shapes[name], part.shape, strict=True))
        for name, part in _weights(old)
    }


def _check_shapes(
    model: Trainable,
    old: Trainable,
    carried: Mapping[_Place, Any],
    old_weights: Mapping[_Place, Any],
    growth: Mapping[_Place, _Shape],
) -> None:
    more = model.config.material_count - old.config.material_count
    for name, weight in old_weights.items():
        if name not in carried:
            if model.config.material_count == 1 < old.config.material_count:
                continue  # a layer that only several materials need
            raise _mismatch(model, old, name, tuple(weight.shape), None)
        fitting = tuple(
            size + more * grown for size, grown in zip(weight.shape, growth[name], strict=True)
        )
        if tuple(carried[name].shape) != fitting:
            raise _mismatch(model, old, name, fitting, tuple(carried[name].shape))
    known = {(network, path) for network, path, _ in old_weights}
    judges = {network for network, _, _ in old_weights}
    for name, weight in _weights(model):
        fresh = (
            name[0] not in judges or old.config.material_count == 1 < model.config.material_count
        )
        if name[:2] not in known and not fresh:
            raise _mismatch(model, old, name, None, tuple(weight.shape))


def _mismatch(
    model: Trainable, old: Trainable, name: _Place, there: _Shape | None, here: _Shape | None
) -> StartMismatch:
    mine, theirs = model.config.model_dump(mode="json"), old.config.model_dump(mode="json")
    differing = [
        f"model.{key}={json.dumps(value)}"
        for key, value in theirs.items()
        if key not in ("materials", "preset") and mine[key] != value
    ]
    way_out = f"set {', '.join(differing)} as it has them, or " if differing else ""
    return StartMismatch(
        f"the weights {name[1]} of the {name[0]} are {here or 'missing'} here and"
        f" {there or 'missing'} in the model to start from; {way_out}leave"
        " training.from_model out"
    )


def _origins(
    model: Trainable, old: Trainable, photographs: Mapping[str, Sequence[np.ndarray]]
) -> dict[str, str]:
    """Material -> the known material it begins as, in the order of the model's."""
    known = old.config.materials
    wanted = model.config.materials or tuple(photographs)
    new = [name for name in wanted if name not in known]
    looks = _known_looks(old) if new and len(known) > 1 else {}
    return {
        name: name if name not in new else _closest(looks, photographs[name]) or known[0]
        for name in wanted
    }


def _closest(looks: Mapping[str, np.ndarray], pictures: Sequence[np.ndarray]) -> str | None:
    return min(looks, key=lambda name: _unlike(looks[name], pictures), default=None)


def _known_looks(old: Trainable) -> dict[str, np.ndarray]:
    """Material -> statistics of what the saved model renders of it."""
    renderer = Renderer(old.config, old.averaged, old.measured)
    side = old.config.picture_px or TILE_PX
    return {
        name: _structure(
            [renderer.render(seed=1, height_px=side, width_px=side, material=name)],
            min(side, WINDOW_PX),
        )
        for name in old.config.materials
    }


def _unlike(look: np.ndarray, pictures: Sequence[np.ndarray]) -> float:
    side = min(WINDOW_PX, *(min(picture.shape[:2]) for picture in pictures))
    return float(distance(look, _structure(pictures, side)))


def _structure(pictures: Sequence[np.ndarray], side: int) -> np.ndarray:
    """Mean statistics of grey windows at one contrast: colours are measured, not carried over."""
    windows = []
    for window in spread_windows(pictures, side_px=side, count=WINDOWS):
        grey = luminance(window)
        even = (grey - grey.mean()) / max(float(grey.std()), 1.0) * 40.0 + 128.0
        windows.append(np.repeat(np.clip(even, 0, 255).astype(np.uint8)[..., None], 3, axis=2))
    return np.asarray(describe_windows(windows).mean(axis=0))


def _for_materials(
    value: np.ndarray, growth: _Shape, rows: Sequence[int], known: int
) -> np.ndarray:
    """Lay out a weight for other materials.

    Along an axis that grows, the known materials' entries are the last; what stands before them,
    such as a latent vector's, stays.
    """
    for axis, each in enumerate(growth):
        if each:
            first = value.shape[axis] - each * known
            index = [
                *range(first),
                *(first + each * row + part for row in rows for part in range(each)),
            ]
            value = np.take(value, index, axis=axis)
    return value
