"""Find the saved generator that a person means: a folder, or a name in the registry."""

import re
from pathlib import Path

from tasks.config import NAME_PATTERN
from tasks.errors import MillError
from tasks.missing_versions import way_out
from tasks.records import RegisteredModel
from tasks.settings import Settings


def saved_model(settings: Settings, reference: str) -> Path:
    """Return the folder of a saved generator.

    Side effects: downloads a registered version into `<home>/models/`, unless it lies there.

    Args:
        settings: which registry, which home.
        reference: a folder, or a name in the registry: `NAME` (the champion, or the candidate
            where none was promoted), `NAME@ALIAS` or `NAME/VERSION`.

    Raises:
        MillError: there is no such model.
    """
    folder = Path(reference)
    if folder.is_dir():
        return folder
    from tasks.model_registry import fetch_weights

    return fetch_weights(settings, named_version(settings, reference), settings.home / "models")


def named_version(settings: Settings, reference: str) -> RegisteredModel:
    """Return the version that a name in the registry means, as for `saved_model`.

    Raises:
        MillError: there is none.
    """
    name, separator, which = reference.replace("@", "/").partition("/")
    if not re.match(NAME_PATTERN, name) or not re.match(r"^[a-z0-9-]{0,32}$", which):
        raise MillError(
            f"model={reference!r} is neither a folder nor a name in the registry, such as"
            " textures, textures@candidate or textures/3"
        )
    from tasks.model_registry import (
        CANDIDATE,
        CHAMPION,
        numbered_version,
        version_with_alias,
    )

    if which.isdigit():
        found = numbered_version(settings, name, int(which))
    else:
        aliases = [which] if separator else [CHAMPION, CANDIDATE]
        each = (version_with_alias(settings, name, alias) for alias in aliases)
        found = next((version for version in each if version), None)
    if found is None:
        raise MillError(
            f"there is no model {reference!r} at {settings.shown_tracking_uri}, and no folder of"
            f" that name; {way_out(name, which or CANDIDATE)}; or name the folder of a saved"
            " generator"
        )
    return found
