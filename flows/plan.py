"""What a run would do, in words, before it does it."""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.size_checks import check_sizes

# Starting, judging, registering, rendering and publishing together, on two cores.
OVERHEAD_MINUTES = 2.5


def plan_lines(parameters: Mapping[str, Any], store_url: str) -> Iterator[str]:
    """Yield one line for each step that the typed `parameters` of a flow lead to.

    Raises:
        MillError: a size does not fit the model.
    """
    if recipe := parameters.get("recipe"):
        yield f"build     what is stale of {recipe}: texture-mill library plan {recipe} lists it"
        yield f"publish   at {store_url}, unless nothing changed"
        return
    if library := parameters.get("library"):
        which = parameters.get("channel") or parameters.get("version") or "its objects"
        yield f"library   {library} at {store_url}: {which}"
        return
    if dataset := parameters.get("dataset"):
        materials = ", ".join(dataset.materials) or "every material"
        yield f"prepare   {dataset.source}: {materials}"
    if training := parameters.get("training"):
        model = parameters["model"]
        check_sizes(model, training, parameters.get("evaluation"), parameters.get("rendering"))
        budget = f"{training.steps} steps"
        if training.minutes is not None:
            budget += f" or {training.minutes:g} minutes, whichever ends first"
        yield f"train     {model.family}, {budget}; an interrupted one goes on"
        if training.from_model:
            yield f"start     with the weights of {training.from_model}, not with random ones"
    if translation := parameters.get("translation"):
        name = parameters["publishing"].registered_model
        yield f"translate {translation.source}: into {translation.target}"
        yield f"model     {name}, version: {translation.model_version}"
    if evaluation := parameters.get("evaluation"):
        tiles = f"{evaluation.tiles_per_material} tiles of {evaluation.tile_px} px"
        yield f"judge     {tiles} of each material"
    publishing = parameters.get("publishing")
    if publishing and ("training" in parameters or "gate" in parameters):
        yield f"register  {publishing.registered_model}, the next version unless it is known"
    if (approval := parameters.get("approval")) and approval.ask:
        yield f"approve   waits up to {approval.hours:g} hours for a person's answer"
    rendering = parameters.get("rendering")
    if publishing and rendering:
        sizes = ", ".join(str(size) for size in rendering.sizes_px)
        yield f"render    {len(rendering.seeds)} seeds at {sizes} px of each material"
    if publishing and (rendering or translation):
        yield f"publish   {publishing.library} at {store_url}, unless nothing changed"
    yield f"time      {_duration(parameters)}"


def _duration(parameters: Mapping[str, Any]) -> str:
    training = parameters.get("training")
    if training is None:
        return f"about {OVERHEAD_MINUTES:g} minutes"
    if training.minutes is None:
        return f"{OVERHEAD_MINUTES:g} minutes and as long as {training.steps} steps take"
    return f"at most {training.minutes + OVERHEAD_MINUTES:g} minutes on two cores"
