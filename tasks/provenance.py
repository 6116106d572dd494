"""Where a registered model comes from, read from the registry alone.

The dataset's record and one crop of each material lie among the artifacts of the training's MLflow
run, so a library can be published on a machine that never saw the photographs.
"""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect.runtime import flow_run

from data.library.records import (
    DatasetRef,
    MaterialRecord,
    ModelRef,
    PhotographRef,
    Provenance,
    SourceRef,
)
from data.records import PreparedDataset
from tasks.config import PublishingConfig
from tasks.content_keys import code_version
from tasks.recipe_sources import choice_of, looked_up
from tasks.records import RegisteredModel
from tasks.settings import Settings


def dataset_folder(settings: Settings, model: RegisteredModel) -> Path:
    """Return the local copy of what the registry knows about the model's photographs.

    Side effects: downloads it into `<home>/models/` once.
    """
    from tasks.tracking import download

    place = settings.home / "models" / f"dataset-{model.mlflow_run_id}"
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=place.parent, prefix=".incomplete-") as temporary:
            download(settings, f"runs:/{model.mlflow_run_id}/dataset", Path(temporary)).rename(
                place
            )
    return place


def dataset_of(settings: Settings, model: RegisteredModel) -> PreparedDataset:
    """Return the record of the photographs a model learnt from; its pixels are not there."""
    text = (dataset_folder(settings, model) / "dataset.json").read_text()
    return PreparedDataset.model_validate_json(text)


def crops_of(settings: Settings, model: RegisteredModel) -> dict[str, Any]:
    """Return material -> (height, width, 3) uint8, one crop of a photograph of each material."""
    from data.library.encode import decode_png

    folder = dataset_folder(settings, model) / "crops"
    return {path.stem: decode_png(path.read_bytes())[0] for path in sorted(folder.glob("*.png"))}


def provenance_of(
    settings: Settings,
    model: RegisteredModel,
    publishing: PublishingConfig,
    sources: Iterable[SourceRef] = (),
) -> Provenance:
    """Return what a library says about its model, its photographs and its licence.

    Args:
        settings: which server.
        model: what rendered the textures.
        publishing: what the operator says.
        sources: pictures that were translated; their licences count as those of photographs do.
    """
    dataset = dataset_of(settings, model)
    names = set(PhotographRef.model_fields)
    return Provenance(
        model=ModelRef(
            name=model.name,
            version=str(model.version),
            family=model.family,
            weights_sha256=model.weights_sha256,
            mlflow_run_id=model.mlflow_run_id,
            started_from=model.started_from,
        ),
        dataset=DatasetRef(
            fingerprint=dataset.fingerprint,
            source=dataset.source,
            photographs=tuple(
                PhotographRef.model_validate(photo.model_dump(include=names))
                for photo in dataset.photographs
            ),
        ),
        code_version=code_version(),
        flow_run_id=flow_run.id or "",
        licence=_licence(
            publishing,
            {photo.licence for photo in dataset.photographs}
            | {ref.licence for ref in sources}
            | _inherited_licences(settings, model),
        ),
    )


def material_records(settings: Settings, model: RegisteredModel) -> tuple[MaterialRecord, ...]:
    """Return what the registry says of each material of a model: the gate's verdict and its scores.

    A version may have newer scores than those its verdict is based on; both here belong together.
    """
    from tasks.model_registry import read_scores, read_verdict, scores_key

    verdict = read_verdict(settings, model)
    judged_by = verdict.get("gate.scores_key", "") if verdict else scores_key(settings, model)
    scores = read_scores(settings, model, judged_by)
    reasons = verdict.get("gate.reasons", "").splitlines()
    return tuple(
        MaterialRecord(
            material=material,
            scores=scores.get(material, {}),
            passed=verdict["gate.verdict"] == "passed" if "gate.verdict" in verdict else None,
            # A refusal names its material first; what it says of others is not this one's.
            reasons=tuple(
                reason
                for reason in reasons
                if reason.partition(": ")[0] not in set(model.materials) - {material}
            ),
        )
        for material in sorted(model.materials)
    )


def _inherited_licences(settings: Settings, model: RegisteredModel) -> set[str]:
    """Licences of the photographs behind the versions whose weights a training began with.

    What cannot be looked up any more counts as unknown.
    """
    licences: set[str] = set()
    while model.started_from:
        found = looked_up(settings, choice_of(model.started_from, model.name))
        if found is None:
            return licences | {"unknown"}
        licences |= {photo.licence for photo in dataset_of(settings, found).photographs}
        model = found
    return licences


def _licence(publishing: PublishingConfig, licences: set[str]) -> str:
    """What the operator says; otherwise what follows from all the pictures without doubt."""
    if publishing.licence != "auto":
        return publishing.licence
    return "CC0-1.0" if licences == {"CC0-1.0"} else "unknown"
