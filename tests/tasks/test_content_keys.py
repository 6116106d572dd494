"""Keys made of content: equal for equal, different for anything that matters."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.config import AugmentationConfig
from data.records import PreparedDataset
from tasks import (
    content_keys,
    evaluate_model,
    render_textures,
    translate_pictures,
)
from tasks import (
    training_key as training_keys,
)
from tasks.config import EvaluationConfig
from tasks.content_keys import ROOT, code_digest, code_version, digest_of
from tasks.training_key import training_key
from texture_models.families.psgan.config import PsganConfig
from texture_models.training.config import TrainingConfig


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_only_equal_parts_have_equal_digests(one: list[str], other: list[str]) -> None:
    assert (digest_of(*one) == digest_of(*other)) == (one == other)


def test_a_config_counts_with_its_defaults() -> None:
    assert digest_of(EvaluationConfig()) == digest_of(EvaluationConfig(tile_px=256))
    assert digest_of(EvaluationConfig()) != digest_of(EvaluationConfig(tile_px=128))


def test_code_counts_by_content_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_keys, "ROOT", tmp_path)
    package = tmp_path / "package"
    package.mkdir()
    (package / "a.py").write_text("x = 1\n")
    first = code_digest(["package"])
    (package / "notes.txt").write_text("not code")
    assert code_digest(["package"]) == first
    (package / "a.py").rename(package / "b.py")
    renamed = code_digest(["package"])
    (package / "b.py").write_text("x = 2\n")
    assert len({first, renamed, code_digest(["package"])}) == 3


def test_code_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no Python files"):
        code_digest(["no_such_package"])


def python_files(paths: tuple[str, ...]) -> set[str]:
    places = [ROOT / path for path in paths]
    files = [[place] if place.is_file() else place.rglob("*.py") for place in places]
    return {file.relative_to(ROOT).as_posix() for some in files for file in some}


def imported_files(file: str) -> Iterator[str]:
    """Files of this project that a file imports from, anywhere in it."""
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        if module.startswith(("texture_models", "data.")):
            place = module.replace(".", "/")
            for name in node.names:
                choices = (f"{place}/{name.name}.py", f"{place}.py", f"{place}/__init__.py")
                yield next(choice for choice in choices if (ROOT / choice).is_file())


LEARNING_ONLY = (
    "texture_models/losses.py",
    "texture_models/random_patch.py",
    "texture_models/spectrum_loss.py",
)
# What a key need not hold: records and configs, which count by their values, what draws sheets for
# people or words an error, and what another key holds already.
ELSEWHERE = {
    training_keys: (
        "data/config.py",
        "data/duplicates.py",
        "data/records.py",
        "texture_models/labelled_sheet.py",
        "texture_models/rendering/class_activation.py",
        "texture_models/rendering/heat_map.py",
        "texture_models/rendering/renderer.py",
        "texture_models/sizes.py",
    ),
    render_textures: (
        *LEARNING_ONLY,
        "texture_models/labelled_sheet.py",
        "texture_models/sizes.py",
        "texture_models/training",
    ),
    evaluate_model: (
        "texture_models/families",
        "texture_models/labelled_sheet.py",
        "texture_models/sizes.py",
        "texture_models/training",
    ),
    translate_pictures: (
        *LEARNING_ONLY,
        "texture_models/families/__init__.py",
        "texture_models/sizes.py",
        "texture_models/spatial/discriminator.py",
        "texture_models/spatial/measuring.py",
        "texture_models/training",
    ),
}


@pytest.mark.parametrize("module", ELSEWHERE, ids=lambda module: module.__name__)
def test_whatever_a_result_depends_on_is_in_its_key(module) -> None:
    covered, elsewhere = python_files(module.CODE), python_files(ELSEWHERE[module])
    needed = {imported for file in covered for imported in imported_files(file)}
    assert needed - covered == elsewhere & needed
    assert not covered & elsewhere


def test_the_version_starts_with_the_release() -> None:
    assert code_version().startswith("0.")


@pytest.mark.parametrize(
    "changes", [{"devices": "all"}, {"checkpoint_seconds": 600.0}, {"preview_seconds": 5.0}]
)
def test_a_training_keeps_its_key_whatever_decides_no_weight(changes) -> None:
    dataset = PreparedDataset.model_construct(fingerprint="0" * 64)
    keys = [
        training_key(PsganConfig(), dataset, AugmentationConfig(), TrainingConfig(**different))
        for different in ({}, changes, {**changes, "batch_size": 16})
    ]
    assert keys[0] == keys[1] != keys[2]
