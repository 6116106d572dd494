"""Draw what a saved or registered model has learnt."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tasks.errors import MillError
from tasks.records import RegisteredModel
from tasks.saved_models import named_version, saved_model
from tasks.settings import Settings

HISTORY, CURVES = "history.jsonl", "training-curves.png"


def explain_model(reference: str, target: Path) -> list[Path]:
    """Write the pictures that explain a model into a folder.

    A registered model is shown beside its photographs, and with the curves of its training. A
    folder is, as long as it lies where it was trained.

    Side effects: writes into `target`; a registered model is downloaded into the home folder.

    Args:
        reference: as for `saved_model`.
        target: folder, made if it does not exist; pictures of the same name are replaced.

    Returns:
        The pictures' paths.

    Raises:
        MillError: there is no such model, or nothing is known to explain its family.
        OSError: the folder cannot be written.
    """
    from PIL import Image

    from texture_models.saved_model import load_generator
    from texture_models.training.curves import training_curves
    from texture_models.training.preview import explanations

    settings = Settings()
    registered = None if Path(reference).is_dir() else named_version(settings, reference)
    name = f"{registered.name}/{registered.version}" if registered else reference
    folder = saved_model(settings, name)
    saved = load_generator(folder)
    shown = _crops(settings, registered) if registered else {}
    pictures: dict[str, Any] = explanations(
        saved, judges=_judges(folder, saved[0]), photographs=shown
    )
    history = folder.parent / HISTORY
    if registered is None and history.is_file():
        pictures[Path(CURVES).stem] = training_curves(history)
    if not pictures:
        raise MillError(f"{reference} is a {saved[0].family}, of which there is nothing to show")
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for stem, pixels in pictures.items():
        if pixels is not None:
            paths.append(target / f"{stem}.png")
            Image.fromarray(pixels).save(paths[-1])
    if registered and (curves := _kept_curves(settings, registered.mlflow_run_id)):
        paths.append(target / CURVES)
        paths[-1].write_bytes(curves)
    return paths


def _judges(folder: Path, config: Any) -> dict[str, Any]:
    """The discriminators by name, where all were kept and the family shows them."""
    from texture_models.families import inference_of
    from texture_models.saved_model import load_judges

    build = getattr(inference_of(config), "build_judges", None)
    judges: dict[str, Any] = build(config) if build else {}
    return judges if len(load_judges(folder, judges)) == len(judges) else {}


def _crops(settings: Settings, registered: RegisteredModel) -> Mapping[str, Any]:
    from tasks.provenance import crops_of  # brings Prefect, which a folder does not need

    return crops_of(settings, registered)


def _kept_curves(settings: Settings, run_id: str) -> bytes | None:
    """The curves among the artifacts of the training's run; None where it kept none."""
    from tasks.tracking import download

    with TemporaryDirectory() as temporary:
        try:
            uri = f"runs:/{run_id}/explanations/{CURVES}"
            return download(settings, uri, Path(temporary)).read_bytes()
        except MillError:
            return None
