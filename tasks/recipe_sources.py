"""Which model version renders each material of a recipe, found out without importing MLflow.

A plan has to answer at once, and MLflow's import takes seconds. SQLite stores are read directly and
servers asked over their REST interface; whatever is unusual goes through MLflow's own client.
"""

import json
import os
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from http.client import HTTPException

from data.library.recipe import ModelChoice, Recipe
from data.library.records import ModelRef
from data.library.stages import RenderSource
from tasks.errors import MillError
from tasks.missing_versions import way_out
from tasks.records import RegisteredModel
from tasks.server_requests import request_to
from tasks.settings import Settings
from tasks.version_record import version_record


def sources_of(settings: Settings, recipe: Recipe) -> dict[str, RenderSource]:
    """Return material -> the registered version that renders it.

    Raises:
        MillError: no version answers to the recipe, or it does not know the material.
    """
    choices = {entry.material: recipe.model_of(entry) for entry in recipe.materials}
    found = {choice: find_choice(settings, choice) for choice in set(choices.values())}
    for material, choice in choices.items():
        model = found[choice]
        if material not in model.materials:
            raise MillError(
                f"{choice} (version {model.version}) does not know {material!r}; it renders "
                f"{', '.join(model.materials)}"
            )
    return {material: as_source(found[choice]) for material, choice in sorted(choices.items())}


def find_choice(settings: Settings, choice: ModelChoice) -> RegisteredModel:
    """Return the registered version that a recipe means.

    Raises:
        MillError: there is none.
    """
    found = looked_up(settings, choice)
    if found is None:
        raise MillError(
            f"no version answers to {choice} at {settings.shown_tracking_uri}; "
            f"{way_out(choice.name, str(choice.version or choice.alias))}; or name another one in "
            "the recipe"
        )
    return found


def looked_up(settings: Settings, choice: ModelChoice) -> RegisteredModel | None:
    """Return the registered version that answers to `choice`, None if nothing does."""
    try:
        return _quickly(settings, choice)
    except (sqlite3.Error, OSError, HTTPException, KeyError, ValueError):
        return _through_mlflow(settings, choice)


def choice_of(reference: str, own_name: str) -> ModelChoice:
    """Return what a reference means: ALIAS or VERSION of `own_name`, NAME@ALIAS, NAME/VERSION."""
    name, _, which = reference.replace("@", "/").rpartition("/")
    name = name or own_name
    if which.isascii() and which.isdigit():
        return ModelChoice(name=name, version=int(which))
    return ModelChoice(name=name, alias=which)


def as_source(model: RegisteredModel) -> RenderSource:
    """Return what keys need to know of a version."""
    return RenderSource(
        model=ModelRef(
            name=model.name,
            version=str(model.version),
            family=model.family,
            weights_sha256=model.weights_sha256,
            mlflow_run_id=model.mlflow_run_id,
            started_from=model.started_from,
        ),
        dataset_fingerprint=model.dataset_fingerprint,
        materials=model.materials,
    )


def _quickly(settings: Settings, choice: ModelChoice) -> RegisteredModel | None:
    uri = settings.tracking_uri
    if uri.startswith("sqlite:///"):
        return _from_sqlite(uri.removeprefix("sqlite:///"), choice)
    if uri.startswith(("http://", "https://")) and not _needs_a_login():
        return _from_server(uri, choice, settings.door_timeout_s)
    return _through_mlflow(settings, choice)


def _needs_a_login() -> bool:
    return any(
        name.startswith(("MLFLOW_TRACKING_USER", "MLFLOW_TRACKING_T")) for name in os.environ
    )


def _from_sqlite(path: str, choice: ModelChoice) -> RegisteredModel | None:
    place = f"file:{urllib.parse.quote(path)}?mode=ro"
    with closing(sqlite3.connect(place, uri=True, timeout=10)) as base:
        version = choice.version
        if version is None:
            held = base.execute(
                "SELECT version FROM registered_model_aliases WHERE name=? AND alias=?",
                (choice.name, choice.alias),
            ).fetchone()
            if held is None:
                return None
            version = int(held[0])
        run = base.execute(
            "SELECT run_id FROM model_versions WHERE name=? AND version=? "
            "AND current_stage != 'Deleted_Internal'",
            (choice.name, version),
        ).fetchone()
        tags = base.execute(
            "SELECT key, value FROM model_version_tags WHERE name=? AND version=?",
            (choice.name, version),
        ).fetchall()
    return None if run is None else version_record(choice.name, version, run[0] or "", dict(tags))


def _from_server(uri: str, choice: ModelChoice, timeout_s: float) -> RegisteredModel | None:
    if choice.version is None:
        path, query = "registered-models/alias", {"name": choice.name, "alias": choice.alias}
    else:
        path, query = "model-versions/get", {"name": choice.name, "version": str(choice.version)}
    request = request_to(uri, f"/api/2.0/mlflow/{path}?{urllib.parse.urlencode(query)}")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            found = json.load(answer)["model_version"]
    except urllib.error.HTTPError as error:
        with error:
            if error.code in (400, 404):
                return None
            raise
    tags = {tag["key"]: tag.get("value", "") for tag in found.get("tags", [])}
    return version_record(found["name"], int(found["version"]), found.get("run_id", ""), tags)


def _through_mlflow(settings: Settings, choice: ModelChoice) -> RegisteredModel | None:
    from tasks.model_registry import numbered_version, version_with_alias

    if choice.version is not None:
        return numbered_version(settings, choice.name, choice.version)
    return version_with_alias(settings, choice.name, choice.alias)
