"""Versions in MLflow's model registry: packaged, found, compared, promoted.

One registered model has two aliases that mean something: `candidate`, the newest version, and
`champion`, the one libraries are rendered from; `previous-champion` makes going back one call.
What is known about a version stands in its tags, so a reader needs no file of the training.
"""

import importlib.metadata
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

from tasks.content_keys import ROOT, digest_of
from tasks.errors import MillError
from tasks.records import RegisteredModel, TrainingRun
from tasks.settings import Settings
from tasks.tracking import connect, download, first_line
from tasks.version_record import TAG, version_record, version_tags
from texture_models.saved_model import WEIGHTS, weights_sha256

logger = logging.getLogger(__name__)

# What every database that MLflow runs on takes. Longer tags pass MLflow's own check (100,000) and
# are refused by MySQL, whose TEXT ends here; the column of descriptions is VARCHAR(5000).
TAG_BYTES: Final = 65_535
DESCRIPTION_BYTES: Final = 5000

CANDIDATE: Final = "candidate"
CHAMPION: Final = "champion"
PREVIOUS_CHAMPION: Final = "previous-champion"
_SCORES: Final = f"{TAG}scores_key"  # tag of a version: which scores it is judged by

# What `texture_pyfunc.py` and `texture_models` import; asking MLflow to guess takes 15 seconds.
_REQUIRED: Final = ("tensorflow", "keras", "numpy", "scipy", "h5py", "pillow", "pydantic", "pandas")


def find_version(settings: Settings, name: str, training_key: str) -> RegisteredModel | None:
    """Return the version of `name` that came out of this training, None if there is none."""
    wanted = f"name='{name}' and tags.`{TAG}training_key`='{training_key}'"
    found = connect(settings).search_model_versions(wanted)
    return _record(max(found, key=lambda version: int(version.version))) if found else None


def version_with_alias(settings: Settings, name: str, alias: str) -> RegisteredModel | None:
    """Return the version of `name` that holds `alias`, None if nothing does."""
    try:
        return _record(connect(settings).get_model_version_by_alias(name, alias))
    except MlflowException as error:
        # SQL stores say INVALID_PARAMETER_VALUE for an alias that a registered model lacks.
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def numbered_version(settings: Settings, name: str, version: int) -> RegisteredModel | None:
    """Return version `version` of `name`, None if there is none."""
    try:
        return _record(connect(settings).get_model_version(name, str(version)))
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def create_version(
    settings: Settings, name: str, run: TrainingRun, scores: Mapping[str, Mapping[str, Any]]
) -> RegisteredModel:
    """Package a trained model, register it as the next version of `name` and call it candidate.

    Side effects: a logged model in the MLflow run, a version in the registry, the alias moved.

    Args:
        settings: which server.
        name: in the registry.
        run: the training.
        scores: material -> score -> value; kept inside the model, too, for whoever has only that.
    """
    client = connect(settings)
    key = _log_scores(client, run.mlflow_run_id, scores)
    with mlflow.start_run(run_id=run.mlflow_run_id):
        logged = _log_pyfunc(run, scores)
    facts = {
        "training_key": run.key,
        "family": run.model.family,
        "weights_sha256": weights_sha256(Path(run.model_dir)),
        "dataset_fingerprint": run.dataset_fingerprint,
        "request_key": run.request_key,
        "started_from": run.started_from,
    }
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(
        name,
        source=logged.model_uri,
        run_id=run.mlflow_run_id,
        tags={**version_tags(facts, run.model.materials), _SCORES: key},
        description=_shortened(
            f"{run.model.family} of {', '.join(run.model.materials)}; not judged yet",
            DESCRIPTION_BYTES,
        ),
        model_id=logged.model_id,
    )
    client.set_registered_model_alias(name, CANDIDATE, version.version)
    return _record(version)


def name_candidate(settings: Settings, model: RegisteredModel) -> None:
    """Call a version candidate if it is the newest of its name; a newer one is left in its place.

    A run that dies between making a version and naming it leaves the alias where it was.

    Side effects: moves the alias.
    """
    client = connect(settings)
    versions = client.search_model_versions(f"name='{model.name}'")
    if model.version == max(int(version.version) for version in versions):
        client.set_registered_model_alias(model.name, CANDIDATE, str(model.version))


def record_verdict(
    settings: Settings, model: RegisteredModel, *, verdict: Mapping[str, str], description: str
) -> None:
    """Write the gate's decision and its reason onto the version, where people look.

    The description of many materials is shortened, with a mark; the tags have all of it.
    """
    client = connect(settings)
    for key, value in verdict.items():
        client.set_model_version_tag(
            model.name, str(model.version), TAG + key, _shortened(value, TAG_BYTES)
        )
    client.update_model_version(
        model.name, str(model.version), description=_shortened(description, DESCRIPTION_BYTES)
    )


def read_verdict(settings: Settings, model: RegisteredModel) -> dict[str, str]:
    """Return what `record_verdict` wrote, empty if the version was never judged."""
    tags = connect(settings).get_model_version(model.name, str(model.version)).tags
    return {
        key.removeprefix(TAG): value for key, value in tags.items() if key.startswith(TAG + "gate.")
    }


def keep_scores(
    settings: Settings, model: RegisteredModel, scores: Mapping[str, Mapping[str, Any]]
) -> None:
    """Make these the scores that a version is judged by; those it had stay beside them.

    Side effects: a file in the version's MLflow run, then a tag of the version, unless it has them.
    """
    client = connect(settings)
    if scores_key(settings, model) != _key_of(scores):
        key = _log_scores(client, model.mlflow_run_id, scores)
        client.set_model_version_tag(model.name, str(model.version), _SCORES, key)


