"""Promises of files that are not Python, and of Python files as a whole."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.mill_runs import ROOT, clean_environment

PACKAGES = ("flows", "tasks", "texture_models", "data")
DRAWERS = {"utils", "helpers", "common", "misc", "base", "manager"}


def _sources() -> list[Path]:
    return [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def _imported_by(code: str, home: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
        cwd=ROOT,
        env=clean_environment(home, {"PREFECT_HOME": str(home)}),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_flows_load_without_the_heavy_libraries(tmp_path: Path) -> None:
    # A server and its workers import these files to build the run form.
    loaded = _imported_by(
        "import flows.produce_library, flows.train_texture, flows.promote_model,"
        " flows.render_library, flows.translate_textures",
        tmp_path,
    )
    assert not loaded & {"tensorflow", "keras", "mlflow", "albumentations", "cv2"}


def test_configs_load_without_prefect_or_tensorflow(tmp_path: Path) -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in _sources()
        if path.name == "config.py"
    ]
    loaded = _imported_by(f"import {', '.join(modules)}", tmp_path)
    assert not loaded & {"tensorflow", "keras", "mlflow", "prefect", "cv2"}


def test_no_file_is_a_drawer() -> None:
    assert not [path for path in _sources() if path.stem in DRAWERS]


def test_the_contracts_of_imports_forget_no_task() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = {one["name"]: one for one in project["tool"]["importlinter"]["contracts"]}
    files = {path.stem: path.read_text() for path in (ROOT / "tasks").glob("[a-z]*.py")}
    apart = lists["Tasks do not call each other; flows do"]["modules"]
    tasks = {f"tasks.{name}" for name, code in files.items() if re.search(r"^@task\b", code, re.M)}
    assert tasks <= set(apart)
    without_mlflow = lists["MLflow is known to three files"]["source_modules"]
    known = {"tracking", "model_registry", "texture_pyfunc"}
    assert {f"tasks.{name}" for name in files.keys() - known} == set(without_mlflow)


def test_files_stay_readable() -> None:
    long = {path: len(path.read_text().splitlines()) for path in _sources()}
    assert not {path: lines for path, lines in long.items() if lines > 400}


@pytest.mark.parametrize("target", ["produce", "test", "check", "fix", "bench"])
def test_every_target_of_make_is_one_command(target: str) -> None:
    recipe = re.search(rf"^{target}:.*\n\t(.*)\n(?!\t)", (ROOT / "Makefile").read_text(), re.M)
    assert recipe, target


def test_make_alone_lists_its_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("produce", "test", "check", "fix", "bench"):
        assert f"make {target}: " in done.stdout


def test_the_lock_has_a_hash_for_everything_and_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    names = re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", text, re.M)
    assert {"prefect", "mlflow", "tensorflow", "hatchling", "editables"} <= set(names)
    assert "://" not in text
    blocks = re.split(r"\n(?=[a-z])", text)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block.split("\n")[0])


def test_ci_calls_the_same_two_commands_as_a_person() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-2:] == ["make check", "make test"]
