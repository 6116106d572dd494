"""Where we are, read from the environment and nowhere else."""

import os
from pathlib import Path

import pytest

from data.config import DatasetConfig
from data.records import DatasetError
from tasks.errors import MillError
from tasks.prepare_dataset import prepare_dataset
from tasks.settings import Settings, apply_embedded_defaults, make_home


@pytest.fixture(autouse=True)
def _empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("TEXTURE_MILL_", "PREFECT_", "MLFLOW_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_one_home_folder_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "elsewhere"
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(home))
    settings = Settings()
    assert settings.store_url == (home / "library").as_uri()
    assert settings.tracking_uri == f"sqlite:///{home}/mlflow.db"
    assert settings.artifact_location == (home / "mlartifacts").as_uri()
    assert {settings.datasets_dir, settings.runs_dir, settings.renders_dir} == {
        home / "datasets",
        home / "runs",
        home / "renders",
    }


def test_without_settings_everything_is_below_mill_in_the_working_folder(tmp_path: Path) -> None:
    settings = Settings()
    assert settings.home == tmp_path / "mill"
    assert settings.embedded_prefect
    assert settings.embedded_tracking


def test_real_servers_are_taken_from_their_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.test/api")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.test")
    monkeypatch.setenv("TEXTURE_MILL_STORE_URL", "s3://textures/library")
    settings = Settings()
    assert not settings.embedded_prefect
    assert settings.tracking_uri == "http://mlflow.test"
    assert settings.artifact_location is None
    assert settings.store_url == "s3://textures/library"


def test_our_own_tracking_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://general.test")
    monkeypatch.setenv("TEXTURE_MILL_TRACKING_URI", "http://ours.test")
    assert Settings().tracking_uri == "http://ours.test"


def test_defaults_fill_gaps_and_overrule_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "true")
    settings = Settings()
    apply_embedded_defaults(settings)
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "true"
    assert os.environ["PREFECT_HOME"] == str(settings.home / "prefect")
    assert os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] == "120"
    assert Settings() == settings  # what was set is read back as the same place


def test_a_home_that_cannot_be_made_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTURE_MILL_HOME", "/proc/mill")
    with pytest.raises(MillError, match=r"cannot make the home folder /proc/mill.*MILL_HOME"):
        make_home(Settings())


@pytest.mark.parametrize("url", ["s3://me:s3cret@bucket/mlflow", "s3://bucket/x?sig=s3cret"])
def test_a_login_in_the_address_of_artifacts_is_refused_and_not_repeated(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTURE_MILL_ARTIFACT_URL", url)
    with pytest.raises(MillError, match=r"TEXTURE_MILL_ARTIFACT_URL: s3://bucket.*AWS_") as caught:
        Settings()
    assert "s3cret" not in str(caught.value)


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTURE_MILL_HOEM", "x")
    with pytest.raises(MillError, match=r"did you mean TEXTURE_MILL_HOME\?"):
        Settings()


def test_prepared_tensorflow_datasets_are_where_tfds_itself_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    assert Settings().tfds_data_dir == tmp_path
    with pytest.raises(DatasetError, match=f"{tmp_path}.*TFDS_DATA_DIR"):
        prepare_dataset.fn(DatasetConfig(source="tfds:mnist"))
