"""What people get wrong, and machines: one clear line, no traceback, nothing lost."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.mill_runs import ROOT, TINY, Finished, clean_environment, run_mill, tiny

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there

# A mount that only this command and its children see.
UNSHARED = ("unshare", "--user", "--map-root-user", "--mount")


def _one_line(finished: Finished) -> str:
    """The line that says what went wrong; checks that there is exactly one and nothing else."""
    assert finished.status == 1, finished.errors
    assert "Traceback" not in finished.errors
    said = [line for line in finished.errors.splitlines() if line.startswith("texture-mill: error")]
    assert len(said) == 1
    assert finished.errors.splitlines()[-1] == said[0]
    assert finished.output == ""
    return said[0]


def _refused_at_the_door(home: Path, changes: dict[str, str]) -> str:
    started = time.monotonic()
    finished = run_mill("run", "produce-library", home=home, changes=changes)
    assert time.monotonic() - started < 60  # a few seconds on an idle machine
    assert not (home / "runs").exists()
    return _one_line(finished)


def test_a_prefect_server_that_does_not_answer(tmp_path: Path) -> None:
    line = _refused_at_the_door(tmp_path, {"PREFECT_API_URL": f"{NOWHERE}/api"})
    assert f"the Prefect server at {NOWHERE}/api does not answer" in line
    assert "correct PREFECT_API_URL" in line


def test_a_tracking_server_that_does_not_answer(tmp_path: Path) -> None:
    secret = "http://user:s3cret@127.0.0.1:9"
    line = _refused_at_the_door(tmp_path, {"MLFLOW_TRACKING_URI": secret})
    assert f"the MLflow server at {NOWHERE} does not answer" in line
    assert "s3cret" not in line


def test_a_store_without_permission(tmp_path: Path) -> None:
    line = _refused_at_the_door(tmp_path, {"TEXTURE_MILL_STORE_URL": "file:///proc/library"})
    assert "/proc/library" in line


def test_a_disk_without_room_is_noticed_at_the_door(tmp_path: Path) -> None:
    line = _refused_at_the_door(tmp_path, {"TEXTURE_MILL_REQUIRED_FREE_MB": "1000000000"})
    assert "asks for 1000000000 MB" in line
    assert "TEXTURE_MILL_HOME" in line


def test_a_home_in_use_names_who_uses_it(tmp_path: Path) -> None:
    holder = (
        "import sys; from pathlib import Path; from tasks.held_lock import held_lock\n"
        "with held_lock(Path(sys.argv[1]), 'produce-library'): print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        line = _refused_at_the_door(tmp_path, {})
        assert f"{tmp_path} is in use by process {process.pid} (produce-library" in line
        process.communicate(b"")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures" / "brick"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.server
def test_a_folder_with_no_pictures(tmp_path: Path, pictures: Path, prefect_server: str) -> None:
    (pictures / "notes.txt").write_text("no picture")
    line = _one_line(_produce_from(pictures.parent, tmp_path / "mill", prefect_server))
    assert str(pictures.parent) in line


@pytest.mark.server
def test_a_folder_with_only_broken_pictures(
    tmp_path: Path, pictures: Path, prefect_server: str
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(pictures / "whole.png")
    whole = (pictures / "whole.png").read_bytes()
    (pictures / "whole.png").unlink()
    (pictures / "torn.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "text.jpg").write_text("no picture")
    line = _one_line(_produce_from(pictures.parent, tmp_path / "mill", prefect_server))
    assert "no usable photograph" in line
    assert "2 looked at" in line


@pytest.mark.server
def test_a_folder_that_does_not_exist(tmp_path: Path, prefect_server: str) -> None:
    line = _one_line(_produce_from(tmp_path / "nowhere", tmp_path / "mill", prefect_server))
    assert "nowhere" in line


def _produce_from(folder: Path, home: Path, prefect_server: str) -> Finished:
    return run_mill(
        "run",
        "produce-library",
        *tiny(f"dataset.source={folder}"),
        home=home,
        changes={"PREFECT_API_URL": prefect_server},
    )


def _may_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "mount",
        "-t",
        "tmpfs",
        "t",
        "/mnt",
    ]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.server
def test_a_disk_that_fills_up_in_the_middle(tmp_path: Path, prefect_server: str) -> None:
    if not _may_mount():
        pytest.skip("this machine lets nobody mount a small disk")
    home = tmp_path / "mill"
    home.mkdir()
    options = " ".join(f"--set '{change}'" for change in TINY)
    script = (
        f"mount -t tmpfs -o size=1m small {home} && "
        f"exec {sys.executable} -m flows.cli run produce-library {options}"
    )
    done = subprocess.run(
        [*UNSHARED, "sh", "-c", script],
        cwd=ROOT,
        env=clean_environment(
            home,
            {"PREFECT_API_URL": prefect_server, "TEXTURE_MILL_REQUIRED_FREE_MB": "0"},
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    line = _one_line(Finished(done.returncode, done.stdout, done.stderr))
    assert "No space left on device" in line or "disk is full" in line
