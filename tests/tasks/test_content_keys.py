"""Keys made of content: equal for equal, different for anything that matters."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.config import AugmentationConfig
from data.records import PreparedDataset
from tasks import content_keys
from tasks.config import EvaluationConfig
from tasks.content_keys import code_digest, code_version, digest_of
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


def test_the_version_starts_with_the_release() -> None:
    assert code_version().startswith("0.")


def test_a_training_keeps_its_key_on_more_or_fewer_devices() -> None:
    dataset = PreparedDataset.model_construct(fingerprint="0" * 64)
    keys = [
        training_key(PsganConfig(), dataset, AugmentationConfig(), TrainingConfig(**changes))
        for changes in ({}, {"devices": "all"}, {"batch_size": 16})
    ]
    assert keys[0] == keys[1] != keys[2]
