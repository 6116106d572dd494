"""The main job from the built-in photographs to a published library, through its command line."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from data.library.verify import verify_version
from data.library.versions import read_manifest
from tests.conftest import ProducedLibrary
from tests.mill_runs import reports, run_mill, tiny, trained_steps

pytestmark = pytest.mark.slow


def test_it_ends_with_gallery_contact_sheet_model_and_url(
    produced_library: ProducedLibrary,
) -> None:
    finished = produced_library.finished
    assert finished.status == 0, finished.errors
    assert finished.value("model") == "textures version 1 is the champion"
    assert Path(finished.value("gallery")).read_text().startswith("<!doctype html")
    assert Path(finished.value("contact sheet")).read_bytes().startswith(b"\x89PNG")
    assert "photographs v0001, 12 textures, published: file://" in finished.value("library")


def test_its_terminal_shows_only_its_own_lines(produced_library: ProducedLibrary) -> None:
    first_words = {line.split()[0] for line in produced_library.finished.errors.splitlines()}
    assert first_words <= {
        "home",
        "prefect",
        "mlflow",
        "store",
        "starting",
        "preparing",
        "cost:",
        "training",
        "evaluating",
        "registering",
        "rendering",
        "publishing",
        "textures",
        "done",
    }


def test_what_it_published_is_whole_and_says_where_it_comes_from(
    produced_library: ProducedLibrary,
) -> None:
    store_url = (produced_library.home / "library").as_uri()
    assert verify_version(store_url, "photographs") == ()
    manifest = read_manifest(store_url, "photographs")
    assert {record.material for record in manifest.materials} == {"brick", "grass", "gravel"}
    assert {record.width_px for record in manifest.textures} == {64, 128}
    assert {photo.licence for photo in manifest.provenance.dataset.photographs} == {"CC0-1.0"}
    assert manifest.provenance.flow_run_id
    assert all(record.passed for record in manifest.materials)
    assert all(record.scores["n_generated"] == 2 for record in manifest.materials)


def test_an_interrupted_run_says_how_to_go_on(produced_library: ProducedLibrary) -> None:
    interrupted = produced_library.interrupted
    assert interrupted.status == 130
    last = interrupted.errors.splitlines()[-1]
    assert last.startswith("stopped; run the same command again to go on")
    assert "Traceback" not in interrupted.errors


def test_an_interrupted_and_a_killed_training_go_on_where_they_were(
    produced_library: ProducedLibrary,
) -> None:
    told = reports(produced_library.home)
    before, later = produced_library.kept_at_interrupt, produced_library.kept_at_kill
    assert before
    assert len(later) > len(before)
    # Reports say how long it took, so those of a training that began again would be others.
    assert later[: len(before)] == before
    assert told[: len(later)] == later
    assert [report["step"] for report in told] == [*range(10, 130, 10)]


def test_three_attempts_are_one_mlflow_run(produced_library: ProducedLibrary) -> None:
    with closing(sqlite3.connect(produced_library.home / "mlflow.db")) as database:
        runs = database.execute("select status from runs").fetchall()
        metrics = {key for (key,) in database.execute("select distinct key from metrics")}
        inputs = database.execute("select name, digest from datasets").fetchall()
        params = dict(database.execute("select key, value from params").fetchall())
    assert runs == [("FINISHED",)]
    assert {"loss.discriminator", "grass.set_ratio", "grass.fidelity"} <= metrics
    assert any(key.startswith("system/") for key in metrics)
    assert [len(digest) for _, digest in inputs] == [32]
    assert params["model.family"] == "psgan"
    assert params["model.materials"] == "['brick', 'grass', 'gravel']"
    assert params["training.steps"] == "120"
    assert params["augmentation.symmetries"] == "auto"


def test_the_mlflow_run_keeps_what_the_training_showed(produced_library: ProducedLibrary) -> None:
    kept = [path.relative_to(produced_library.home) for path in _artifacts(produced_library)]
    names = {"/".join(path.parts[-2:]) for path in kept}
    assert "previews/step_000120.png" in names
    assert {"explanations/training-curves.png", "evaluation/judged_tiles.png"} <= names


def _artifacts(produced_library: ProducedLibrary) -> list[Path]:
    return sorted((produced_library.home / "mlartifacts").glob("*/artifacts/*/*.png"))


def test_an_operator_finds_tables_pictures_and_links(produced_library: ProducedLibrary) -> None:
    database_path = produced_library.home / "prefect" / "prefect.db"
    with closing(sqlite3.connect(database_path)) as database:
        rows = database.execute("select key, type, data from artifact").fetchall()
    kinds = {key: kind for key, kind, _ in rows}
    assert kinds["ingest"] == kinds["scores"] == kinds["gate"] == "markdown"
    assert kinds["training-preview"] == kinds["texture"] == "image"
    assert kinds["training-progress"] == "progress"
    text = {key: data for key, _, data in rows}
    assert produced_library.finished.value("gallery") in text["gallery"]
    assert all(name in text["ingest"] for name in ("brick", "grass", "gravel"))
    assert text["training-preview"].startswith('"data:image/jpeg;base64,')


def test_a_killed_run_leaves_no_server_behind(produced_library: ProducedLibrary) -> None:
    assert produced_library.left_after_kill == []


def test_a_second_identical_run_has_nothing_to_do(produced_library: ProducedLibrary) -> None:
    before = trained_steps(produced_library.home)
    again = run_mill("run", "produce-library", *tiny(), home=produced_library.home)
    assert again.status == 0, again.errors
    for step in ("train", "evaluate", "register", "render"):
        assert f"nothing to {step}" in again.errors
    assert "nothing changed: photographs v0001 is current" in again.errors
    assert "nothing changed" in again.value("library")
    assert trained_steps(produced_library.home) == before


def test_a_refused_first_candidate_leaves_a_picture_to_look_at(tmp_path: Path) -> None:
    home = tmp_path / "mill"
    strict = tiny("training.steps=2", "gate={set_ratio: 0.001}")
    refused = run_mill("run", "produce-library", *strict, home=home)
    assert refused.status == 1
    last = refused.errors.splitlines()[-1]
    found = re.search(r"look at (\S+), then train longer \(--set (training.from_model=1) ", last)
    assert found, last
    assert Path(found[1]).read_bytes().startswith(b"\x89PNG")
    with closing(sqlite3.connect(home / "prefect" / "prefect.db")) as database:
        shown = database.execute("select type from artifact where key = 'judged-tiles'").fetchall()
    assert shown == [("image",)]
    assert list((home / "mlartifacts").rglob("judged_tiles.png"))
    longer = run_mill("run", "produce-library", *tiny(found[2]), "--dry-run", home=home)
    assert "start     with the weights of 1" in longer.output, longer.errors
