"""Where we are: home folder, store, servers. The only reader of the environment.

What is trained, rendered and published stands in `prefect.yaml`, never here.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from data.url_credentials import refuse_credentials, without_credentials
from tasks.errors import MillError

PREFIX: Final = "TEXTURE_MILL_"


class Settings(BaseSettings):
    """One place on one machine. Every field can be set as `TEXTURE_MILL_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True, populate_by_name=True
    )

    home: Path = Field(
        Path("mill"), description="folder of everything a run makes; relative to the working folder"
    )
    store_url: str = Field(
        "", description="where libraries are published: file:///..., s3://bucket/prefix"
    )
    tracking_uri: str = Field(
        "",
        validation_alias=AliasChoices(PREFIX + "TRACKING_URI", "MLFLOW_TRACKING_URI"),
        description="MLflow's tracking server and registry; empty: SQLite in the home folder",
    )
    artifact_url: str = Field(
        "", description="artifacts of new MLflow experiments; empty: the home folder, or the server"
    )
    experiment: str = Field("texture-mill", min_length=1, description="name in MLflow")
    prefect_api_url: str = Field(
        "",
        validation_alias=AliasChoices("PREFECT_API_URL"),
        description="a Prefect server; empty: an embedded one that lives as long as the run",
    )
    tfds_data_dir: Path | None = Field(
        None,
        validation_alias=AliasChoices(PREFIX + "TFDS_DATA_DIR", "TFDS_DATA_DIR"),
        description="where `tfds:NAME` looks for prepared datasets; empty: in the home folder",
    )
    required_free_mb: int = Field(
        1000, ge=0, description="free space a run asks for before it starts, in MB"
    )
    door_timeout_s: float = Field(
        5.0, gt=0, description="how long a server may take to answer before a run starts, seconds"
    )
    public_read: bool = Field(
        False,
        description="publish and release although strangers read the store without credentials",
    )
    signing_key: SecretStr = Field(
        SecretStr(""), description="secret key of minisign: its path, itself, or block:NAME"
    )
    signing_password: SecretStr = Field(
        SecretStr(""), description="of the key that signs, if it has one"
    )
    public_key: str = Field(
        "", description="key of minisign that has to have signed what is verified and pulled"
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_misspelt(cls, values: object) -> object:
        # A Prefect server is named to Prefect itself, by its own variable.
        known = [PREFIX + name.upper() for name in cls.model_fields if name != "prefect_api_url"]
        for name in os.environ:
            if name.startswith(PREFIX) and name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
                raise MillError(f"unknown setting {name} in the environment{hint}")
        return values

    @model_validator(mode="after")
    def _refuse_login_in_artifact_url(self) -> Self:
        try:
            refuse_credentials(self.artifact_url)
        except ValueError as error:
            raise MillError(f"{PREFIX}ARTIFACT_URL: {error}") from None
        return self

    @model_validator(mode="after")
    def _fill_in_from_home(self) -> Self:
        home = self.home.expanduser().absolute()
        filled = {
            "home": home,
            "store_url": self.store_url or (home / "library").as_uri(),
            "tracking_uri": self.tracking_uri or f"sqlite:///{home / 'mlflow.db'}",
        }
        for name, value in filled.items():
            object.__setattr__(self, name, value)  # frozen for everybody else
        return self

    @property
    def embedded_prefect(self) -> bool:
        """Whether the run starts its own Prefect server."""
        return not self.prefect_api_url

    @property
    def embedded_tracking(self) -> bool:
        """Whether MLflow writes into the home folder, without a server."""
        return self.tracking_uri == f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def shown_tracking_uri(self) -> str:
        """MLflow's address for messages and records: without user, password and query."""
        return without_credentials(self.tracking_uri)

    @property
    def artifact_location(self) -> str | None:
        """Where a new experiment keeps its artifacts; None leaves it to the tracking server."""
        if self.artifact_url:
            return self.artifact_url
        return (self.home / "mlartifacts").as_uri() if self.embedded_tracking else None

    @property
    def datasets_dir(self) -> Path:
        """Folder of prepared datasets."""
        return self.home / "datasets"

    @property
    def runs_dir(self) -> Path:
        """Folder of trainings, one subfolder for each content key."""
        return self.home / "runs"

    @property
    def renders_dir(self) -> Path:
        """Folder of rendered textures, one subfolder for each content key."""
        return self.home / "renders"

    @property
    def stages_dir(self) -> Path:
        """Folder of what the stages of library builds made, by key; may be deleted any time."""
        return self.home / "stages"

    @property
    def logs_dir(self) -> Path:
        """Folder of complete logs, one file for each run of the command line."""
        return self.home / "logs"


def embedded_defaults(settings: Settings) -> Mapping[str, str]:
    """Return what Prefect, MLflow, TensorFlow and albumentations find in the environment.

    They read it while they are imported, so it has to be there before the first import.
    """
    return {
        "PREFECT_HOME": str(settings.home / "prefect"),
        # The first start makes the database; on a busy machine that takes half a minute.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # The terminal shows our lines; Prefect's go to the log file and to its server.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks",
        "DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        # Or every model carries this checkout's pyproject.toml and uv.lock.
        "MLFLOW_UV_AUTO_DETECT": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        # Half a minute for a server that restarts; MLflow's own seven retries take four minutes.
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4",
        "MLFLOW_TRACKING_URI": settings.tracking_uri,
        "NO_ALBUMENTATIONS_UPDATE": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


def apply_embedded_defaults(settings: Settings) -> None:
    """Put the embedded defaults into the environment, where nothing stands yet.

    Side effects: changes `os.environ` of this process.
    """
    for name, value in embedded_defaults(settings).items():
        os.environ.setdefault(name, value)


def make_home(settings: Settings) -> None:
    """Make the home folder.

    Raises:
        MillError: it cannot be made.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        settings.logs_dir.mkdir(exist_ok=True)
    except OSError as error:
        raise MillError(
            f"cannot make the home folder {settings.home}: {error.strerror}; "
            f"choose another one with {PREFIX}HOME"
        ) from None
