"""A plan rebuilds what changed and nothing else, and says why."""

from typing import Any

import pytest

from data.library.build_plan import LibraryPlan, plan_library
from data.library.build_record import (
    BuildRecord,
    MasterRecord,
    build_record_json,
    current_versions,
    parse_build_record,
)
from data.library.recipe import Recipe, parse_recipe
from data.library.records import LibraryError, ModelRef
from data.library.stages import (
    RenderSource,
    StageVersions,
    library_key,
    planned_textures,
)

PLAIN = """
library: stones
model: {name: textures}
materials:
  - brick
  - {material: moss, model: {name: mosses}}
seeds: {first: 1, count: 2}
master_px: 64
sizes_px: [64, 32]
preset: godot
"""
VERSIONS = current_versions()


def source(name: str, weights: str, version: str = "1") -> RenderSource:
    model = ModelRef(
        name=name, version=version, family="psgan", weights_sha256=weights * 64, mlflow_run_id="run"
    )
    return RenderSource(model=model, dataset_fingerprint="d" * 64, materials=("brick", "moss"))


SOURCES = {"brick": source("textures", "a"), "moss": source("mosses", "b")}


def published(
    recipe: Recipe, sources: dict[str, RenderSource] = SOURCES, versions: StageVersions = VERSIONS
) -> tuple[int, BuildRecord]:
    """A record as a build of `recipe` leaves it."""
    masters = {
        f"{texture.material}_{texture.seed:04d}": MasterRecord(
            key=texture.keys.master, sha256="1" * 64, size_bytes=9, pixel_sha256="2" * 64
        )
        for texture in planned_textures(recipe, sources, versions)
    }
    record = BuildRecord(
        library_key=library_key(recipe, sources, versions),
        recipe=recipe,
        sources=sources,
        versions=versions,
        masters=masters,
        files={},
    )
    return 7, record


def after(text: str, **changes: Any) -> LibraryPlan:
    """The plan of a changed recipe, after the plain one was published."""
    values = {"sources": SOURCES, "versions": VERSIONS, **changes}
    return plan_library(parse_recipe(text), published=published(parse_recipe(PLAIN)), **values)


def built(plan: LibraryPlan) -> dict[str, str | None]:
    return {action.key: action.first_stage for action in plan.actions if action.action == "build"}


def test_an_unchanged_recipe_has_nothing_stale() -> None:
    plan = after(PLAIN)
    assert not plan.stale
    assert (plan.build, plan.reuse, plan.remove, plan.published_version) == (0, 24, 0, 7)


def test_comments_order_and_spelt_out_defaults_change_nothing() -> None:
    other = (
        "# a comment\n"
        + PLAIN.replace("[64, 32]", "[32, 64]")
        + "maps: [orm, normal_gl, basecolor]"
    )
    assert not after(other).stale


def test_the_first_build_makes_everything() -> None:
    plan = plan_library(parse_recipe(PLAIN), SOURCES, VERSIONS, None)
    assert (plan.build, plan.renders, plan.reuse) == (24, 4, 0)
    assert set(built(plan).values()) == {"sample"}
    assert plan.why == ("nothing is published yet",)
    assert plan.seconds > 0
    assert plan.build_bytes > 0


def test_a_change_of_names_re_encodes_nothing() -> None:
    plan = after(PLAIN + "file_name: 'tex_{name}_{map}_{px}'")
    assert plan.stale
    assert (plan.build, plan.reuse) == (0, 24)
    assert plan.why == ("file_name changed",)


def test_a_new_preset_runs_no_model() -> None:
    plan = after(PLAIN.replace("godot", "unity"))
    assert plan.renders == 0
    assert {key.rsplit("_", 1)[0].split("_", 2)[2] for key in built(plan)} == {"unity_mask"}
    assert set(built(plan).values()) == {"derive"}
    assert plan.remove == 8  # the packed maps of Godot


