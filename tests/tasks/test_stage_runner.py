"""Only stale stages run, a model only where no master is left; masters are enough for the rest."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from data.library.documents import wanted_documents
from data.library.encode import Pixels, decode_png
from data.library.plan import plan_version
from data.library.publish import publish_plan
from data.library.published_build import PublishedBuild, build_documents
from data.library.records import ModelRef
from data.library.versions import latest_version, load_manifest
from data.object_store import open_store
from tasks.errors import MillError
from tasks.stage_documents import draw_stale_documents
from tests.data.library.library_samples import provenance
from tests.tasks.stage_samples import (
    PLAIN,
    NoModel,
    Painter,
    draft_of,
    hashes,
    publish,
    published_hashes,
    runner,
)


@pytest.fixture
def first(tmp_path: Path) -> PublishedBuild:
    """The plain recipe, built and published once."""
    return publish(tmp_path.as_uri() + "/store", *runner(PLAIN, tmp_path, Painter(), None))


def test_the_first_build_renders_each_picture_once(tmp_path: Path) -> None:
    painter = Painter()
    _, built = runner(PLAIN, tmp_path, painter, None)
    assert sorted(painter.asked) == ["brick_0001", "brick_0002", "gravel_0001", "gravel_0002"]
    assert built.ran["encode"] == len(built.textures) == 24
    assert {t.record.derivation for t in built.textures if t.record.role != "basecolor"} == {
        "approximated"
    }


def test_an_unchanged_recipe_runs_no_stage_on_another_machine(first, tmp_path: Path) -> None:
    _, built = runner(PLAIN, tmp_path / "elsewhere", NoModel(), first)
    assert built.ran == {}
    assert hashes(built) == published_hashes(first)


def test_one_touched_line_runs_that_assets_stages_only(first, tmp_path: Path) -> None:
    touched = PLAIN.replace("[brick, gravel]", "[{material: brick, derive: {relief: 0.2}}, gravel]")
    _, built = runner(touched, tmp_path / "elsewhere", NoModel(), first)
    assert built.ran == {"normal_gl": 4, "encode": 4}
    before, after = published_hashes(first), hashes(built)
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {f"brick/brick_000{s}_normal_gl_{px}.png" for s in (1, 2) for px in (64, 32)}


def test_another_preset_loads_no_model_and_encodes_only_its_own_maps(first, tmp_path: Path) -> None:
    _, built = runner(PLAIN.replace("godot", "unity"), tmp_path / "elsewhere", NoModel(), first)
    assert built.ran == {"unity_mask": 8, "encode": 8}


def test_other_names_encode_nothing(first, tmp_path: Path) -> None:
    named = PLAIN + "file_name: 'my_{name}_{map}_{px}'\n"
    _, built = runner(named, tmp_path / "elsewhere", NoModel(), first)
    assert built.ran == {}
    assert built.record is not None
    assert built.record.files["brick/brick_0001_orm_64.png"] == "brick/my_brick_0001_orm_64.png"


def test_everything_made_again_from_the_masters_elsewhere_is_the_same(first, tmp_path) -> None:
    _, built = runner(PLAIN, tmp_path / "elsewhere", NoModel(), first, again=True)
    assert built.ran["encode"] == 24
    assert hashes(built) == published_hashes(first)


def test_a_new_version_with_the_same_weights_renders_nothing(first, tmp_path: Path) -> None:
    promoted = provenance().model.model_copy(update={"version": "4"})
    _, built = runner(PLAIN, tmp_path / "elsewhere", NoModel(), first, model=promoted)
    assert built.ran["encode"] == 24


def test_new_weights_render_everything_of_theirs_again(first, tmp_path: Path) -> None:
    trained = provenance().model.model_copy(update={"version": "4", "weights_sha256": "9" * 64})
    painter = Painter()
    runner(PLAIN, tmp_path / "elsewhere", painter, first, model=trained)
    assert len(painter.asked) == 4


def test_a_library_is_built_and_published_without_holding_its_files(tmp_path: Path) -> None:
    many = (
        PLAIN.replace("count: 2", "count: 12")
        .replace("master_px: 64", "master_px: 256")
        .replace("[64, 32]", "[256]")
    )
    tracemalloc.start()
    recipe, built = runner(many + "maps: [basecolor]\n", tmp_path, Painter(), None)
    wanted = wanted_documents(draft_of(recipe), built.textures, {})
    shown = draw_stale_documents(wanted, tmp_path / "stages", None).documents
    assert built.record is not None
    further = build_documents(built.record, built.masters)
    plan = plan_version(draft_of(recipe), built.textures, {}, further, drawn=shown)
    tracemalloc.reset_peak()  # one picture at work takes as much as this small library
    published = publish_plan((tmp_path / "store").as_uri(), plan, flat_tree=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert published.size_bytes > 12_000_000
    assert peak < published.size_bytes / 2


def test_what_an_earlier_build_left_is_handed_over_without_making_anything(tmp_path: Path) -> None:
    _, first = runner(PLAIN, tmp_path, Painter(), None)
    _, built = runner(PLAIN, tmp_path, NoModel(), None, made_only=True)
    assert hashes(built) == hashes(first)
    with pytest.raises(MillError, match=r"brick_0003 is not made yet"):
        runner(PLAIN.replace("count: 2", "count: 3"), tmp_path, NoModel(), None, made_only=True)
    with pytest.raises(MillError, match=r"unity_mask_64\.png is not made yet"):
        runner(PLAIN.replace("godot", "unity"), tmp_path, NoModel(), None, made_only=True)


def test_an_interrupted_build_goes_on_where_it_was(tmp_path: Path) -> None:
    class Interrupted(Painter):
        def render(self, model: ModelRef, material: str, seed: int, side_px: int) -> Pixels:
            if material == "gravel":
                raise KeyboardInterrupt
            return super().render(model, material, seed, side_px)

    with pytest.raises(KeyboardInterrupt):
        runner(PLAIN, tmp_path, Interrupted(), None)
    painter = Painter()
    _, built = runner(PLAIN, tmp_path, painter, None)
    assert sorted(painter.asked) == ["gravel_0001", "gravel_0002"]
    assert len(built.textures) == 24


def test_a_texture_that_the_store_lost_is_made_again_from_its_master(first, tmp_path) -> None:
    lost = first.textures["brick/brick_0001_orm_64.png"].sha256
    (path,) = tmp_path.glob(f"store/stones/objects/*/{lost}")
    path.unlink()
    _, built = runner(PLAIN, tmp_path / "elsewhere", NoModel(), first)
    assert built.ran == {"orm": 1, "encode": 1}
    assert hashes(built) == published_hashes(first)


def test_a_second_version_shares_what_did_not_change(first, tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    before = {path for path in tmp_path.glob("store/stones/objects/*/*")}
    touched = PLAIN.replace("[brick, gravel]", "[brick, {material: gravel, seeds: [1]}]")
    second = publish(url, *runner(touched, tmp_path, NoModel(), first))
    added = [p for p in tmp_path.glob("store/stones/objects/*/*") if p not in before]
    assert second.version == latest_version(url, "stones") == 2
    assert len(added) <= 3  # build.json, gallery, contact sheet
    manifest, _ = load_manifest(open_store(url), "stones", 2)
    assert {d.subject for d in manifest.documents if d.type == "master"} == set(
        second.record.masters
    )


def test_a_picture_with_a_seam_is_refused_unless_excepted(tmp_path: Path) -> None:
    class Cut(Painter):
        def render(self, model: ModelRef, material: str, seed: int, side_px: int) -> Pixels:
            ramp = np.linspace(0, 255, side_px).astype(np.uint8)
            return np.repeat(np.tile(ramp, (side_px, 1))[..., None], 3, axis=2)

    strict = PLAIN.replace("quality: {wrap_seam_ratio: 100}\n", "")
    with pytest.raises(MillError, match=r"4 pictures have a seam .* quality\.excepted"):
        runner(strict, tmp_path, Cut(), None)
    names = "[brick_0001, brick_0002, gravel_0001, gravel_0002]"
    _, built = runner(strict + f"quality: {{excepted: {names}}}\n", tmp_path, Cut(), None)
    assert len(built.textures) == 24


def test_heights_have_sixteen_bits_and_previews_can_show_them(tmp_path: Path) -> None:
    _, built = runner(PLAIN + "maps: [basecolor, height]\n", tmp_path, Painter(), None)
    png = next(t.png for t in built.textures if t.record.role == "height")
    assert png[24] == 16  # bit depth in IHDR
    assert png[25] == 0  # grey
    assert decode_png(png)[0].shape[2] == 3


def test_a_declared_width_is_recorded_without_encoding(first, tmp_path: Path) -> None:
    sized = PLAIN.replace("[brick,", "[{material: brick, physical_width_mm: 900},")
    _, built = runner(sized, tmp_path / "elsewhere", NoModel(), first)
    assert built.ran == {}
    (brick, *_) = [t.record for t in built.textures if t.record.material == "brick"]
    assert (brick.physical_size_mm, brick.scale_source) == ((900.0, 900.0), "declared")
