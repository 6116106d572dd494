"""`prefect.yaml` as a list of experiments, and overrides of it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from data.config import DatasetConfig
from flows.deployments import (
    DeploymentError,
    find_deployment,
    load_flow,
    read_deployments,
    typed_parameters,
    with_overrides,
)

DEPLOYMENTS = read_deployments()


@pytest.mark.parametrize("deployment", DEPLOYMENTS.values(), ids=lambda entry: entry.name)
def test_every_deployment_accepts_its_parameters(deployment) -> None:
    flow = load_flow(deployment)
    typed = typed_parameters(flow, deployment.parameters)
    assert flow.validate_parameters(dict(deployment.parameters)) == typed
    assert deployment.description


def test_an_override_reaches_the_place_it_names() -> None:
    original = {"training": {"steps": 5, "seed": 1}}
    changed = with_overrides(original, ["training.steps=7", "dataset.materials=[brick]"])
    assert changed == {"training": {"steps": 7, "seed": 1}, "dataset": {"materials": ["brick"]}}
    assert original == {"training": {"steps": 5, "seed": 1}}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("training.steps", "write a.b=value"),
        ("=3", "write a.b=value"),
        ("training.steps.deep=3", "steps is a value, not a group"),
    ],
)
def test_an_override_that_goes_nowhere_is_refused(override: str, said: str) -> None:
    with pytest.raises(DeploymentError, match=said):
        with_overrides({"training": {"steps": 5}}, [override])


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("trainig.steps=3", r"unknown key trainig; did you mean training\?"),
        ("training.minuts=3", r"unknown key training.minuts; did you mean minutes\?"),
        ("model.prest=M", r"unknown key model.prest; did you mean preset\?"),
        ("minutes=3", "unknown key minutes; write training.minutes"),
        ("qqqq=3", r"unknown key qqqq; there is (?!.*return)"),
        ("training.steps=0", r"training.steps: .* greater than or equal to 1, not 0"),
        ("model.preset=XL", r"model.preset: .* not 'XL'"),
        ("publishing.library=../x", r"publishing.library: .* not '../x'"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_the_way_out(override: str, said: str) -> None:
    deployment = DEPLOYMENTS["produce-library"]
    raw = with_overrides(deployment.parameters, [override])
    with pytest.raises(DeploymentError, match=said):
        typed_parameters(load_flow(deployment), raw)


def test_an_unknown_deployment_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(DeploymentError, match=r"no deployment 'produce'; did you mean produce-"):
        find_deployment("produce")


def test_a_file_that_is_no_yaml_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "prefect.yaml"
    broken.write_text("deployments: [")
    with pytest.raises(DeploymentError, match="cannot be read") as caught:
        read_deployments(broken)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "source", ["s3://me:s3/cret@bucket/stones", "https://host/stones?sig=s3cret"]
)
def test_credentials_in_a_source_are_refused_and_not_repeated(source: str) -> None:
    deployment = find_deployment("train-texture")
    raw = with_overrides(deployment.parameters, [f"dataset.source={source}"])
    with pytest.raises(DeploymentError, match=r"^dataset\.source: .* in the environment") as caught:
        typed_parameters(load_flow(deployment), raw)
    assert "cret" not in str(caught.value)
    with pytest.raises(ValidationError) as caught_by_form:
        DatasetConfig(source=source)
    assert "cret" not in str(caught_by_form.value)


def test_words_that_older_yaml_takes_for_booleans_are_words() -> None:
    wanted = ["training.augment=off", "translation.tiles=yes", "a.b=True", "a.c=false", "a.d=3"]
    assert with_overrides({}, wanted) == {
        "training": {"augment": "off"},
        "translation": {"tiles": "yes"},
        "a": {"b": True, "c": False, "d": 3},
    }


@pytest.mark.parametrize(
    ("experiment", "group", "field"),
    [
        ("train-texture", "training", "from_model"),
        ("translate-textures", "translation", "model_version"),
    ],
)
def test_a_version_may_be_given_as_a_number(experiment: str, group: str, field: str) -> None:
    deployment = find_deployment(experiment)
    raw = with_overrides(deployment.parameters, [f"{group}.{field}=2"])
    typed = typed_parameters(load_flow(deployment), raw)
    assert getattr(typed[group], field) == "2"
