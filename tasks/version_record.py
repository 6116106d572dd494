"""A version of the registry as its tags describe it, whoever reads them: MLflow, SQL or HTTP.

Anybody may register a version, or change the tags of one, and what they say becomes part of paths;
so nothing is taken that texture-mill would not have written.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from tasks.errors import MillError
from tasks.records import RegisteredModel

TAG: Final = "texture_mill."  # before the name of every tag of ours
_FACTS: Final = (
    "training_key",
    "family",
    "weights_sha256",
    "dataset_fingerprint",
    "request_key",
    "started_from",
)


def version_record(
    name: str, version: int, run_id: str, tags: Mapping[str, str]
) -> RegisteredModel:
    """Return a version from its tags, which MLflow keeps as text.

    Raises:
        MillError: texture-mill did not write them.
    """
    try:
        return RegisteredModel(
            name=name,
            version=version,
            mlflow_run_id=run_id,
            materials=tuple(part for part in tags.get(f"{TAG}materials", "").split(",") if part),
            **{fact: tags.get(TAG + fact, "") for fact in _FACTS},
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise MillError(
            f"{name} version {version} was not registered by texture-mill: its {first['loc'][0]} "
            f"is {str(first['input'])[:80]!r}; give its alias to a version that was, name another "
            "one, or make one: texture-mill run train-texture --set "
            f"publishing.registered_model={name}"
        ) from None


def version_tags(model: Mapping[str, str], materials: tuple[str, ...]) -> dict[str, str]:
    """Return the tags that `version_record` reads.

    Args:
        model: fact -> value; every fact but the materials.
        materials: slugs, in the order of the labels.
    """
    return {f"{TAG}materials": ",".join(materials), **{TAG + fact: model[fact] for fact in _FACTS}}
