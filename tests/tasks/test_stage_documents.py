"""Contact sheet, previews and crops are drawn only where their key says that they changed."""

from pathlib import Path

from data.library.build_record import BuildRecord, current_versions
from data.library.documents import draw_documents, wanted_documents
from data.library.encode import Texture
from data.library.plan import plan_version
from data.library.publish import publish_plan
from data.library.published_build import PublishedBuild, build_documents, newest_build
from data.library.recipe import parse_recipe
from data.library.stages import RenderSource
from tasks.stage_documents import DrawnDocuments, draw_stale_documents
from tests.data.library.library_samples import LIBRARY, draft, photographs, provenance, textures


def drawn(
    folder: Path, shown: list[Texture], published: PublishedBuild | None = None, **changes: str
) -> DrawnDocuments:
    made = provenance()
    model = made.model.model_copy(update=changes)
    wanted = wanted_documents(
        draft(provenance=made.model_copy(update={"model": model})), shown, photographs()
    )
    return draw_stale_documents(wanted, folder, published)


def publish(url: str, found: DrawnDocuments) -> PublishedBuild:
    recipe = parse_recipe(
        f"library: {LIBRARY}\nmodel: {{name: psgan-stones}}\nmaterials: [brick]\n"
        "master_px: 32\nsizes_px: [32]\n"
    )
    source = RenderSource(
        model=provenance().model, dataset_fingerprint="e" * 64, materials=("brick",)
    )
    record = BuildRecord(
        library_key="0" * 64,
        recipe=recipe,
        sources={"brick": source},
        versions=current_versions(),
        masters={},
        files={},
        documents=found.keys,
    )
    further = build_documents(record, {})
    publish_plan(url, plan_version(draft(), textures(), {}, further, drawn=found.documents))
    build = newest_build(url, LIBRARY)
    assert build is not None
    return build


def test_they_are_the_pictures_that_are_drawn_without_keys(tmp_path: Path) -> None:
    found = drawn(tmp_path, textures())
    assert {d.record.key: d.content for d in found.documents} == {
        d.record.key: d.content for d in draw_documents(draft(), textures(), photographs())
    }
    assert found.ran == {"documents": 3, "previews": 4}


def test_a_second_time_nothing_is_drawn_here_or_where_the_store_is(tmp_path: Path) -> None:
    first = drawn(tmp_path / "here", textures())
    build = publish((tmp_path / "store").as_uri(), first)
    for folder, published in ((tmp_path / "here", None), (tmp_path / "elsewhere", build)):
        found = drawn(folder, textures(), published)
        assert found.ran == {}
        assert [d.record for d in found.documents] == [d.record for d in first.documents]
        assert [d.content for d in found.documents] == [d.content for d in first.documents]


def test_another_version_of_the_model_is_another_title_and_no_other_preview(tmp_path) -> None:
    drawn(tmp_path, textures())
    assert drawn(tmp_path, textures(), version="9").ran == {"documents": 1}


def test_one_other_picture_is_one_other_preview_and_another_sheet(tmp_path: Path) -> None:
    drawn(tmp_path, textures())
    mixed = [*textures(1)[:1], *textures()[1:]]
    assert drawn(tmp_path, mixed).ran == {"documents": 1, "previews": 1}


def test_a_result_that_was_damaged_at_home_is_drawn_again(tmp_path: Path) -> None:
    first = drawn(tmp_path, textures())
    place = next(tmp_path.glob("documents/*/*.png"))
    place.write_bytes(place.read_bytes()[:-1])
    found = drawn(tmp_path, textures())
    assert sum(found.ran.values()) == 1
    assert [d.content for d in found.documents] == [d.content for d in first.documents]
