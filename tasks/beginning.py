"""The weights that a training begins with: those of one exact version, however it was named."""

from dataclasses import dataclass
from pathlib import Path

from tasks.errors import MillError
from tasks.recipe_sources import choice_of, looked_up
from tasks.records import RegisteredModel
from tasks.settings import Settings


@dataclass(frozen=True)
class Beginning:
    """A saved model to begin with.

    Attributes:
        name: NAME/VERSION, for records.
        folder: where it lies.
        sha256: of its numbers, discriminators included.
    """

    name: str
    folder: Path
    sha256: str


def beginning_of(
    settings: Settings, start: RegisteredModel | None, request_key: str
) -> Beginning | None:
    """Return the weights of `start`, or those that the same request began with before.

    A training asked to begin with the champion may become the champion. Asked for again, it is
    still that training: it neither begins with itself nor is trained twice.

    Side effects: downloads the version into `<home>/models/`, unless it lies there.

    Args:
        settings: which registry, which home.
        start: the version that answers to the name now; None for random weights.
        request_key: digest of what is asked for, the name unresolved.

    Raises:
        MillError: the version that it began with before is gone.
    """
    if start is None:
        return None
    if start.request_key == request_key and start.started_from:
        before = looked_up(settings, choice_of(start.started_from, start.name))
        if before is None:
            raise MillError(
                f"{start.name}/{start.version} is what is asked for, but {start.started_from}, that"
                " it began with, is not in the registry any more; name another version in"
                " training.from_model"
            )
        start = before
    from tasks.model_registry import fetch_weights
    from texture_models.saved_model import start_sha256

    folder = fetch_weights(settings, start, settings.home / "models")
    return Beginning(f"{start.name}/{start.version}", folder, start_sha256(folder))
