"""What the gate says of a registered version, and what it judged."""

from pathlib import Path
from typing import Any, NamedTuple

from tasks.records import RegisteredModel
from tasks.settings import Settings
from tasks.training_key import EVALUATION, SHEET, training_folder
from texture_models.metrics.gate import GateConfig, GateVerdict, judge
from texture_models.metrics.scores import TextureScores


class GateOpinion(NamedTuple):
    """What the gate says of a version.

    Attributes:
        verdict: the opinion.
        known: whether it was decided and written before.
        key: what it is remembered under: another gate or other scores make another opinion.
        scores_key: which of the version's scores it is based on.
    """

    verdict: GateVerdict
    known: bool
    key: str
    scores_key: str


def gate_opinion(candidate: RegisteredModel, gate: GateConfig) -> GateOpinion:
    """Return what the gate says of a version by its newest scores."""
    from tasks.content_keys import digest_of
    from tasks.model_registry import CHAMPION, read_verdict, scores_key, version_with_alias

    settings = Settings()
    champion = version_with_alias(settings, candidate.name, CHAMPION)
    known = read_verdict(settings, candidate)
    scores = scores_key(settings, candidate)
    key = digest_of(gate, scores)
    # An old version run again must not take the place of the one that followed it.
    if champion is not None and known.get("gate.key") == key:
        return GateOpinion(_remembered(known), True, key, scores)
    verdict = _judge(settings, candidate, champion, gate, scores)
    return GateOpinion(verdict, False, key, scores)


def judged_scores(
    settings: Settings, model: RegisteredModel, scores_key: str
) -> dict[str, TextureScores]:
    """Return those of a version's scores that have a key, by material."""
    from tasks.model_registry import read_scores

    found: dict[str, Any] = read_scores(settings, model, scores_key)
    return {material: TextureScores.model_validate(values) for material, values in found.items()}


def judged_sheet(settings: Settings, candidate: RegisteredModel) -> Path | None:
    """Return the picture of the judged tiles; None if it was made on another machine."""
    sheet = training_folder(settings, candidate.training_key) / EVALUATION / SHEET
    return sheet if sheet.is_file() else None


def _judge(
    settings: Settings,
    candidate: RegisteredModel,
    champion: RegisteredModel | None,
    gate: GateConfig,
    scores: str,
) -> GateVerdict:
    from tasks.model_registry import scores_key

    theirs = None
    if champion is not None and champion.version != candidate.version:
        theirs = judged_scores(settings, champion, scores_key(settings, champion))
    return judge(judged_scores(settings, candidate, scores), gate, theirs)


def _remembered(known: dict[str, str]) -> GateVerdict:
    return GateVerdict(
        passed=known["gate.verdict"] == "passed",
        reasons=tuple(known["gate.reasons"].splitlines()),
    )
