"""Candidate against champion: the alias moves, or the refusal says why."""

from prefect import flow

from tasks.ask_operator import ask_operator, check_approval
from tasks.config import ApprovalConfig, PublishingConfig
from tasks.find_version import find_version
from tasks.promote_model import promote_model as decide
from tasks.records import Promotion
from texture_models.metrics.gate import GateConfig


@flow(name="promote-model", flow_run_name="promote-{publishing.registered_model}")
def promote_model(
    gate: GateConfig = GateConfig(),
    publishing: PublishingConfig = PublishingConfig(),
    approval: ApprovalConfig = ApprovalConfig(),
) -> Promotion:
    """Judge the newest candidate of a registered model.

    Args:
        gate: what it may at most measure to become champion.
        publishing: name of the registered model.
        approval: whether a person is asked as well.
    """
    check_approval(approval)
    candidate = find_version(publishing.registered_model, "candidate")
    answer = ask_operator(candidate, gate, approval)
    return decide(candidate, gate, answer)
