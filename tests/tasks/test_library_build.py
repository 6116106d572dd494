"""A library of several models says of each material what made it, and under which licences."""

import pytest

from data.library.recipe import Recipe, parse_recipe
from data.library.records import DatasetRef, ModelRef, PhotographRef, Provenance
from tasks.errors import MillError
from tasks.library_build import _check_licences, _joined

RECIPE = """
library: two
model: {name: bricks}
materials: [brick, {material: moss, model: {name: mosses}}]
"""


def made(model: str, material: str, photo_licence: str, licence: str) -> Provenance:
    photograph = PhotographRef(
        photo_id=f"{material}_1",
        material=material,
        source_name="",
        source_sha256="a" * 64,
        licence=photo_licence,
        origin="",
    )
    return Provenance(
        model=ModelRef(
            name=model, version="1", family="psgan", weights_sha256="b" * 64, mlflow_run_id=model
        ),
        dataset=DatasetRef(fingerprint="c" * 64, source="", photographs=(photograph,)),
        code_version="0",
        licence=licence,
    )


def recipe(policy: str = "") -> Recipe:
    return parse_recipe(RECIPE + policy)


FREE = made("bricks", "brick", "CC0-1.0", "CC0-1.0")
OTHER = made("mosses", "moss", "CC-BY-4.0", "unknown")


def test_each_material_leads_to_its_own_model_and_photographs() -> None:
    joined = _joined(recipe(), {"brick": FREE, "moss": OTHER})
    assert joined.of("brick") == (FREE.model, FREE.dataset)
    assert joined.of("moss") == (OTHER.model, OTHER.dataset)
    assert [other.material for other in joined.others] == ["moss"]


def test_the_whole_says_a_licence_only_if_all_have_it() -> None:
    assert _joined(recipe(), {"brick": FREE, "moss": OTHER}).licence == "unknown"
    same = OTHER.model_copy(update={"licence": "CC0-1.0"})
    assert _joined(recipe(), {"brick": FREE, "moss": same}).licence == "CC0-1.0"


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        ("", None),
        ("licence: {accept: [CC0-1.0]}", r"moss learnt from moss_1 \(CC-BY-4.0\)"),
        ("licence: {accept: [CC0-1.0, CC-BY-4.0]}", None),
    ],
)
def test_the_licence_policy_looks_at_every_models_photographs(policy, refused) -> None:
    provenances = {"brick": FREE, "moss": OTHER}
    if refused is None:
        _check_licences(recipe(policy), provenances)
        return
    with pytest.raises(MillError, match=refused):
        _check_licences(recipe(policy), provenances)


def test_an_unknown_licence_is_refused_until_it_is_accepted() -> None:
    unknown = made("bricks", "brick", "unknown", "unknown")
    provenances = {"brick": unknown, "moss": OTHER}
    with pytest.raises(MillError, match="brick learnt from brick_1"):
        _check_licences(recipe(), provenances)
    _check_licences(recipe("licence: {accept_unknown: true}"), provenances)
