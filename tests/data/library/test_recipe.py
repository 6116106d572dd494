"""A recipe says what it means, or is refused in one line that names the way out."""

import json
from pathlib import Path
from typing import get_args

import pytest
import yaml

from data.library.presets import PRESETS, PresetName, file_name
from data.library.recipe import RecipeError, parse_recipe, read_recipe, recipe_json_schema
from data.library.records import MapRole

DOCS = Path(__file__).resolve().parents[3] / "docs"
PLAIN = "library: stones\nmodel: {name: textures}\nmaterials: [brick, moss]\n"


def test_the_published_json_schema_is_current() -> None:
    published = json.loads((DOCS / "recipe.schema.json").read_text())
    assert published == recipe_json_schema(), (
        "run: texture-mill library schema > docs/recipe.schema.json"
    )


@pytest.mark.parametrize("path", sorted((DOCS / "recipes").glob("*.yaml")), ids=lambda p: p.name)
def test_every_recipe_of_the_documents_is_read(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.materials
    assert yaml.safe_load(path.read_text())["schema"] == recipe.schema_id


def test_what_a_material_leaves_out_the_recipe_fills_in() -> None:
    recipe = parse_recipe(
        PLAIN + "seeds: {first: 3, count: 2}\nderive: {relief: 0.1}\n"
        "master_px: 64\nsizes_px: [64, 32]\n"
    )
    brick = recipe.materials[0]
    assert recipe.seeds_of(brick) == (3, 4)
    assert recipe.derive_of(brick).relief == 0.1
    assert str(recipe.model_of(brick)) == "textures@champion"


def test_a_material_may_have_a_model_seeds_and_maps_of_its_own() -> None:
    recipe = parse_recipe(
        "library: stones\nmodel: {name: textures}\nmaterials:\n"
        "  - moss\n  - {material: brick, model: {name: bricks, version: 4}, seeds: [9, 7]}\n"
    )
    moss, brick = recipe.materials
    assert (str(recipe.model_of(moss)), str(recipe.model_of(brick))) == (
        "textures@champion",
        "bricks/4",
    )
    assert recipe.seeds_of(brick) == (9, 7)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("seds: 3", "unknown key seds; did you mean seeds?"),
        ("seeds: {frst: 1}", "unknown key seeds.frst; did you mean first?"),
        ("licence: {acept: []}", "unknown key licence.acept; did you mean accept?"),
        ("sizes_px: [300]", "300 does not divide master_px=1024"),
        ("sizes_px: [512, 512]", "sizes_px contain 512 twice"),
        ("seeds: [1, 1]", "seeds of brick contain 1 twice"),
        ("preset: godo", "not 'godo'"),
        ("maps: [height]", "leaves out basecolor"),
        ("maps: [basecolor, opacity]", "not 'opacity'"),
        ("library: ../etc", "not '../etc'"),
        ("file_name: '{nam}_{map}_{px}'", "unknown place {nam}; did you mean {name}?"),
        ("file_name: '{name.__class__}'", "unknown place {name.__class__}"),
        ("file_name: '{name}_{map}'", "several files one name; add {px}"),
        ("file_name: '{name}_{px}'", "several files one name; add {map}"),
        ("file_name: '../{name}_{map}_{px}'", "has '/'"),
        ("file_name: '.{name}_{map}_{px}'", "starts with a dot"),
        ("file_name: '{name'", "is not understood"),
        ("schema: texture-mill.recipe/9", "schema: Input should be 'texture-mill.recipe/1'"),
    ],
)
def test_a_mistake_is_named_with_the_way_out(line: str, said: str) -> None:
    key = line.partition(":")[0]
    kept = [known for known in PLAIN.splitlines() if not known.startswith(f"{key}:")]
    with pytest.raises(RecipeError) as caught:
        parse_recipe("\n".join([*kept, line]))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "library: [", "\x00"])
def test_what_is_no_recipe_at_all_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"recipe\.yaml") as caught:
        read_recipe(path)
    assert "\n" not in str(caught.value)


def test_a_recipe_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"cannot read the recipe .*gone"):
        read_recipe(tmp_path / "gone.yaml")


@pytest.mark.parametrize("name", get_args(PresetName))
def test_a_preset_names_every_file_differently(name: PresetName) -> None:
    roles = [role for role in get_args(MapRole) if role not in ("opacity", "emission")]
    names = {
        file_name(name, "", material="brick", seed=seed, role=role, width_px=width)
        for role in roles
        for seed in (1, 2)
        for width in (512, 1024, 2048)
    }
    assert len(names) == len(roles) * 6
    assert set(PRESETS[name].maps) <= set(roles)


def test_names_are_those_that_importers_know() -> None:
    def named(preset: PresetName, role: MapRole) -> str:
        return file_name(preset, "", material="brick", seed=4, role=role, width_px=1024)

    assert named("polyhaven", "normal_gl") == "brick/brick_0004_nor_gl_1k.png"
    assert named("ambientcg", "normal_dx") == "brick/brick_0004_1K-PNG_NormalDX.png"
    assert named("unreal", "normal_dx") == "brick/T_brick_0004_1024_N.png"
    assert named("godot", "orm") == "brick/brick_0004_orm_1024.png"


def test_the_presets_follow_their_consumers_orientation() -> None:
    assert "normal_dx" in PRESETS["unreal"].maps
    assert "normal_gl" not in PRESETS["unreal"].maps
    for name in ("godot", "unity", "gltf"):
        assert "normal_dx" not in PRESETS[name].maps
