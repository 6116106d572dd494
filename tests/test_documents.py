"""The documents keep their promises: code runs, paths and commands exist, links lead somewhere."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from flows.deployments import find_deployment, load_flow, typed_parameters, with_overrides
from tasks.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
DECISIONS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
WITH_COMMANDS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs/operators.md"]
GUIDES = [*WITH_COMMANDS, ROOT / "CHANGELOG.md", *DECISIONS]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]

TOP_LEVEL = ("flows", "tasks", "texture_models", "data", "tests", "benchmarks", "docs", "scripts")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def fences(text: str, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(text) if found == language]


def quoted(path: Path) -> list[str]:
    """What stands in backticks outside of fenced blocks."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", path.read_text()))


def shell_lines(text: str) -> list[str]:
    """Commands of the fenced shell blocks, continued lines joined, comments cut off."""
    joined = "\n".join(fences(text, "sh")).replace("\\\n", " ")
    return [line.partition(" #")[0].strip() for line in joined.splitlines() if line.strip()]


def test_the_readmes_python_runs_on_a_saved_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from texture_models.families import build_model
    from texture_models.families.psgan.config import PsganConfig
    from texture_models.saved_model import save_generator
    from texture_models.training.config import TrainingConfig

    model = build_model(PsganConfig.tiny(materials=("brick", "grass")), TrainingConfig.tiny())
    model.recompute_statistics(1)
    folder = tmp_path / "mill/runs/0123456789abcdef/model"
    save_generator(folder, model.config, model.averaged, model.measured)
    monkeypatch.chdir(tmp_path)

    (block,) = fences(README, "python")
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert np.asarray(names["tile"]).shape == (512, 512, 3)
    assert np.asarray(names["piece"]).shape == (256, 384, 3)
    assert (tmp_path / "brick.png").is_file()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_other_python_blocks_are_python_and_import_what_exists(path: Path) -> None:
    for block in fences(path.read_text(), "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(TOP_LEVEL):
                source = (ROOT / (node.module or "").replace(".", "/")).with_suffix(".py")
                for alias in node.names:
                    assert re.search(rf"^(def|class) {alias.name}\b", source.read_text(), re.M)


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_every_path_in_backticks_exists(path: Path) -> None:
    missing = [
        text
        for text in quoted(path)
        if re.fullmatch(r"[\w./-]+", text)
        and (text.startswith(tuple(f"{top}/" for top in (*TOP_LEVEL, ".ci"))) or is_root_file(text))
        and not (ROOT / text).exists()
    ]
    assert not missing


def is_root_file(text: str) -> bool:
    """Files that only the root has; `config.py` or `manifest.json` may be anywhere."""
    if text == "uv.lock":  # stays on the machine that resolved, see docs/adr/0010
        return False
    return text.endswith(("Makefile", ".yaml", ".toml", ".lock", ".md"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"`[^`\n]+`", "", FENCE.sub("", path.read_text()))
    targets = [
        (path.parent / target.partition("#")[0]).resolve()
        for target in re.findall(r"\]\(([^)\s]+)\)", text)
        if not re.match(r"[a-z]+:|#", target)
    ]
    missing = [name_of(target) for target in targets if not target.exists()]
    assert not missing


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_every_make_target_named_exists(path: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    text = path.read_text()
    code = [*quoted(path), *(body for _, body in FENCE.findall(text))]
    named = {name for part in code for name in re.findall(r"^(?:\$ )?make ([a-z]+)", part, re.M)}
    assert named <= set(targets)


def test_the_readme_shows_the_two_commands_and_their_output() -> None:
    assert [line.split()[:2] for line in shell_lines(README)[:2]] == [
        ["make", "produce"],
        ["make", "test"],
    ]
    output = README.partition("<!-- output of make produce: begin -->")[2]
    shown = output.partition("<!-- output of make produce: end -->")[0]
    for label in ("model ", "library ", "gallery ", "contact sheet "):
        assert re.search(rf"^{label}", shown, re.MULTILINE)


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=name_of)
def test_commands_that_run_an_experiment_are_accepted_by_its_flow(path: Path) -> None:
    for line in shell_lines(path.read_text()):
        found = re.search(r"texture-mill run (\S+)", line)
        name = found[1] if found else "produce-library" if line.startswith("make produce") else None
        if name is None:
            continue
        deployment = find_deployment(name)
        overrides = re.findall(r"--set ([^\s\"]+)", line)
        typed_parameters(load_flow(deployment), with_overrides(deployment.parameters, overrides))


def test_the_readme_lists_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| (`[^|]+) \| [^|]+ \| ([^|]*) \|$", README, re.MULTILINE)
    shown = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    ours = {name for name in shown if name.startswith(PREFIX)}
    fields = Settings.model_fields
    assert ours == {PREFIX + name.upper() for name in fields if name != "prefect_api_url"}
    assert {"PREFECT_API_URL", "MLFLOW_TRACKING_URI"} <= set(shown)
    for name in ("home", "experiment", "required_free_mb", "door_timeout_s"):
        default = fields[name].default
        text = f"{default:g}" if isinstance(default, float) else str(default)
        assert shown[PREFIX + name.upper()].strip("` ") == text


def test_the_map_names_every_package() -> None:
    (drawn, *_) = [body for body in fences(README, "text") if "flows/" in body]
    listed = {line.split()[0].rstrip("/") for line in drawn.splitlines()}
    assert set(TOP_LEVEL) - {"scripts"} <= listed
    assert all((ROOT / name).exists() for name in listed)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_three_parts_on_one_page(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {int(path.stem[:4])}. ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 60


def test_decisions_are_numbered_without_gaps_and_all_listed() -> None:
    index = (ROOT / "docs/adr/README.md").read_text()
    assert [int(path.stem[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert all(f"({path.name})" in index for path in DECISIONS)


def test_the_changelog_names_every_experiment_and_the_library_format() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert all(f"`{entry['name']}`" in text for entry in deployments)
    assert "## [Unreleased]" in text
