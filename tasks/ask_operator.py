"""A person's yes or no to a candidate, with its pictures in the form that asks."""

import logging
from typing import Literal

from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from pydantic import Field

from tasks.artifacts import approval_text
from tasks.config import ApprovalConfig
from tasks.errors import MillError
from tasks.gate_opinion import gate_opinion, judged_scores, judged_sheet
from tasks.records import Answer, RegisteredModel
from tasks.settings import Settings
from texture_models.metrics.gate import GateConfig

logger = logging.getLogger(__name__)

POLL_S = 5


class Decision(RunInput):
    """What the form asks for; leaving it as it is says no."""

    decision: Literal["reject", "approve"] = "reject"
    reason: str = Field("", max_length=1000, description="kept on the model's version")


def check_approval(approval: ApprovalConfig) -> None:
    """Refuse to ask where nobody could answer.

    Raises:
        MillError: the Prefect server is the embedded one, which has no pages and ends with the run.
    """
    if approval.ask and Settings().embedded_prefect:
        raise MillError(
            "approval.ask=true, but the embedded Prefect server has no page to answer on: set "
            "PREFECT_API_URL to a server, or approval.ask=false"
        )


def ask_operator(
    candidate: RegisteredModel, gate: GateConfig, approval: ApprovalConfig
) -> Answer | None:
    """Pause the flow run until a person has decided; None where there is nothing to decide.

    Nobody is asked when it is not wanted, when the gate refuses the candidate anyway, or when the
    version was decided on before, by the scores it has. To be called in a flow, not in a task: only
    flows pause.

    Raises:
        MillError: nobody answered in time.
    """
    if not approval.ask:
        return None
    opinion = gate_opinion(candidate, gate)
    if opinion.known or not opinion.verdict.passed:
        return None
    settings = Settings()
    name = f"{candidate.name} version {candidate.version}"
    sheet = judged_sheet(settings, candidate)
    scores = judged_scores(settings, candidate, opinion.scores_key)
    text = approval_text(name, scores, sheet)
    logger.info("waiting for somebody to approve %s: %s", name, flow_run.ui_url or flow_run.id)
    try:
        given = pause_flow_run(
            wait_for_input=Decision.with_initial_data(description=text),
            timeout=round(approval.hours * 3600),
            poll_interval=POLL_S,
        )
    except FlowPauseTimeout as error:
        raise MillError(
            f"nobody decided on {name} within {approval.hours:g} hours; it stays a candidate: run "
            "promote-model, or run this again with a longer approval.hours"
        ) from error
    return Answer(approved=given.decision == "approve", reason=given.reason.strip())
