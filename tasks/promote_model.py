"""Candidate or champion: the gate's decision, written where people look."""

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.artifacts import show_promotion
from tasks.errors import MillError
from tasks.gate_opinion import GateOpinion, gate_opinion, judged_sheet
from tasks.records import Answer, Promotion, RegisteredModel
from tasks.settings import Settings
from texture_models.metrics.gate import GateConfig, GateVerdict

logger = logging.getLogger(__name__)


@task(cache_policy=NO_CACHE)
def promote_model(
    candidate: RegisteredModel, gate: GateConfig, answer: Answer | None = None
) -> Promotion:
    """Return what became of `candidate`; one judged before, by the same scores, keeps its verdict.

    Side effects: tags and description of the version; the aliases `champion` and
    `previous-champion`, if the gate, and the person who was asked, let it pass.

    Args:
        candidate: version to decide on.
        gate: limits of its scores.
        answer: of a person; None: nobody was asked.

    Raises:
        MillError: it was refused and there is no champion to go on with.
    """
    from tasks.model_registry import CHAMPION, move_champion, version_with_alias

    settings = Settings()
    champion = version_with_alias(settings, candidate.name, CHAMPION)
    opinion = gate_opinion(candidate, gate)
    verdict = opinion.verdict
    if not opinion.known:
        verdict = with_answer(verdict, answer)
        if verdict.passed and champion != candidate:
            move_champion(settings, candidate)
            champion = candidate
        _record(settings, candidate, opinion, verdict)
    if champion is None:
        sheet = judged_sheet(settings, candidate)
        look = f"look at {sheet}, then " if sheet else ""
        raise MillError(
            f"{candidate.name} version {candidate.version} was refused and there is no champion to "
            f"render from: {'; '.join(verdict.reasons)}; {look}"
            f"train longer (--set training.from_model={candidate.version} begins with its weights),"
            " or relax the gate (--set gate.<limit>=...)"
        )
    promotion = Promotion(
        candidate=candidate, champion=champion, passed=verdict.passed, reasons=verdict.reasons
    )
    logger.info("%s", promotion.sentence)
    show_promotion(promotion)
    return promotion


def with_answer(verdict: GateVerdict, answer: Answer | None) -> GateVerdict:
    """Let a person refuse what the gate let pass, never the other way round."""
    if answer is None or not verdict.passed:
        return verdict
    return GateVerdict(passed=answer.approved, reasons=(*verdict.reasons, answer.sentence))


def _record(
    settings: Settings, model: RegisteredModel, opinion: GateOpinion, verdict: GateVerdict
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
            "gate.scores_key": opinion.scores_key,
            "gate.key": opinion.key,
        },
        description=f"{what}; {said}: {reasons}",
    )
