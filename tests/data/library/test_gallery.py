"""The gallery: one page, no network, nothing from outside can run in it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from data.library import gallery
from data.library.gallery import gallery_html
from data.library.plan import plan_version
from data.library.records import (
    DatasetRef,
    LibraryDraft,
    LibraryManifest,
    MapRole,
    MaterialRecord,
    ModelRef,
    PhotographRef,
    texture_key,
)
from data.library.score_words import SCORE_WORDS, show_score, words_for_score
from tests.data.library.library_samples import draft, photographs, provenance, textures

VOID = {"meta", "input", "img", "br", "link"}
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'); background:url(//evil) &amp;"


def manifest_of(chosen: LibraryDraft) -> LibraryManifest:
    plan = plan_version(chosen, textures(), photographs())
    return plan.manifest(7, "2026-11-22T12:00:00+00:00")


class Page(HTMLParser):
    """Tags, attributes, text; notices what is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]


def test_every_texture_is_shown_tiled_from_its_own_file_and_can_be_downloaded():
    page = Page(gallery_html(manifest_of(draft())))
    styles = " ".join(page.values("style"))
    downloads = {attrs["href"] for tag, attrs in page.tags if "download" in attrs}
    for texture in textures():
        assert f"url({texture.record.key})" in styles
        assert texture.record.key in downloads


def test_every_link_leads_to_an_object_of_the_version_or_out_of_the_page_on_a_click():
    manifest = manifest_of(draft())
    page = Page(gallery_html(manifest))
    inside = {record.key for record in manifest.objects()} | {"manifest.json"}
    for href in page.values("href"):
        known = href in inside or href.startswith(("#", "https://example.org/"))
        assert known, href
    for url in re.findall(r"url\((.*?)\)", " ".join(page.values("style"))):
        assert url in inside


