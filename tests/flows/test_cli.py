"""What the command line says without running anything."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.cli import main
from tests.mill_runs import (
    ROOT,
    clean_environment,
    processes_naming,
    run_mill,
    running_mill,
    tiny,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("MLFLOW_TRACKING", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    return tmp_path / "mill"


def test_list_names_every_experiment_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("produce-library  ") and len(line) > 40 for line in lines)


def test_list_and_version_import_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from flows.cli import main; main(['list']); main(['version']);"
        "print(sorted({'prefect', 'mlflow', 'tensorflow', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_dry_run_shows_parameters_and_plan_and_makes_nothing(
    tmp_path: Path,
) -> None:
    home = tmp_path / "mill"
    changes = tiny("training.minutes=3", "rendering.sizes_px=[512, 1024]")
    done = run_mill("run", "produce-library", *changes, "--dry-run", home=home)
    assert done.status == 0, done.errors
    said = done.output
    assert "minutes=3.0" in said
    assert "train     psgan" in said
    assert "render    2 seeds at 512, 1024 px of each material" in said
    assert re.search(r"^time      at most 5\.5 minutes", said, re.M)
    assert re.search(r"^cost      [0-9,]+ parameters \(generator ", said, re.M)
    assert re.search(r"^cost      [0-9.]+ GFLOP and [0-9.]+ s a step$", said, re.M)
    assert re.search(r"^cost      [0-9]+ MB needed by the step, [0-9]+ MB the most", said, re.M)
    assert re.search(r"^cost      [0-9]+ steps in about [0-9]+ (s|min)$", said, re.M)
    assert not home.exists()


@pytest.mark.parametrize("url", ["s3://me:s3/cret@bucket/lib", "az://box/lib?sig=s3cret"])
@pytest.mark.parametrize("options", [[], ["--dry-run"]])
@pytest.mark.usefixtures("home")
def test_what_is_secret_in_a_store_url_is_refused_before_it_is_shown(
    url: str,
    options: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TEXTURE_MILL_STORE_URL", url)
    assert main(["run", "render-library", *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("texture-mill: error: the store URL ")
    assert said.err.count("\n") == 1
    assert "cret" not in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "produce-libary"],
        ["run", "produce-library", "--set", "training.stps=3"],
        ["run", "produce-library", "--set", "training.steps"],
    ],
)
def test_what_is_not_understood_is_one_line_and_status_2(
    arguments: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("texture-mill: error: ")
    assert said.err.count("\n") == 1


def test_a_misspelt_setting_in_the_environment_is_named(tmp_path: Path) -> None:
    changes = {"TEXTURE_MILL_STORE": "file:///somewhere"}
    refused = run_mill("run", "render-library", home=tmp_path, changes=changes)
    assert refused.status == 2
    assert refused.errors == (
        "texture-mill: error: unknown setting TEXTURE_MILL_STORE in the environment; "
        "did you mean TEXTURE_MILL_STORE_URL?\n"
    )


def test_a_terminated_run_says_how_to_go_on_and_leaves_nothing_running(tmp_path: Path) -> None:
    home = tmp_path / "mill"
    with running_mill("run", "produce-library", home=home) as process:
        assert process.stderr is not None
        while not (line := process.stderr.readline()).startswith("starting Prefect"):
            assert line, process.wait()
        process.terminate()
        rest = process.stderr.read()
        assert process.wait() == 143
    assert rest.splitlines()[-1].startswith("terminated; run the same command again to go on")
    deadline = time.monotonic() + 10
    while processes_naming(str(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_naming(str(home)) == []


def test_a_thread_that_dies_tells_the_log_and_not_the_terminal(tmp_path: Path) -> None:
    code = (
        "import sys, threading; from pathlib import Path;"
        "from flows.quiet_terminal import open_log;"
        "log = open_log(Path(sys.argv[1])); thread = threading.Thread(target=lambda: 1 / 0);"
        "thread.start(); thread.join(); print(log)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    assert "ZeroDivisionError" in Path(done.stdout.strip()).read_text()
