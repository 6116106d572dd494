"""What the gate says of a registered version, and what it judged."""

from pathlib import Path
from typing import Any

from tasks.records import RegisteredModel
from tasks.settings import Settings
from tasks.training_key import EVALUATION, SHEET, training_folder
from texture_models.metrics.gate import GateConfig, GateVerdict, judge
from texture_models.metrics.scores import TextureScores


def gate_opinion(candidate: RegisteredModel, gate: GateConfig) -> tuple[GateVerdict, bool]:
    """Return what the gate says of a version, and whether that was decided and written before."""
    from tasks.model_registry import CHAMPION, read_verdict, version_with_alias

    settings = Settings()
    champion = version_with_alias(settings, candidate.name, CHAMPION)
    known = read_verdict(settings, candidate)
    # An old version run again must not take the place of the one that followed it.
    if champion is not None and known.get("gate.key") == gate_key(gate):
        return _remembered(known), True
    return _judge(settings, candidate, champion, gate), False


def judged_scores(settings: Settings, model: RegisteredModel) -> dict[str, TextureScores]:
    """Return the scores that a version was registered with, by material."""
    from tasks.model_registry import read_scores

    found: dict[str, Any] = read_scores(settings, model)
    return {material: TextureScores.model_validate(values) for material, values in found.items()}


def judged_sheet(settings: Settings, candidate: RegisteredModel) -> Path | None:
    """Return the picture of the judged tiles; None if it was made on another machine."""
    sheet = training_folder(settings, candidate.training_key) / EVALUATION / SHEET
    return sheet if sheet.is_file() else None


def gate_key(gate: GateConfig) -> str:
    """Return what a verdict is remembered under."""
    from tasks.content_keys import digest_of

    return digest_of(gate)


def _judge(
    settings: Settings,
    candidate: RegisteredModel,
    champion: RegisteredModel | None,
    gate: GateConfig,
) -> GateVerdict:
    theirs = None
    if champion is not None and champion.version != candidate.version:
        theirs = judged_scores(settings, champion)
    return judge(judged_scores(settings, candidate), gate, theirs)


def _remembered(known: dict[str, str]) -> GateVerdict:
    return GateVerdict(
        passed=known["gate.verdict"] == "passed",
        reasons=tuple(known["gate.reasons"].splitlines()),
    )
