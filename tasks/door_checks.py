"""What must be true before a run starts: found out in seconds, said in one line.

An hour of training that ends in `permission denied` is the worst way to learn it.
"""

import contextlib
import http.client
import shutil
import sqlite3
import urllib.error
import urllib.request
from functools import lru_cache
from http import HTTPStatus

from data.object_store import ObjectStore, check_writable, open_store
from data.store_promises import StorePromises, promises_of, read_by_strangers
from data.url_credentials import without_credentials
from tasks.errors import MillError
from tasks.server_requests import request_to
from tasks.settings import PREFIX, Settings, make_home


def check_place() -> None:
    """Make the home folder and check the doors, once in a process, which is one run.

    Flows that train or publish begin with it: a worker starts them without the command line, which
    asks before it starts a server of its own.

    Side effects: as `check_doors`.

    Raises:
        MillError: the home folder cannot be made, the disk is nearly full, a server does not
            answer.
        StoreError: the store cannot be written.
    """
    _check_once(Settings())


@lru_cache(maxsize=1)
def _check_once(settings: Settings) -> None:
    # What is refused raises, and is therefore not remembered.
    make_home(settings)
    check_doors(settings)


def check_doors(settings: Settings) -> None:
    """Check disk, servers and store.

    Side effects: creates and removes one small object in the store; makes the home folder's
    databases if they are missing.

    Raises:
        MillError: the disk is nearly full, or a server does not answer.
        StoreError: the store cannot be written.
    """
    check_disk(settings)
    if not settings.embedded_prefect:
        _check_health("Prefect server", settings.prefect_api_url, "PREFECT_API_URL", settings)
    if settings.tracking_uri.startswith(("http://", "https://")):
        _check_health("MLflow server", settings.tracking_uri, "MLFLOW_TRACKING_URI", settings)
    elif settings.tracking_uri.startswith("sqlite:///"):
        _check_sqlite(settings.tracking_uri)
    check_writable(settings.store_url)
    check_store(settings)


def check_artifacts() -> None:
    """Ask whether a training's pictures and its model can be kept where they belong.

    Flows that train call it, and no others: MLflow's import takes seconds, and whoever only renders
    may have no permission to write there. A server that has no such experiment yet has not said
    where, and is not asked.

    Side effects: creates and removes one small file among the experiment's artifacts.

    Raises:
        MillError: it cannot be written and read.
    """
    settings = Settings()
    if _home_keeps_artifacts(settings):
        return
    from tasks.tracking import first_line, known_artifacts, probe_artifacts

    own = known_artifacts(settings)
    location = own or settings.artifact_location
    if location is None:
        return
    try:
        probe_artifacts(settings, location)
    except Exception as error:  # every kind of bucket has errors of its own
        way_out = f"name another place with {PREFIX}ARTIFACT_URL"
        if own:
            way_out = (
                "name another experiment, because this one keeps the place it was made with: "
                f"{PREFIX}EXPERIMENT, and {PREFIX}ARTIFACT_URL for its place"
            )
        raise MillError(
            f"artifacts of the MLflow experiment {settings.experiment!r} cannot be kept at "
            f"{without_credentials(location)}: {first_line(error)}; correct the credentials in the "
            f"environment (for s3:// AWS_* and MLFLOW_S3_ENDPOINT_URL), or {way_out}"
        ) from None


def _home_keeps_artifacts(settings: Settings) -> bool:
    """Whether artifacts go into the home folder, which was made; found out without MLflow."""
    if settings.artifact_url or not settings.embedded_tracking:
        return False
    try:
        with contextlib.closing(sqlite3.connect(settings.home / "mlflow.db", timeout=5)) as base:
            asked = "SELECT artifact_location FROM experiments WHERE name = ?"
            found = base.execute(asked, (settings.experiment,)).fetchone()
    except sqlite3.Error:
        return True  # the first run makes the tables
    return found is None or str(found[0]).startswith("file:")


def check_store(settings: Settings) -> StorePromises:
    """Return what the store promises.

    Side effects: creates and removes one small object in the store.

    Raises:
        MillError: strangers can read it, and that was not asked for.
        StoreError: it cannot be written.
    """
    found = promises_of(open_store(settings.store_url))
    if found.public_read and not settings.public_read:
        raise _strangers_read(found.url)
    return found


def refuse_strangers(store: ObjectStore, settings: Settings) -> None:
    """Ask what `check_store` asks, before something is written that readers of a store will see.

    Side effects: creates and removes one small object in a bucket.

    Raises:
        MillError: strangers can read it, and that was not asked for.
        StoreError: it cannot be written.
    """
    if not settings.public_read and read_by_strangers(store):
        raise _strangers_read(store.url)


def _strangers_read(url: str) -> MillError:
    return MillError(
        f"whoever knows the address can read {url} without credentials; make it private, "
        f"or say that it is meant to be public: {PREFIX}PUBLIC_READ=true"
    )


def check_disk(settings: Settings) -> None:
    """Ask for the configured free space in the home folder.

    Raises:
        MillError: there is less.
    """
    free_mb = shutil.disk_usage(settings.home).free // 1_000_000
    if free_mb < settings.required_free_mb:
        raise MillError(
            f"the disk of {settings.home} has {free_mb} MB free and a run asks for "
            f"{settings.required_free_mb} MB; free some space, move the home folder "
            f"({PREFIX}HOME) or ask for less ({PREFIX}REQUIRED_FREE_MB)"
        )


def _check_health(what: str, url: str, variable: str, settings: Settings) -> None:
    shown = without_credentials(url)
    try:
        request = request_to(url, "/health")
        with urllib.request.urlopen(request, timeout=settings.door_timeout_s):
            return
    except urllib.error.HTTPError as error:
        # A proxy that asks who we are stands in front of a server that runs.
        if error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return
        why = f"answers HTTP {error.code}"
    except OSError as error:
        why = f"does not answer ({getattr(error, 'reason', error)})"
    except (ValueError, http.client.InvalidURL):
        # What they say repeats a part of the address, which may be one of the password.
        why = "cannot be asked: its address is not understood (a password's / is written %2F)"
    except http.client.HTTPException as error:
        why = f"does not answer as a web server does ({type(error).__name__})"
    raise MillError(
        f"the {what} at {shown} {why}; start it, correct {variable}, or unset it to use the "
        "embedded one"
    )


def _check_sqlite(uri: str) -> None:
    path = uri.removeprefix("sqlite:///")
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=5)) as database:
            # Takes and gives back the write lock: a read-only folder or file fails here.
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
    except sqlite3.Error as error:
        raise MillError(
            f"the MLflow database {path} cannot be written: {error}; correct MLFLOW_TRACKING_URI "
            f"or move the home folder ({PREFIX}HOME)"
        ) from None
