"""Recipes on the command line and in CI, with the model that the main job trained."""

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from tests.conftest import ProducedLibrary
from tests.data.odd_servers import OpenServer, odd_server
from tests.mill_runs import ROOT, Finished, clean_environment, run_mill

pytestmark = pytest.mark.slow

# A model of a few steps may have seams of any strength.
RECIPE = """
library: {library}
model: {{name: textures}}
materials: [brick, gravel]
seeds: {{first: 1, count: 2}}
master_px: 64
sizes_px: [64, 32]
preset: godot
quality: {{wrap_seam_z: 1000000}}
"""


@pytest.fixture(scope="module")
def recipe(produced_library: ProducedLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe that has been built once."""
    path = tmp_path_factory.mktemp("recipes") / "recipe.yaml"
    path.write_text(RECIPE.format(library="small"))
    done = run_mill(
        "library", "build", str(path), "--report", str(path.parent), home=produced_library.home
    )
    assert done.status == 0, done.errors
    assert "encode 24" in done.value("stages run")
    return path


def library(home: Path, *arguments: str) -> Finished:
    return run_mill("library", *arguments, home=home)


def test_the_first_build_reports_every_file(recipe: Path) -> None:
    suite = ET.parse(recipe.parent / "junit.xml").getroot()
    assert suite.get("tests") == "24"
    assert suite.get("skipped") == "0"
    assert "**24** built" in (recipe.parent / "report.md").read_text()
    assert (recipe.parent / "before_and_after.png").is_file()


def test_check_of_an_unchanged_recipe_imports_nothing_heavy(recipe, produced_library) -> None:
    code = (
        "import sys; from flows.cli import main; status = main(['library', 'check', sys.argv[1]]);"
        "print(status, sorted({'prefect', 'mlflow', 'tensorflow', 'keras'} & set(sys.modules)))"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, str(recipe)],
        cwd=ROOT,
        env=clean_environment(produced_library.home),
        capture_output=True,
        text=True,
        check=True,
    )
    said = done.stdout.splitlines()
    assert said == ["small: nothing to do; v0001 has all 24 textures", "0 []"]
    assert time.monotonic() - started < 20  # two seconds on an idle machine


def test_check_ends_with_2_and_a_plan_if_something_is_stale(
    recipe: Path, produced_library: ProducedLibrary, tmp_path: Path
) -> None:
    stale = tmp_path / "stale.yaml"
    stale.write_text(recipe.read_text().replace("godot", "unity"))
    found = library(produced_library.home, "check", str(stale), "--json")
    assert found.status == 2
    plan = json.loads(found.output)
    assert (plan["build"], plan["renders"], plan["reuse"]) == (8, 0, 16)
    table = library(produced_library.home, "check", str(stale))
    assert "build 8 files (0 pictures need a model), reuse 16, remove 8" in table.output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("name: textures", "name: nobody"), "no version answers to nobody@champion"),
        (("[brick, gravel]", "[marble]"), "does not know 'marble'"),
        (("preset: godot", "prset: godot"), "unknown key prset; did you mean preset?"),
    ],
)
def test_an_error_is_status_1_and_one_line(
    change: tuple[str, str],
    said: str,
    recipe: Path,
    produced_library: ProducedLibrary,
    tmp_path: Path,
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(recipe.read_text().replace(*change))
    found = library(produced_library.home, "check", str(wrong))
    assert (found.status, found.output) == (1, "")
    assert said in found.errors
    assert found.errors.count("\n") == 1


@pytest.mark.parametrize("arguments", [("check", "--jsn", "x.yaml"), ("check",)])
def test_a_mistyped_check_is_an_error_and_not_a_stale_library(arguments, tmp_path: Path) -> None:
    found = library(tmp_path, *arguments)
    assert found.status == 1
    assert "usage:" in found.errors


def test_made_again_from_the_masters_on_another_machine_it_is_the_same_version(
    recipe: Path, produced_library: ProducedLibrary, tmp_path: Path
) -> None:
    home = produced_library.home
    places = {
        "TEXTURE_MILL_STORE_URL": (home / "library").as_uri(),
        "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}",
    }
    build = ("library", "build", str(recipe), "--again", "--json")
    done = run_mill(*build, home=tmp_path / "elsewhere", changes=places)
    assert done.status == 0, done.errors
    found = json.loads(done.output)
    assert found["published"]["nothing_to_do"]
    assert found["published"]["version"] == 1
    assert "sample" not in found["ran"]
    assert "previews" in found["ran"]
    assert not list((tmp_path / "elsewhere").rglob("*.weights.h5"))  # no model was fetched
    lines = done.errors.splitlines()
    assert all(line.startswith("building") for line in lines)  # and none of TensorFlow's


def test_what_was_made_first_is_published_later_as_it_is(
    recipe: Path, produced_library: ProducedLibrary, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    content = RECIPE.format(library="later").replace("[brick, gravel]", "[brick]")
    other.write_text(content.replace("first: 1", "first: 7"))
    home = produced_library.home
    early = library(home, "publish", str(other))
    assert early.status == 1
    assert "brick_0007 is not made yet" in early.errors
    assert library(home, "build", str(other), "--no-publish").status == 0
    assert not (home / "library/later").exists()
    done = library(home, "publish", str(other))
    assert done.value("library").startswith("later v0001, 12 textures, published")


def test_a_build_for_a_store_that_strangers_can_read_is_refused_before_anything_is_made(
    recipe: Path, produced_library: ProducedLibrary, tmp_path: Path
) -> None:
    with odd_server(OpenServer) as endpoint:
        places = {
            "TEXTURE_MILL_STORE_URL": "s3://bucket/lib",
            "MLFLOW_TRACKING_URI": f"sqlite:///{produced_library.home / 'mlflow.db'}",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "something",
        }
        done = run_mill("library", "build", str(recipe), home=tmp_path, changes=places)
    assert done.status == 1
    assert "TEXTURE_MILL_PUBLIC_READ=true" in done.errors
    assert not (tmp_path / "stages").exists()


def test_the_quick_look_at_the_registry_sees_what_mlflow_sees(
    produced_library: ProducedLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data.library.recipe import ModelChoice
    from tasks.model_registry import numbered_version, version_with_alias
    from tasks.recipe_sources import find_choice
    from tasks.settings import Settings

    for name in [name for name in os.environ if name.startswith(("TEXTURE_MILL_", "MLFLOW_TR"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(produced_library.home))
    settings = Settings()
    champion = find_choice(settings, ModelChoice(name="textures"))
    assert champion == version_with_alias(settings, "textures", "champion")
    numbered = find_choice(settings, ModelChoice(name="textures", version=1))
    assert numbered == champion == numbered_version(settings, "textures", 1)


def steps_of(path: Path) -> list[str]:
    """The shell scripts of a workflow, without the one that installs."""
    content = yaml.safe_load(path.read_text())
    if path.name.startswith("github"):
        scripts = [step.get("run") for step in content["jobs"]["library"]["steps"]]
    else:
        jobs = [content[name] for name in ("check-library", "build-library")]
        scripts = [line for job in jobs for line in job["script"]]
    return [script for script in scripts if script and "bootstrap" not in script]


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_the_steps_of_a_ready_workflow_publish_what_is_stale_and_report_it(
    name: str, recipe: Path, produced_library: ProducedLibrary, tmp_path: Path
) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    command = tmp_path / ".venv/bin/texture-mill"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m flows.cli "$@"\n')
    command.chmod(0o755)
    changed = tmp_path / "recipe.yaml"  # other names: a new version, and nothing is encoded
    template = "{name}_{map}_{px}_" + name[:6]
    changed.write_text(recipe.read_text() + f'file_name: "{template}"\n')
    names = {"GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_OUTPUT": "output.txt"}
    places = {name: str(tmp_path / place) for name, place in names.items()}
    environment = clean_environment(produced_library.home, {**places, "RECIPE": str(changed)})
    steps = steps_of(ROOT / "docs/ci" / name)
    assert len(steps) >= 2
    for step in steps:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", step],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        stale = name.startswith("gitlab") and "library check" in step  # a job that may fail so
        assert done.returncode == (2 if stale else 0), done.stdout + done.stderr
    report = (tmp_path / "report/report.md").read_text()
    assert "file_name" in report
    assert "**0** built, **24** taken over" in report
    assert "Published: file://" in report
    if name.startswith("github"):
        assert (tmp_path / "output.txt").read_text() == "stale=true\n"
        assert json.loads((tmp_path / "report/plan.json").read_text())["stale"] is True
        assert report in (tmp_path / "summary.md").read_text()
