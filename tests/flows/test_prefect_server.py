"""`prefect.yaml` on a real Prefect server: what breaks there is invisible to everything else."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from flows.deployments import read_deployments
from tests.mill_runs import ROOT, clean_environment

pytestmark = [pytest.mark.server, pytest.mark.slow]


def _ask(url: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def deployments(
    prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Everything of `prefect.yaml`, as the server has it."""
    _ask(f"{prefect_server}/work_pools/", {"name": "mill", "type": "process"})
    done = subprocess.run(
        [Path(sys.executable).with_name("prefect"), "--no-prompt", "deploy", "--all"],
        cwd=ROOT,
        env=clean_environment(
            tmp_path_factory.mktemp("deploy"), {"PREFECT_API_URL": prefect_server}
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = _ask(f"{prefect_server}/deployments/filter", {})
    return {deployment["name"]: deployment for deployment in found}


def test_every_deployment_arrives_with_its_description(deployments: dict[str, Any]) -> None:
    known = read_deployments()
    assert set(deployments) == set(known)
    assert all(deployments[name]["description"] == known[name].description for name in known)


def test_the_run_form_explains_its_fields(deployments: dict[str, Any]) -> None:
    schema = deployments["produce-library"]["parameter_openapi_schema"]
    assert set(schema["properties"]) >= {"dataset", "model", "training", "rendering", "publishing"}
    fields = schema["definitions"]["TrainingConfig"]["properties"]
    assert all(field.get("description") for field in fields.values())
    assert schema["definitions"]["TrainingConfig"]["additionalProperties"] is False


def test_the_server_refuses_a_wrong_parameter_before_anything_starts(
    prefect_server: str, deployments: dict[str, Any]
) -> None:
    name = deployments["produce-library"]["id"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        _ask(
            f"{prefect_server}/deployments/{name}/create_flow_run",
            {"parameters": {"model": {"family": "psgan"}, "training": {"stps": 3}}},
        )
    with caught.value as answer:
        assert answer.code in (409, 422)
        assert "stps" in answer.read().decode()


def test_no_path_of_this_machine_is_baked_in(deployments: dict[str, Any]) -> None:
    assert str(ROOT) not in json.dumps(list(deployments.values()))


def test_a_nightly_deployment_gets_scheduled_runs(
    prefect_server: str, deployments: dict[str, Any]
) -> None:
    wanted = {
        "deployments": {"id": {"any_": [deployments["produce-nightly"]["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    deadline = time.monotonic() + 60
    while not (runs := _ask(f"{prefect_server}/flow_runs/filter", wanted)):
        assert time.monotonic() < deadline, "no run was scheduled within a minute"
        time.sleep(1)
    assert all(run["expected_start_time"][11:16] == "02:00" for run in runs)
