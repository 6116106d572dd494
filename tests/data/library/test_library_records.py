"""The manifest's records: closed, stable, and refusing what contradicts itself."""

import gc
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from data.library.large_records import cycles_left_alone
from data.library.plan import plan_version
from data.library.records import (
    LibraryError,
    LibraryManifest,
    MaterialRecord,
    TextureRecord,
    canonical_json,
    color_space_of,
    parse_manifest,
)
from tests.data.library.library_samples import draft, photographs, textures


def manifest() -> LibraryManifest:
    plan = plan_version(draft(), textures(), photographs())
    return plan.manifest(4, "2026-11-22T12:00:00+00:00")


def test_a_manifest_comes_back_equal_from_its_json_and_the_json_is_stable():
    first = manifest()
    content = canonical_json(first)
    assert parse_manifest(content, where="here") == first
    assert canonical_json(parse_manifest(content, where="here")) == content
    assert list(json.loads(content)) == sorted(json.loads(content))


def test_the_manifest_says_everything_a_reader_needs():
    plain = json.loads(canonical_json(manifest()))
    assert plain["schema"] == "texture-mill.library/1"
    assert plain["provenance"]["model"]["version"] == "3"
    assert plain["provenance"]["digital_source_type"].endswith("trainedAlgorithmicMedia")
    assert "not photographs" in plain["provenance"]["ai_disclosure"]
    texture = plain["textures"][0]
    assert texture["scale_source"] == "unknown"
    assert set(texture) == {
        *("key", "name", "material", "role", "color_space", "seed", "width_px", "height_px"),
        *("wrap", "size_bytes", "sha256", "pixel_sha256", "average_color_srgb", "scores"),
        *("physical_size_mm", "scale_source"),
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width_px": 512}, "does not say what is inside"),
        ({"role": "normal_gl"}, "does not say what is inside"),
        ({"color_space": "data"}, "a basecolor map is never data"),
        ({"physical_size_mm": (10.0, 10.0)}, "known or unknown together"),
        ({"scale_source": "measured"}, "known or unknown together"),
        ({"role": "albedo"}, "Input should be 'basecolor'"),
        ({"sha256": "ABC"}, "pattern"),
        ({"colour": "red"}, "Extra inputs"),
        ({"seed": -1}, "greater than or equal to 0"),
    ],
)
def test_a_texture_record_that_contradicts_itself_is_refused(change, words):
    plain = textures()[0].record.model_dump()
    with pytest.raises(ValidationError, match=words):
        TextureRecord(**{**plain, **change})


def test_a_known_physical_size_is_accepted_with_its_source():
    plain = textures()[0].record.model_dump()
    known = TextureRecord(**{**plain, "physical_size_mm": (500, 500), "scale_source": "measured"})
    assert known.physical_size_mm == (500.0, 500.0)


def test_two_objects_under_one_key_are_refused():
    plain = manifest().model_dump(by_alias=True)
    with pytest.raises(ValidationError, match="two objects share the key"):
        LibraryManifest(**{**plain, "textures": plain["textures"] * 2})


def test_colours_and_data_are_told_apart_by_the_role():
    assert color_space_of("basecolor") == color_space_of("emission") == "srgb"
    assert color_space_of("normal_gl") == color_space_of("height") == "data"
    with pytest.raises(ValueError, match="'diffuse' is not a map role; the roles are basecolor"):
        color_space_of("diffuse")  # type: ignore[arg-type]


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.floats() | st.booleans()))
def test_any_scores_can_be_published_and_come_back(scores):
    record = MaterialRecord(material="brick", scores=scores)
    again = MaterialRecord.model_validate_json(canonical_json(record))
    for name, score in scores.items():
        expected = score if math.isfinite(score) else None
        assert again.scores[name] == expected
        assert type(again.scores[name]) is type(expected)


def test_cycles_are_looked_for_again_after_a_large_record_even_a_broken_one():
    assert gc.isenabled()
    with pytest.raises(LibraryError):
        parse_manifest(b"{}", where="here")
    assert gc.isenabled()
    with cycles_left_alone():
        canonical_json({})
        assert not gc.isenabled()  # whoever paused it goes on without
    assert gc.isenabled()