def test_one_line_of_one_material_runs_that_maps_stages_only() -> None:
    touched = PLAIN.replace("  - brick\n", "  - {material: brick, derive: {relief: 0.03}}\n")
    plan = after(touched)
    assert set(built(plan)) == {
        f"brick/brick_000{seed}_normal_gl_{size}.png" for seed in (1, 2) for size in (64, 32)
    }
    assert plan.renders == 0
    assert {a.why for a in plan.actions if a.action == "build"} == {"relief 0.012 became 0.03"}


def test_one_more_seed_renders_one_picture_and_one_less_removes_its_files() -> None:
    more = after(PLAIN.replace("  - brick\n", "  - {material: brick, seeds: [1, 2, 9]}\n"))
    assert {key.split("_")[1] for key in built(more)} == {"0009"}
    assert more.renders == 1
    less = after(PLAIN.replace("  - brick\n", "  - {material: brick, seeds: [2]}\n"))
    assert (less.build, less.remove) == (0, 6)


def test_new_weights_of_one_model_leave_the_materials_of_others_untouched() -> None:
    plan = after(PLAIN, sources={**SOURCES, "brick": source("textures", "c", "2")})
    assert {action.material for action in plan.actions if action.action == "build"} == {"brick"}
    assert plan.renders == 2
    assert "brick: textures v1 became textures v2" in plan.why


def test_the_same_weights_under_another_number_are_encoded_again_but_not_rendered() -> None:
    plan = after(PLAIN, sources={**SOURCES, "brick": source("textures", "a", "2")})
    assert (plan.build, plan.renders) == (12, 0)
    assert set(built(plan).values()) == {"encode"}


def test_a_smaller_size_is_made_from_the_masters() -> None:
    plan = after(PLAIN.replace("[64, 32]", "[64, 32, 16]"))
    assert plan.renders == 0
    assert {key.rsplit("_", 1)[1] for key in built(plan)} == {"16.png"}


def test_another_size_of_master_is_another_picture() -> None:
    plan = after(PLAIN.replace("master_px: 64", "master_px: 128"))
    assert plan.renders == 4


@pytest.mark.parametrize(
    ("stage", "renders"), [("sample", 4), ("derive", 0), ("resize", 0), ("encode", 0)]
)
def test_a_raised_stage_number_runs_that_stage_and_what_follows(stage: Any, renders: int) -> None:
    stages = {**VERSIONS.stages, stage: 2}
    plan = after(PLAIN, versions=VERSIONS.model_copy(update={"stages": stages}))
    assert (plan.build, plan.renders) == (24, renders)
    assert set(built(plan).values()) == {stage}
    assert f"the stage {stage} of this program is another one" in plan.why


def test_another_encoder_encodes_again_and_renders_nothing() -> None:
    encoders = {"pillow": "99.0"}
    plan = after(PLAIN, versions=VERSIONS.model_copy(update={"encoders": encoders}))
    assert (plan.build, plan.renders) == (24, 0)


def test_a_record_survives_its_file_and_what_is_none_is_refused() -> None:
    record = published(parse_recipe(PLAIN))[1]
    content = build_record_json(record)
    assert parse_build_record(content, where="build.json") == record
    with pytest.raises(LibraryError, match=r"build\.json is not valid"):
        parse_build_record(b"{}", where="build.json")
    nameless = build_record_json(record.model_copy(update={"sources": {"brick": SOURCES["brick"]}}))
    with pytest.raises(LibraryError, match=r"build\.json names no model for moss"):
        parse_build_record(nameless, where="build.json")


def test_a_record_of_an_older_program_takes_over_everything() -> None:
    number, record = published(parse_recipe(PLAIN))
    older = record.model_copy(update={"library_key": "0" * 64})
    read = parse_build_record(build_record_json(older), where="build.json")
    plan = plan_library(parse_recipe(PLAIN), SOURCES, VERSIONS, (number, read))
    assert plan.stale
    assert (plan.build, plan.reuse) == (0, 24)
