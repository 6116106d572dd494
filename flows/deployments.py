"""`prefect.yaml` read as a list of experiments: name -> flow and parameters, with overrides.

The deployments there are the only experiment format; a run from the command line takes the same
block as a worker does.
"""

import difflib
import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from data.url_credentials import text_without_credentials

PREFECT_YAML = Path(__file__).resolve().parent.parent / "prefect.yaml"


class DeploymentError(ValueError):
    """An experiment or an override is not understood; one line that names the nearest right one."""


@dataclass(frozen=True)
class Deployment:
    """One entry of `prefect.yaml`."""

    name: str
    description: str
    entrypoint: str
    parameters: Mapping[str, Any]

    @property
    def module(self) -> str:
        """Python module of the flow."""
        return self.entrypoint.partition(":")[0].removesuffix(".py").replace("/", ".")

    @property
    def function(self) -> str:
        """Name of the flow in its module."""
        return self.entrypoint.partition(":")[2]


def read_deployments(path: Path = PREFECT_YAML) -> dict[str, Deployment]:
    """Return name -> deployment, in the file's order.

    Raises:
        DeploymentError: the file is missing or is no YAML.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())
        raise DeploymentError(f"{path} cannot be read: {why}") from None
    entries = content.get("deployments") or []
    return {
        entry["name"]: Deployment(
            name=entry["name"],
            description=" ".join((entry.get("description") or "").split()),
            entrypoint=entry["entrypoint"],
            parameters=entry.get("parameters") or {},
        )
        for entry in entries
    }


def find_deployment(name: str, path: Path = PREFECT_YAML) -> Deployment:
    """Return the deployment called `name`.

    Raises:
        DeploymentError: there is none.
    """
    known = read_deployments(path)
    if name not in known:
        raise DeploymentError(f"no deployment {name!r}{_nearest(name, known)}")
    return known[name]


# Of version 1.2, in which off and yes are words; PyYAML reads 1.1, in which they are booleans.
_YAML = YAML(typ="safe", pure=True)


def with_overrides(parameters: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return `parameters` with every `a.b=value` put in its place; values are read as YAML 1.2.

    Raises:
        DeploymentError: an override has no `=`, or goes through something that is not a group.
    """
    result: dict[str, Any] = _copy(parameters)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not all(key.split(".")):
            raise DeploymentError(f"--set {override!r} is not understood; write a.b=value")
        *groups, last = key.split(".")
        place = result
        for group in groups:
            place = place.setdefault(group, {})
            if not isinstance(place, dict):
                raise DeploymentError(f"--set {override!r}: {group} is a value, not a group")
        try:
            place[last] = _YAML.load(text)
        except YAMLError:
            place[last] = text
    return result


def load_flow(deployment: Deployment) -> Any:
    """Import and return the deployment's flow; takes seconds, because it imports Prefect."""
    return getattr(importlib.import_module(deployment.module), deployment.function)


def typed_parameters(flow: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter of `flow` as its type, defaults filled in.

    Raises:
        DeploymentError: a key is unknown, missing or out of range: the first such, in one line.
    """
    signature = inspect.signature(flow.fn)
    hints = get_type_hints(flow.fn, include_extras=True)
    if unknown := sorted(set(raw) - set(signature.parameters)):
        inside = _inside(unknown[0], hints)
        way_out = f"; write {inside[0]}" if inside else _nearest(unknown[0], signature.parameters)
        raise DeploymentError(f"unknown key {unknown[0]}{way_out}")
    typed = {}
    for name, parameter in signature.parameters.items():
        if name not in raw and parameter.default is not inspect.Parameter.empty:
            typed[name] = parameter.default
            continue
        adapter: TypeAdapter[Any] = TypeAdapter(hints[name])
        try:
            typed[name] = adapter.validate_python(raw.get(name, {}))
        except ValidationError as error:
            raise DeploymentError(_first_mistake(name, adapter, error)) from None
    return typed


def _inside(key: str, hints: Mapping[str, Any]) -> list[str]:
    """Return where a parameter has a field of that name."""
    return [f"{name}.{key}" for name, hint in hints.items() if key in _fields_of(hint)]


def _fields_of(hint: Any) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = getattr(hint, "model_fields", {})
    return fields


def _first_mistake(name: str, adapter: TypeAdapter[Any], error: ValidationError) -> str:
    mistakes = error.errors(include_url=False)
    # A misspelt key often makes others wrong too; it is the one to say.
    first = next((e for e in mistakes if e["type"] == "extra_forbidden"), mistakes[0])
    schema = adapter.json_schema()
    key = ".".join((name, *_written(schema, first["loc"])))
    if first["type"] == "extra_forbidden":
        known = _fields(schema, first["loc"][:-1])
        return f"unknown key {key}{_nearest(str(first['loc'][-1]), known)}"
    if first["type"] == "value_error":  # our own words, which name the value
        return f"{key}: {first['msg'].removeprefix('Value error, ')}"
    given = f", not {first['input']!r}" if first["type"] != "missing" else ""
    return f"{key}: {first['msg']}{text_without_credentials(given)[:200]}"


def _written(schema: Mapping[str, Any], location: Sequence[int | str]) -> list[str]:
    """A mistake's location as its key is written: without the member of a union it went through."""
    members = schema.get("discriminator", {}).get("mapping", {})
    return [str(part) for part in location[1 if location and location[0] in members else 0 :]]


def _fields(schema: Mapping[str, Any], location: Sequence[int | str]) -> list[str]:
    """Names of the fields at `location` of a JSON schema."""
    node = _resolved(schema, schema)
    for part in location:
        branch: Mapping[str, Any]
        if members := node.get("discriminator", {}).get("mapping"):
            branch = {"$ref": members[part]}
        else:
            branch = node.get("properties", {}).get(part) or node.get("items") or node
        node = _resolved(schema, branch)
    return list(node.get("properties", {}))


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else node


def _nearest(name: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(names)}" if names else ""


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(part) for key, part in value.items()}
    return value
