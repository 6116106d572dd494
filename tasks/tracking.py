"""Runs in MLflow: parameters, losses, system metrics, pictures, files.

This file, `model_registry.py` and `texture_pyfunc.py` are the only ones that import MLflow, and
they are imported inside the bodies of tasks: the import takes seconds.
"""

import json
import logging
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, RunStatus
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from data.records import PreparedDataset
from data.url_credentials import text_without_credentials, without_credentials
from tasks.errors import MillError
from tasks.pace import Pace
from tasks.server_requests import without_login
from tasks.settings import Settings
from tasks.whole_files import write_whole

logger = logging.getLogger(__name__)

# A metric is a row or a request; a curve of an hour needs no more than this.
METRICS_EVERY_S: Final = 5.0
RUN_FILE: Final = "mlflow_run.json"


def connect(settings: Settings) -> Any:
    """Return an `MlflowClient` of the configured server; make it this process's default.

    Side effects: user and password of its address are put into the environment, where MLflow looks
    for them. In the address it would repeat them in its errors, which Prefect keeps and shows.
    """
    address, login = without_login(settings.tracking_uri)
    if login:
        os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"] = login
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    return MlflowClient(address, address)


def experiment_id(client: Any, settings: Settings) -> str:
    """Return the id of the configured experiment; made if it does not exist.

    Raises:
        MillError: somebody deleted the experiment.
    """
    found = client.get_experiment_by_name(settings.experiment)
    if found is None:
        try:
            return str(client.create_experiment(settings.experiment, settings.artifact_location))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(settings.experiment)  # another process was faster
    if found.lifecycle_stage != "active":
        raise MillError(
            f"the MLflow experiment {settings.experiment!r} was deleted; restore it there, or name "
            "another one with TEXTURE_MILL_EXPERIMENT"
        )
    return str(found.experiment_id)


def known_artifacts(settings: Settings) -> str | None:
    """Return where the configured experiment keeps its artifacts, None if it does not exist."""
    found = connect(settings).get_experiment_by_name(settings.experiment)
    return None if found is None else str(found.artifact_location)


def probe_artifacts(settings: Settings, location: str) -> None:
    """Write, read and remove a small file below `location`, as artifacts of runs are written.

    MLflow's own client does it, because its buckets have variables of their own. Where nothing may
    be deleted, the file stays.

    Raises:
        Exception: what the client says, which depends on the kind of place.
    """
    connect(settings)  # places behind the tracking server are asked for there
    name = f"write-probe-{secrets.token_hex(8)}"
    with TemporaryDirectory() as temporary:
        written = Path(temporary) / name
        written.write_text(name)
        back = Path(temporary) / "back"
        back.mkdir()
        place = get_artifact_repository(f"{location.rstrip('/')}/{name}")
        place.log_artifact(str(written))
        try:
            place.download_artifacts(name, str(back))
            if (back / name).read_text() != name:
                raise MillError("it gives back other bytes than were written")
        finally:
            with suppress(Exception):
                place.delete_artifacts()


