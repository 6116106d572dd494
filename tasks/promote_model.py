"""Candidate or champion: the gate's decision, written where people look."""

import logging
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.artifacts import show_promotion
from tasks.errors import MillError
from tasks.records import Promotion, RegisteredModel
from tasks.settings import Settings
from tasks.training_key import EVALUATION, SHEET, training_folder
from texture_models.metrics.gate import GateConfig, GateVerdict, judge
from texture_models.metrics.scores import TextureScores

logger = logging.getLogger(__name__)


@task(cache_policy=NO_CACHE)
def promote_model(candidate: RegisteredModel, gate: GateConfig) -> Promotion:
    """Return what became of `candidate`; a version judged before keeps its verdict.

    Side effects: tags and description of the version; the aliases `champion` and
    `previous-champion`, if the gate lets it pass.

    Raises:
        MillError: it was refused and there is no champion to go on with.
    """
    from tasks.model_registry import CHAMPION, move_champion, read_verdict, version_with_alias

    settings = Settings()
    champion = version_with_alias(settings, candidate.name, CHAMPION)
    known = read_verdict(settings, candidate)
    # An old version run again must not take the place of the one that followed it.
    if champion is not None and known.get("gate.key") == _gate_key(gate):
        verdict = _remembered(known)
    else:
        verdict = _judge(settings, candidate, champion, gate)
        if verdict.passed and champion != candidate:
            move_champion(settings, candidate)
            champion = candidate
        _record(settings, candidate, verdict, gate)
    if champion is None:
        raise MillError(
            f"{candidate.name} version {candidate.version} was refused and there is no champion to "
            f"render from: {'; '.join(verdict.reasons)}; {_where_to_look(settings, candidate)}"
            "train longer, or relax the gate (--set gate.<limit>=...)"
        )
    promotion = Promotion(
        candidate=candidate, champion=champion, passed=verdict.passed, reasons=verdict.reasons
    )
    logger.info("%s", promotion.sentence)
    show_promotion(promotion)
    return promotion


def _where_to_look(settings: Settings, candidate: RegisteredModel) -> str:
    """Name the picture of the judged tiles; nothing if it was made on another machine."""
    sheet = training_folder(settings, candidate.training_key) / EVALUATION / SHEET
    return f"look at {sheet}, then " if sheet.is_file() else ""


def _judge(
    settings: Settings,
    candidate: RegisteredModel,
    champion: RegisteredModel | None,
    gate: GateConfig,
) -> GateVerdict:
    theirs = None
    if champion is not None and champion.version != candidate.version:
        theirs = _scores(settings, champion)
    return judge(_scores(settings, candidate), gate, theirs)


def _scores(settings: Settings, model: RegisteredModel) -> dict[str, TextureScores]:
    from tasks.model_registry import read_scores

    found: dict[str, Any] = read_scores(settings, model)
    return {material: TextureScores.model_validate(values) for material, values in found.items()}


def _record(
    settings: Settings, model: RegisteredModel, verdict: GateVerdict, gate: GateConfig
) -> None:
    from tasks.model_registry import record_verdict

    said = "passed" if verdict.passed else "refused"
    reasons = "\n".join(verdict.reasons)
    what = f"{model.family} of {', '.join(model.materials)}"
    record_verdict(
        settings,
        model,
        verdict={
            "gate.verdict": said,
            "gate.reasons": reasons,
            "gate.key": _gate_key(gate),
        },
        description=f"{what}; {said} by the gate: {reasons}",
    )


def _gate_key(gate: GateConfig) -> str:
    from tasks.content_keys import digest_of

    return digest_of(gate)


def _remembered(known: dict[str, str]) -> GateVerdict:
    return GateVerdict(
        passed=known["gate.verdict"] == "passed",
        reasons=tuple(known["gate.reasons"].splitlines()),
    )
