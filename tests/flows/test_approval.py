"""A person decides on a candidate, in the form of a paused run on a real Prefect server."""

import contextlib
import json
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tasks.ask_operator import check_approval
from tasks.config import ApprovalConfig
from tasks.errors import MillError
from tasks.promote_model import with_answer
from tasks.records import Answer
from tests.conftest import ProducedLibrary
from tests.mill_runs import TINY, running_mill
from texture_models.metrics.gate import GateVerdict

PASSED = GateVerdict(passed=True, reasons=())
REFUSED = GateVerdict(passed=False, reasons=("brick: diversity 0.1 is below its limit 0.4",))


def _ask(url: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    for pause_s in (0.5, 1.0, 2.0, 4.0):
        # A busy server wants to be asked again, and Prefect's own client does.
        with contextlib.suppress(urllib.error.HTTPError):
            return _answer(request)
        time.sleep(pause_s)
    return _answer(request)


def _answer(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _paused_run(server: str, process: Any) -> dict[str, Any]:
    """Wait for the run of promote-model that asks."""
    wanted = {
        "flows": {"name": {"any_": ["promote-model"]}},
        "flow_runs": {"state": {"type": {"any_": ["PAUSED"]}}},
    }
    deadline = time.monotonic() + 120
    while not (runs := _ask(f"{server}/flow_runs/filter", wanted)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no run asked within two minutes"
        time.sleep(0.5)
    run: dict[str, Any] = runs[0]
    return run


@pytest.mark.server
@pytest.mark.slow
def test_a_person_who_says_no_keeps_the_candidate_from_becoming_champion(
    produced_library: ProducedLibrary, prefect_server: str, tmp_path: Path
) -> None:
    home = tmp_path / "mill"
    shutil.copytree(produced_library.home, home)
    gate = next(value for value in TINY if value.startswith("gate="))
    # Another gate than the one whose verdict is on the version, or nobody would be asked.
    changed = gate.replace("set_ratio: 1e9", "set_ratio: 2e9")
    with running_mill(
        *("run", "promote-model", "--set", changed, "--set", "approval.ask=true"),
        home=home,
        changes={"PREFECT_API_URL": prefect_server},
    ) as process:
        run = _paused_run(prefect_server, process)
        here = f"{prefect_server}/flow_runs/{run['id']}"
        form = "".join(
            found["value"] for found in _ask(f"{here}/input/filter", {"prefix": "", "limit": 20})
        )
        assert "Shall it become the champion?" in form
        assert "data:image/jpeg;base64," in form
        nonsense = {"run_input": {"decision": "perhaps"}}
        assert _ask(f"{here}/resume", nonsense)["status"] == "REJECT"
        answer = {"run_input": {"decision": "reject", "reason": "too *dark*"}}
        assert _ask(f"{here}/resume", answer)["status"] == "ACCEPT"
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "rejected by a person: too *dark*" in output


def test_a_person_may_refuse_what_the_gate_let_pass_but_not_the_other_way_round() -> None:
    no, yes = Answer(approved=False, reason="too dark"), Answer(approved=True)
    assert with_answer(PASSED, None) == PASSED
    assert with_answer(PASSED, no).reasons == ("rejected by a person: too dark",)
    assert not with_answer(PASSED, no).passed
    assert with_answer(PASSED, yes) == GateVerdict(passed=True, reasons=("approved by a person",))
    assert with_answer(REFUSED, yes) == REFUSED


def test_nobody_is_asked_on_a_server_without_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    check_approval(ApprovalConfig())
    with pytest.raises(MillError, match="set PREFECT_API_URL to a server"):
        check_approval(ApprovalConfig(ask=True))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    check_approval(ApprovalConfig(ask=True))