class TrackedRun:
    """One open MLflow run. A hiccup of its server ends no training."""

    def __init__(self, client: Any, run_id: str) -> None:
        self.run_id = run_id
        self._client = client
        self._pace = Pace(METRICS_EVERY_S, at_once=True)

    def losses_are_due(self) -> bool:
        """Whether enough time went by since losses were last recorded."""
        return self._pace.is_due()

    def log_losses(self, losses: Mapping[str, float], *, step: int) -> None:
        """Record named values at `step`."""
        stamp = int(time.time() * 1000)
        rows = [Metric(name, float(value), stamp, step) for name, value in losses.items()]
        with self._pace.telling():
            self._or_warn("losses", self._client.log_batch, self.run_id, metrics=rows)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Say of the run what is known before it starts."""
        rows = [mlflow.entities.RunTag(*tag) for tag in tags.items()]
        self._or_warn("tags", self._client.log_batch, self.run_id, tags=rows)

    def log_pictures(self, pictures: Mapping[str, Sequence[Path]]) -> None:
        """Keep pictures, folder -> files, among the run's artifacts, up to the first that fails.

        Every picture asks a server that is gone for half a minute, and a long training has many.
        """
        every = [(path, folder) for folder, paths in pictures.items() for path in paths]
        for number, (path, folder) in enumerate(every):
            rest = f"{len(every) - number} of {len(every)} pictures, from {path} on,"
            if not self._or_warn(rest, self._client.log_artifact, self.run_id, str(path), folder):
                return

    def _or_warn(self, what: str, log: Any, *arguments: Any, **named: Any) -> bool:
        """Record something; False, and a line that says so, if the server did not take it."""
        try:
            log(*arguments, **named)
        except Exception as error:
            # A bucket's client has errors of its own; whatever they are, the training goes well.
            logger.warning("%s could not be recorded in MLflow: %s", what, first_line(error))
            return False
        return True


@contextmanager
def tracked_run(
    settings: Settings,
    folder: Path,
    *,
    name: str,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    dataset: PreparedDataset,
) -> Iterator[TrackedRun]:
    """Open the MLflow run of the training in `folder`, the same one after every interruption.

    Side effects: `<folder>/mlflow_run.json` remembers the run; system metrics are sampled.

    Args:
        settings: which server.
        folder: of the training.
        name: of a new run.
        params: of a new run; nested names with dots.
        tags: set whenever the run is opened.
        dataset: recorded as input of a new run, by fingerprint.
    """
    client = connect(settings)
    run_id = _remembered_run(client, settings, folder)
    if run_id is None:
        run = client.create_run(experiment_id(client, settings), run_name=name)
        run_id = str(run.info.run_id)
        for key, value in params.items():
            client.log_param(run_id, key, value)
        client.log_inputs(run_id, [_dataset_input(dataset)])
        known = {"tracking_uri": settings.shown_tracking_uri, "run_id": run_id}
        write_whole(folder / RUN_FILE, json.dumps(known).encode())
    with mlflow.start_run(run_id=run_id, log_system_metrics=True):
        client.log_batch(run_id, tags=[mlflow.entities.RunTag(*tag) for tag in tags.items()])
        yield TrackedRun(client, run_id)


def log_evaluation(
    settings: Settings, run_id: str, scores: Mapping[str, Mapping[str, Any]], sheet: Path
) -> None:
    """Record material -> score -> value as metrics of a run and as `scores.json`, and `sheet`."""
    client = connect(settings)
    stamp = int(time.time() * 1000)
    rows = [
        Metric(f"{material}.{score}", float(value), stamp, 0)
        for material, values in scores.items()
        for score, value in values.items()
        if isinstance(value, bool | int | float)
    ]
    client.log_batch(run_id, metrics=rows)
    client.log_dict(run_id, dict(scores), "scores.json")
    client.log_artifact(run_id, str(sheet), "evaluation")


def log_folder(settings: Settings, run_id: str, folder: Path, name: str) -> None:
    """Keep a folder among the artifacts of a run, as `name`."""
    connect(settings).log_artifacts(run_id, str(folder), name)


def download(settings: Settings, uri: str, folder: Path) -> Path:
    """Copy the artifacts at `uri` (`runs:/...`, `models:/...`) into `folder`, return the place."""
    connect(settings)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        raise MillError(
            f"{uri} cannot be downloaded from {settings.shown_tracking_uri}: {first_line(error)}"
        ) from error


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text without credentials, or its kind if it has none."""
    return text_without_credentials((str(error).splitlines() or [type(error).__name__])[0])


def _remembered_run(client: Any, settings: Settings, folder: Path) -> str | None:
    """The run an earlier attempt opened on this server, unless it was deleted meanwhile."""
    try:
        remembered = json.loads((folder / RUN_FILE).read_text())
        # Another password leads to the same server; earlier files have the password too.
        if without_credentials(remembered["tracking_uri"]) != settings.shown_tracking_uri:
            return None
        run = client.get_run(remembered["run_id"])
    except (OSError, ValueError, KeyError):
        return None
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    if run.info.lifecycle_stage != "active":
        return None
    if run.info.status != RunStatus.to_string(RunStatus.RUNNING):
        client.update_run(run.info.run_id, status=RunStatus.to_string(RunStatus.RUNNING))
    return str(run.info.run_id)


def _dataset_input(dataset: PreparedDataset) -> Any:
    """The dataset by name and fingerprint; MLflow never sees pixels."""
    profile = {"photographs": len(dataset.photographs), "materials": len(dataset.materials)}
    entity = Dataset(
        name=dataset.tfds_name or "photographs",
        digest=dataset.fingerprint[:32],  # MLflow's column has room for 36 characters
        source_type="local",
        source=json.dumps({"source": dataset.source, "fingerprint": dataset.fingerprint}),
        profile=json.dumps(profile),
    )
    tags = [
        InputTag(MLFLOW_DATASET_CONTEXT, "training"),
        InputTag("sha256", dataset.fingerprint),
    ]
    return DatasetInput(dataset=entity, tags=tags)
