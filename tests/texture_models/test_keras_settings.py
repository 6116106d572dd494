"""What other programs told Keras does not reach the models; what a user tells TensorFlow does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mill_runs import ROOT

PROGRAM = """
from texture_models.families.psgan.config import PsganConfig
import keras
print(keras.config.backend(), keras.config.image_data_format(), keras.config.floatx())
"""


@pytest.mark.parametrize("written", [True, False])
def test_models_are_of_tensorflow_whatever_keras_was_told(written: bool, tmp_path: Path) -> None:
    settings = tmp_path / ".keras" / "keras.json"
    if written:
        settings.parent.mkdir()
        told = {"backend": "torch", "image_data_format": "channels_first", "floatx": "float16"}
        settings.write_text(json.dumps(told))
    ours = {key: value for key, value in os.environ.items() if not key.startswith("KERAS_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**ours, "HOME": str(tmp_path), "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["tensorflow", "channels_last", "float32"]
    assert settings.exists() == written


@pytest.mark.parametrize("told", [None, "0"])
def test_convolutions_are_of_onednn_unless_a_user_says_otherwise(told: str | None) -> None:
    ours = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**ours, **({} if told is None else {"TF_ENABLE_ONEDNN_OPTS": told})},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("oneDNN custom operations are on" in done.stderr) == (told is None)
