"""The registered model as others meet it: loaded, served, compared, promoted."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.content_keys import digest_of
from tasks.errors import MillError
from tasks.promote_model import promote_model
from tasks.records import RegisteredModel, TrainingRun
from tasks.settings import Settings
from tests.conftest import ProducedLibrary
from tests.mill_runs import clean_environment
from texture_models.metrics.gate import GateConfig

pytestmark = pytest.mark.slow

# Whatever a model of a few steps measures is within these.
LENIENT = GateConfig(
    set_ratio=1e9,
    pair_ratio=1e9,
    top_octave_db=1e9,
    checkerboard_db=1e9,
    phase_imprint=1e9,
    wrap_seam_z=1e9,
    wrap_seam_ratio=1e9,
    diversity_min=0,
    diversity_max=1e9,
    spatial_anchoring=1e9,
    blobs_per_tile=1e9,
    blob_locked_share=1e9,
    repeat_excess=1e9,
    refuse_memorised=False,
)

LOAD = """
import json, sys, mlflow, pandas
assert not any(name.split(".")[0] in ("tasks", "flows", "data") for name in sys.modules)
model = mlflow.pyfunc.load_model("models:/textures@champion")
rows = pandas.DataFrame({"seed": [7, 7, 8], "material": ["grass", "grass", "grass"]})
answer = model.predict(rows, params={"size_px": 64})
print(json.dumps(answer.to_dict(orient="records")))
"""


@pytest.fixture
def settings(produced_library: ProducedLibrary, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in [name for name in os.environ if name.startswith(("TEXTURE_MILL_", "MLFLOW_TR"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(produced_library.home))
    return Settings()


def _environment(home: Path) -> dict[str, str]:
    """Of a process that knows the registry and nothing of this checkout."""
    places = {"MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}", "TF_CPP_MIN_LOG_LEVEL": "3"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**clean_environment(home, places), "PATH": path}


def _pixels(png: str) -> np.ndarray:
    with Image.open(BytesIO(base64.b64decode(png))) as image:
        return np.asarray(image)


def test_a_fresh_process_loads_it_and_a_seed_names_a_picture(
    produced_library: ProducedLibrary, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOAD],
        cwd=tmp_path,
        env=_environment(produced_library.home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, same, other = (_pixels(row["png"]) for row in json.loads(done.stdout.splitlines()[-1]))
    assert first.shape == (64, 64, 3)
    assert (first == same).all()
    assert (first != other).any()
    published = next(produced_library.home.glob("renders/*/grass/grass_0001_basecolor_64.png"))
    with Image.open(published) as image:
        assert np.asarray(image).shape == first.shape


@pytest.mark.server
def test_mlflow_serves_pictures_and_refuses_nonsense(
    produced_library: ProducedLibrary, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = ["models", "serve", "-m", "models:/textures@champion", "--env-manager", "local"]
    with (
        (tmp_path / "serve.log").open("w") as log,
        subprocess.Popen(
            [
                Path(sys.executable).with_name("mlflow"),
                *command,
                "-h",
                "127.0.0.1",
                "-p",
                str(port),
            ],
            cwd=tmp_path,
            env=_environment(produced_library.home),
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as server,
    ):
        try:
            _wait_for(f"{address}/ping", server, tmp_path / "serve.log")
            row = {"seed": 7, "material": "brick"}
            status, answer = _invoke(address, [row], {"size_px": 64})
            assert status == 200, answer
            assert _pixels(answer["predictions"][0]["png"]).shape == (64, 64, 3)
            status, answer = _invoke(address, [{"seed": 3}], {"size_px": 65})
            assert status == 400
            assert "multiple of 4" in answer["message"]
            status, answer = _invoke(address, [{"seed": 3, "material": "marble"}], {})
            assert status == 400
            assert "marble" in answer["message"]
        finally:
            os.killpg(server.pid, 15)


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"nothing at {url}: {log.read_text()}")


def _invoke(address: str, rows: list[Any], params: dict[str, Any]) -> tuple[int, Any]:
    body = json.dumps({"dataframe_records": rows, "params": params}).encode()
    request = urllib.request.Request(
        f"{address}/invocations", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_version_says_what_it_is_and_why_it_was_promoted(settings: Settings) -> None:
    from tasks.model_registry import read_scores, read_verdict, scores_key, version_with_alias

    champion = version_with_alias(settings, "textures", "champion")
    assert champion is not None
    assert champion.version == 1
    assert champion.materials == ("brick", "grass", "gravel")
    assert champion == version_with_alias(settings, "textures", "candidate")
    verdict = read_verdict(settings, champion)
    assert verdict["gate.verdict"] == "passed"
    assert "within all limits" in verdict["gate.reasons"]
    key = scores_key(settings, champion)
    assert key == verdict["gate.scores_key"] != ""
    assert set(read_scores(settings, champion, key)) == {"brick", "grass", "gravel"}
    inside = read_scores(settings, champion, "")  # of a reader who has the model alone
    assert inside == read_scores(settings, champion, key)
    lost = champion.model_copy(update={"version": 7})
    with pytest.raises(MillError, match=r"models:/textures/7 cannot be read from sqlite:.*again"):
        read_scores(settings, lost, "")


def test_a_version_tells_its_clients_what_to_send_and_what_comes_back(settings: Settings) -> None:
    import mlflow

    from tasks.tracking import connect

    connect(settings)
    info = mlflow.models.get_model_info("models:/textures@champion")
    assert info.signature.inputs.input_names() == ["seed", "material"]
    assert info.signature.inputs.required_input_names() == []
    assert info.signature.outputs.input_names() == ["seed", "material", "size_px", "png"]
    defaults = {param.name: param.default for param in info.signature.params.params}
    assert defaults == {"seed": 1, "size_px": 512, "material": "brick"}
    assert info.saved_input_example_info["artifact_path"] == "input_example.json"
    place = Path(mlflow.artifacts.download_artifacts("models:/textures@champion"))
    example = json.loads((place / "input_example.json").read_text())
    assert example["inputs"]["data"] == [[1, "brick"]]
    assert example["params"] == {"size_px": 128}


def test_nothing_holds_an_alias_nobody_gave(settings: Settings) -> None:
    from tasks.model_registry import version_with_alias

    assert version_with_alias(settings, "textures", "previous-champion") is None
    assert version_with_alias(settings, "no_such_model", "champion") is None


def test_no_code_and_no_pickle_travels_but_the_models_own(
    produced_library: ProducedLibrary,
) -> None:
    model = next(produced_library.home.glob("mlartifacts/models/*/artifacts"))
    files = [path for path in model.rglob("*") if path.is_file()]
    # Python leaves compiled copies where a local model was loaded from.
    kinds = {path.suffix for path in files if path.parent.name != "__pycache__"}
    assert kinds <= {".py", ".json", ".yaml", ".txt", ".h5", ""}
    assert {path.name for path in (model / "code").iterdir()} == {"texture_models"}


@dataclass
class Registry:
    """A registry of its own, with versions of one model that differ in what they score."""

    settings: Settings
    run: TrainingRun
    scores: dict[str, Any]

    def register(self, name: str, set_ratio: float) -> RegisteredModel:
        """Register the model as if another training had made it."""
        from tasks.model_registry import create_version
        from tasks.tracking import connect, experiment_id

        client = connect(self.settings)
        mlflow_run = client.create_run(experiment_id(client, self.settings))
        changes = {"key": digest_of(str(set_ratio)), "mlflow_run_id": mlflow_run.info.run_id}
        scores = {key: {**value, "set_ratio": set_ratio} for key, value in self.scores.items()}
        return create_version(self.settings, name, self.run.model_copy(update=changes), scores)


@pytest.fixture
def registry(
    settings: Settings, produced_library: ProducedLibrary, tmp_path: Path, monkeypatch: Any
) -> Registry:
    from tasks.model_registry import read_scores, scores_key, version_with_alias

    champion = version_with_alias(settings, "textures", "champion")
    assert champion is not None
    scores = read_scores(settings, champion, scores_key(settings, champion))
    record = next(produced_library.home.glob("runs/*/training_run.json"))
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    monkeypatch.delenv(
        "MLFLOW_TRACKING_URI", raising=False
    )  # MLflow keeps there which server was used last
    (tmp_path / "mill").mkdir()
    return Registry(Settings(), TrainingRun.model_validate_json(record.read_text()), scores)


def test_the_gate_decides_who_is_champion_and_says_why(registry: Registry) -> None:
    from tasks.model_registry import read_verdict, version_with_alias

    gate = LENIENT.model_copy(update={"set_ratio": 5.0, "worse_than_champion": 1.1})
    first = registry.register("stones", 3.0)
    assert promote_model.fn(first, gate).champion == first

    worse = registry.register("stones", 4.0)
    refused = promote_model.fn(worse, gate)
    assert (refused.passed, refused.champion) == (False, first)
    assert "stays a candidate" in refused.sentence
    assert read_verdict(registry.settings, worse)["gate.verdict"] == "refused"
    assert "4.00" in read_verdict(registry.settings, worse)["gate.reasons"]

    better = registry.register("stones", 2.0)
    assert promote_model.fn(better, gate).champion == better
    assert version_with_alias(registry.settings, "stones", "champion") == better
    assert version_with_alias(registry.settings, "stones", "previous-champion") == first

    again = promote_model.fn(first, gate)
    assert (again.passed, again.champion) == (True, better)


def test_without_a_champion_a_refusal_is_an_error_that_names_the_reason(
    registry: Registry,
) -> None:
    candidate = registry.register("sands", 3.0)
    said = "refused and there is no champion.*set ratio 3 is above its limit"
    with pytest.raises(MillError, match=said):
        promote_model.fn(candidate, LENIENT.model_copy(update={"set_ratio": 1.0}))


def test_a_training_is_registered_once(registry: Registry) -> None:
    from tasks.model_registry import find_version

    one = registry.register("clays", 3.0)
    assert find_version(registry.settings, "clays", one.training_key) == one
    assert find_version(registry.settings, "clays", "0" * 64) is None


def test_weights_that_were_changed_are_refused(registry: Registry, tmp_path: Path) -> None:
    from tasks.model_registry import fetch_weights

    model = registry.register("chalks", 3.0)
    other = model.model_copy(update={"weights_sha256": "0" * 64})
    with pytest.raises(MillError, match="not those that were registered"):
        fetch_weights(registry.settings, other, tmp_path / "models")
    assert fetch_weights(registry.settings, model, tmp_path / "models").is_dir()
    assert len(list((tmp_path / "models").iterdir())) == 1


def test_a_champion_that_a_stricter_gate_refuses_stays_and_that_is_said(
    registry: Registry,
) -> None:
    only = registry.register("loams", 3.0)
    assert promote_model.fn(only, LENIENT).sentence == "loams version 1 is the champion"
    strict = promote_model.fn(only, LENIENT.model_copy(update={"set_ratio": 1.0}))
    assert strict.champion == only
    assert "is still the champion, although it is refused now: " in strict.sentence