def scores_key(settings: Settings, model: RegisteredModel) -> str:
    """Return what `read_scores` finds a version's newest scores by; empty if they have no key."""
    tags = connect(settings).get_model_version(model.name, str(model.version)).tags
    return str(tags.get(_SCORES, ""))


def read_scores(settings: Settings, model: RegisteredModel, key: str) -> dict[str, dict[str, Any]]:
    """Return material -> score -> value of a registered version.

    Args:
        settings: which server.
        model: whose scores.
        key: which of its scores; empty for those inside the model, from before scores had keys.

    Raises:
        MillError: its files are not where the registry says.
    """
    connect(settings)
    try:
        if key:
            file = f"runs:/{model.mlflow_run_id}/{_scores_file(key)}"
            return dict(mlflow.artifacts.load_dict(file))
        metadata = mlflow.models.get_model_info(model.uri).metadata or {}
    except (MlflowException, OSError) as error:
        raise MillError(
            f"{model.uri} cannot be read from {settings.shown_tracking_uri}: {first_line(error)}; "
            "bring its artifacts back, or register the model again"
        ) from error
    return dict(metadata.get("scores", {}))


def move_champion(settings: Settings, model: RegisteredModel) -> None:
    """Point `champion` at a version; the one it pointed at becomes `previous-champion`."""
    client = connect(settings)
    before = version_with_alias(settings, model.name, CHAMPION)
    if before is not None and before.version != model.version:
        client.set_registered_model_alias(model.name, PREVIOUS_CHAMPION, str(before.version))
    client.set_registered_model_alias(model.name, CHAMPION, str(model.version))


def fetch_weights(settings: Settings, model: RegisteredModel, folder: Path) -> Path:
    """Return the saved generator of a version, downloaded into `folder` unless it lies there whole.

    Only numbers are read from it; the code that travels with the version is not executed. What lies
    there is compared with the registered digest every time: disks lose bits, and people edit files.

    Raises:
        MillError: the registry does not have it any more, or has other weights.
    """
    place = folder / model.weights_sha256[:16]
    if not _holds(place, model.weights_sha256):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".incomplete-") as temporary:
            fetched = download(settings, model.uri, Path(temporary))
            found = (path.parent for path in fetched.rglob(WEIGHTS))
            saved = next((s for s in found if _holds(s, model.weights_sha256)), None)
            if saved is None:
                raise MillError(
                    f"the weights of {model.uri} are not those that were registered; "
                    "register the model again"
                )
            if place.exists():
                logger.warning("the weights in %s were damaged, and are fetched again", place)
                place.replace(Path(temporary) / "damaged")
            saved.replace(place)
    return place


def _record(version: Any) -> RegisteredModel:
    return version_record(
        version.name, int(version.version), version.run_id or "", version.tags or {}
    )


def _key_of(scores: Mapping[str, Mapping[str, Any]]) -> str:
    return digest_of(json.dumps(scores, sort_keys=True))


def _scores_file(key: str) -> str:
    return f"scores/{key[:16]}.json"


def _log_scores(client: Any, run_id: str, scores: Mapping[str, Mapping[str, Any]]) -> str:
    """Keep scores under a name of their own, which no later evaluation writes to."""
    key = _key_of(scores)
    client.log_dict(run_id, dict(scores), _scores_file(key))
    return key


def _shortened(text: str, most_bytes: int) -> str:
    """Return a text that ends with a mark where it is cut."""
    encoded = text.encode()
    if len(encoded) <= most_bytes:
        return text
    mark = f"\n... ({len(encoded)} bytes shortened to {most_bytes})"
    return encoded[: most_bytes - len(mark)].decode(errors="ignore") + mark


def _holds(folder: Path, weights: str) -> bool:
    """Whether a folder has the weights of this digest, whole."""
    try:
        return weights_sha256(folder) == weights
    except (OSError, KeyError, RuntimeError):  # what HDF5 says of a damaged file
        return False


def _log_pyfunc(run: TrainingRun, scores: Mapping[str, Mapping[str, Any]]) -> Any:
    material = run.model.materials[0] if run.model.materials else ""
    size = max(128, run.model.pixels_per_cell)
    params = {"seed": 1, "size_px": 512, "material": material}
    signature = ModelSignature(
        inputs=Schema(
            [ColSpec("long", "seed", required=False), ColSpec("string", "material", required=False)]
        ),
        outputs=Schema(
            [
                ColSpec("long", "seed"),
                ColSpec("string", "material"),
                ColSpec("long", "size_px"),
                ColSpec("string", "png"),
            ]
        ),
        params=ParamSchema(
            [
                ParamSpec("seed", "long", params["seed"]),
                ParamSpec("size_px", "long", params["size_px"]),
                ParamSpec("material", "string", params["material"]),
            ]
        ),
    )
    example = pd.DataFrame({"seed": [1], "material": [material]})
    return mlflow.pyfunc.log_model(
        name="texture",
        python_model=str(ROOT / "tasks" / "texture_pyfunc.py"),
        artifacts={"model": run.model_dir},
        code_paths=[str(ROOT / "texture_models")],
        signature=signature,
        input_example=(example, {"size_px": size}),
        pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in _REQUIRED],
        metadata={"training_key": run.key, "scores": scores},
    )
