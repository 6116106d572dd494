"""What a worker starts checks its place itself: no command line did so before."""

from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from flows.join_training import join_training
from flows.produce_library import produce_library
from flows.regenerate_library import build_only, publish_build, regenerate_library
from flows.render_library import render_library
from flows.train_texture import train_texture
from flows.translate_textures import translate_textures
from tasks.errors import MillError
from texture_models.families.psgan.config import PsganConfig

# Those that train or publish.
FLOWS = (
    produce_library,
    train_texture,
    join_training,
    render_library,
    translate_textures,
    regenerate_library,
    build_only,
    publish_build,
)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_what_a_worker_starts_is_refused_at_the_door(
    flow: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
    monkeypatch.setenv("TEXTURE_MILL_REQUIRED_FREE_MB", "1000000000")
    with pytest.raises(MillError, match="asks for 1000000000 MB"):
        flow.fn(*[None for _ in signature(flow.fn).parameters])


@pytest.mark.parametrize("flow", [produce_library, train_texture], ids=lambda flow: flow.name)
def test_what_trains_is_refused_where_its_artifacts_cannot_be_kept(
    flow: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
    monkeypatch.setenv("TEXTURE_MILL_REQUIRED_FREE_MB", "1")
    monkeypatch.setenv("TEXTURE_MILL_ARTIFACT_URL", (tmp_path / "file" / "artifacts").as_uri())
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(MillError, match=r"cannot be kept at .*TEXTURE_MILL_ARTIFACT_URL"):
        flow.fn(PsganConfig())