def test_nothing_is_fetched_and_nothing_runs():
    html = gallery_html(manifest_of(draft()))
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert tags.isdisjoint({"script", "link", "iframe", "object", "embed", "form", "base"})
    policy = next(a["content"] for _, a in page.tags if "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    assert "@import" not in html
    assert not re.search(r"url\(\s*['\"]?(https?:)?//", html)
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


def test_hostile_names_are_shown_as_text():
    photograph = PhotographRef(
        photo_id="p",
        material="brick",
        source_name=HOSTILE,
        source_sha256="ab" * 32,
        licence=HOSTILE,
        origin=f"https://evil.example/{HOSTILE}",
    )
    other = photograph.model_copy(update={"photo_id": "q", "origin": "javascript:alert(1)"})
    model = ModelRef(
        name=HOSTILE,
        version=HOSTILE,
        family=HOSTILE,
        weights_sha256="cd" * 32,
        mlflow_run_id=HOSTILE,
    )
    made = provenance(
        model=model,
        dataset=DatasetRef(fingerprint="ef" * 32, source=HOSTILE, photographs=(photograph, other)),
        code_version=HOSTILE,
        licence=HOSTILE,
        ai_disclosure=HOSTILE,
    )
    materials = (
        MaterialRecord(material="brick", scores={"set_ratio": 1.0}, reasons=(HOSTILE,)),
        MaterialRecord(material="gravel"),
    )
    hostile = Page(gallery_html(manifest_of(draft(provenance=made, materials=materials))))
    tame = Page(gallery_html(manifest_of(draft(materials=(materials[0], materials[1])))))
    assert {tag for tag, _ in hostile.tags} == {tag for tag, _ in tame.tags}
    assert {n for _, a in hostile.tags for n in a} == {n for _, a in tame.tags for n in a}
    assert hostile.text.count(HOSTILE) >= 10
    assert not [href for href in hostile.values("href") if href.startswith("javascript")]


@pytest.mark.parametrize("slug", ["<b>", "a b", "../x", 'a"', "A"])
def test_a_material_that_is_no_slug_never_gets_as_far_as_a_page(slug):
    with pytest.raises(ValueError, match="pattern"):
        MaterialRecord(material=slug)


def test_verdict_scores_licences_and_lineage_can_be_read():
    page = Page(gallery_html(manifest_of(draft())))
    for words in (
        *("stones", "v7", "psgan-stones", "CC0-1.0, unknown", "0.1.0", "seed 1", "wraps x and y"),
        *(
            "passed",
            "not passed",
            "set ratio 5 is above 4",
            "How was this made?",
            "not photographs",
        ),
        "Renderer.load(model_dir).render(seed=1, height_px=16, width_px=16, material='brick'",
        SCORE_WORDS["set_ratio"].meaning,
    ):
        assert words in page.text, words
    assert SCORE_WORDS["set_ratio"].meaning in page.values("title")


def test_photographs_are_shown_at_the_scale_of_the_results_and_only_if_they_may_be():
    shown = gallery_html(manifest_of(draft()))
    assert "background-size:calc(250% / var(--tiles))" in shown  # 40 px beside 16 px
    hidden = gallery_html(manifest_of(draft(include_photographs=False)))
    assert "photographs/" not in hidden
    assert "My Wall.jpg" in shown
    assert "My Wall.jpg" not in hidden


def test_files_that_were_reduced_from_a_master_are_not_taken_for_renderings_of_their_size():
    manifest = manifest_of(draft())
    master = next(d for d in manifest.documents if d.type == "preview").model_copy(
        update={"type": "master", "key": "masters/brick_0001.png", "width_px": 64}
    )
    built = manifest.model_copy(update={"documents": (*manifest.documents, master)})
    shown = gallery_html(built)
    assert "background-size:calc(62.5% / var(--tiles))" in shown  # 40 px beside 64 px
    assert "render(seed=1, height_px=64, width_px=64" in shown
    assert "height_px=16" not in shown


def test_a_card_of_many_files_switches_between_its_maps_and_lists_them_all():
    roles = ("basecolor", "normal_gl", "normal_dx", "height", "roughness", "ao", "orm")
    first = manifest_of(draft()).textures[0]
    files = [
        first.model_copy(
            update={"role": role, "width_px": px, "key": texture_key("brick", first.name, role, px)}
        )
        for role in roles
        for px in (16, 32)
    ]
    page = Page(gallery_html(manifest_of(draft()).model_copy(update={"textures": tuple(files)})))
    tabs = [attrs for _, attrs in page.tags if attrs.get("name") == "brick-brick_0001"]
    assert len(tabs) == len(roles)
    assert len([attrs for _, attrs in page.tags if "download" in attrs]) == len(files)
    style = (Path(gallery.__file__).parent / "gallery.css").read_text()
    assert f".card > input:nth-of-type({len(get_args(MapRole))}):checked" in style


def test_the_page_holds_neither_time_nor_flow_run():
    plan = plan_version(draft(provenance=provenance(flow_run_id="run-of-today")), textures(), {})
    one = gallery_html(plan.manifest(7, "2026-11-22T12:00:00+00:00"))
    assert one == gallery_html(plan.manifest(7, "2030-01-01T00:00:00+00:00"))
    assert "run-of-today" not in one


@pytest.mark.parametrize(
    ("score", "shown"),
    [
        *((None, "not computed"), (True, "yes"), (False, "no"), (3, "3"), (0.0, "0")),
        *((2.3456, "2.35"), (-0.5, "-0.5"), (0.000123, "0.000123"), (123456.7, "123457")),
    ],
)
def test_scores_are_written_as_people_read_them(score, shown):
    assert show_score(score) == shown


def test_a_score_nobody_explained_is_shown_under_its_own_name():
    assert words_for_score("brand_new").label == "brand new"


def test_scores_stand_in_one_order_however_they_were_read() -> None:
    def page(names: list[str]) -> str:
        scores = dict.fromkeys(names, 1.5)
        shown = [
            replace(t, record=t.record.model_copy(update={"scores": scores})) for t in textures()
        ]
        return gallery_html(plan_version(draft(), shown, {}).manifest(7, ""))

    assert page(["wrap_seam_z", "wrap_seam_ratio"]) == page(["wrap_seam_ratio", "wrap_seam_z"])
