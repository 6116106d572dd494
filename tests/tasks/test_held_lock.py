"""Two processes in one folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.held_lock import FolderBusy, held_lock
from tests.mill_runs import ROOT

HOLDER = """
import sys
from pathlib import Path
from tasks.held_lock import held_lock
with held_lock(Path(sys.argv[1]), "training brick"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_holds_it_and_may_enter_when_the_first_is_killed(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        said = rf"in use by process {holder.pid} \(training brick, since .*TEXTURE_MILL_HOME"
        with pytest.raises(FolderBusy, match=said), held_lock(tmp_path, "rendering"):
            pass
        holder.kill()
        holder.wait()
        with held_lock(tmp_path, "rendering"):
            assert f'"pid": {os.getpid()}' in (tmp_path / "in-use.lock").read_text()


def test_it_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held_lock(tmp_path, "dividing"):
        raise ZeroDivisionError
    with held_lock(tmp_path, "again"):
        pass
