"""Pictures and libraries turned into another material: what is published, skipped and refused."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.config import AugmentationConfig, DatasetConfig
from data.library.lineage import trace_back, trace_forward
from data.library.records import LibraryManifest
from data.library.verify import verify_version
from data.library.versions import read_manifest
from data.records import DatasetError
from data.sources.source_pictures import open_pictures
from flows.plan import plan_lines
from flows.trace_commands import _print
from tasks.config import PublishingConfig, TranslationConfig
from tasks.errors import MillError
from tasks.find_version import find_version
from tasks.prepare_dataset import prepare_dataset
from tasks.publish_library import publish_library
from tasks.records import Evaluation, RegisteredModel, Translation
from tasks.register_model import register_model
from tasks.train_model import train_model
from tasks.translate_pictures import translate_pictures
from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.training.config import TrainingConfig

pytestmark = pytest.mark.slow
PUBLISHING = PublishingConfig(library="translated", registered_model="translator")


@dataclass(frozen=True)
class Mill:
    home: Path
    pictures: Path
    model: RegisteredModel


@pytest.fixture(scope="module")
def mill(tmp_path_factory):
    """A home with a translator of two steps, and a folder of pictures, one of them broken."""
    home = tmp_path_factory.mktemp("mill")
    pictures = home / "pictures"
    random = np.random.default_rng(1)
    for name in ("grass/Meadow 1.png", "grass/meadow-1.png", "gravel/path.png"):
        (pictures / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (40, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(pictures / name)
    (pictures / "grass" / "torn.png").write_bytes((pictures / "gravel/path.png").read_bytes()[:900])
    (pictures / "licences.csv").write_text("file,licence,origin\ngrass/Meadow 1.png,CC0,Ann\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXTURE_MILL_HOME", str(home / "mill"))
        (home / "mill").mkdir()
        dataset = prepare_dataset.fn(DatasetConfig(materials=("grass", "gravel"), texel_scale=0.5))
        run = train_model.fn(
            CycleGanConfig.tiny(),
            dataset,
            AugmentationConfig(),
            TrainingConfig.tiny(steps=2, batch_size=4, r1_gamma=0),
        )
        judged = Evaluation(training_key=run.key, tile_seeds=(), tile_px=64, scores={})
        model = register_model.fn(run, dataset, judged, PUBLISHING)
    return Mill(home / "mill", pictures, model)


@pytest.fixture(autouse=True)
def _home(mill, monkeypatch):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(mill.home))


def translate(mill, publishing=PUBLISHING, **changes) -> tuple[Translation, LibraryManifest]:
    wish = TranslationConfig(**{"source": str(mill.pictures), "target": "gravel", **changes})
    translated = translate_pictures.fn(mill.model, wish, publishing)
    published = publish_library.fn(translated.rendering, publishing)
    return translated, read_manifest(published.store_url, publishing.library, published.version)


def test_a_folder_becomes_a_library_and_a_broken_picture_is_named_and_skipped(mill):
    translated, manifest = translate(mill)
    (refused,) = translated.refused
    assert refused.name == "grass/torn.png"
    assert "truncated" in refused.reason
    one, two = manifest.textures
    assert {one.material, two.material} == {"gravel"}
    assert one.name.startswith("meadow_1_")
    assert two.name.startswith("meadow_1_")
    assert one.name != two.name
    assert (one.width_px, one.height_px) == (64, 40)
    named = {record.source.key: record.source for record in manifest.textures}
    assert set(named) == {"grass/Meadow 1.png", "grass/meadow-1.png"}
    assert named["grass/Meadow 1.png"].licence == "CC0-1.0"
    assert named["grass/Meadow 1.png"].origin == "Ann"
    assert manifest.provenance.licence == "unknown"  # that of the other picture is
    assert verify_version((mill.home / "library").as_uri(), "translated") == ()


def test_a_translation_is_traced_to_its_source_and_back(mill, capsys):
    _, manifest = translate(mill)
    record = manifest.textures[0]
    (traced,) = trace_back([manifest], record.sha256)
    assert traced.source == record.source
    (made,) = trace_forward([manifest], record.source.sha256[:12])
    assert made.key == record.key
    _print([traced], [], {})
    assert f"source        {record.source.key}, {record.source.licence}" in capsys.readouterr().out


def test_nothing_is_translated_twice(mill, caplog):
    first, manifest = translate(mill)
    written = {
        texture.png_path: Path(texture.png_path).stat().st_mtime_ns
        for texture in first.rendering.textures
    }
    again, same = translate(mill)
    assert again == first
    assert same.version == manifest.version
    for path, stamp in written.items():
        assert Path(path).stat().st_mtime_ns == stamp


def test_a_library_keeps_its_layout_and_its_records_name_the_version(mill):
    _, source = translate(mill, tiles="yes")
    elsewhere = PublishingConfig(library="back", registered_model="translator", licence="CC0-1.0")
    wish = {"source": "library:translated", "target": "grass"}
    _, manifest = translate(mill, elsewhere, source_version=f"v{source.version}", **wish)
    for old, new in zip(source.textures, manifest.textures, strict=True):
        assert new.key == old.key.replace("gravel/", "grass/")
        assert new.wrap == old.wrap == ("x", "y")
        assert (new.source.library, new.source.version) == ("translated", source.version)
        assert (new.source.key, new.source.sha256) == (old.key, old.sha256)
        assert new.source.licence == "unknown"
    assert manifest.provenance.licence == "CC0-1.0"
    url = (mill.home / "library").as_uri()
    _, by_url = translate(mill, elsewhere, source=f"library:{url}/translated", target="grass")
    assert [t.pixel_sha256 for t in by_url.textures] == [t.pixel_sha256 for t in manifest.textures]


def test_the_user_says_what_is_taken_how_large_and_whether_it_tiles(mill):
    _, manifest = translate(mill, materials=("gravel",), scale=0.5, tiles="no")
    (record,) = manifest.textures
    assert record.source.key == "gravel/path.png"
    assert (record.width_px, record.height_px, record.wrap) == (32, 20, ())
    with pytest.raises(DatasetError, match="no pictures of 'moss'; there are some of grass, grav"):
        translate(mill, materials=("moss",))


def test_private_names_do_not_travel(mill):
    private = PUBLISHING.model_copy(update={"library": "private", "include_photographs": False})
    _, manifest = translate(mill, private)
    assert {record.source.key for record in manifest.textures} == {""}
    assert "eadow 1" not in manifest.model_dump_json()


def test_a_source_without_one_good_picture_ends_the_run(mill, tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(MillError, match=r"none of 1 pictures .* empty.png: empty file"):
        translate(mill, source=str(tmp_path))


def test_wrong_targets_and_models_are_refused_before_anything_is_read(mill):
    with pytest.raises(MillError, match=r"'moss' is not one of the materials .* grass and gravel"):
        translate(mill, target="moss", source="/nowhere")
    psgan = mill.model.model_copy(update={"family": "psgan"})
    wish = TranslationConfig(source="/nowhere", target="gravel")
    with pytest.raises(MillError, match="is a psgan, which translates nothing"):
        translate_pictures.fn(psgan, wish, PUBLISHING)
    with pytest.raises(ValueError, match="'UP' is no name of a library"):
        open_pictures("library:UP", version="latest", store_url="memory://x")


def test_a_version_is_found_by_alias_or_number(mill):
    assert find_version.fn("translator", "candidate") == mill.model
    assert find_version.fn("translator", "1") == mill.model
    with pytest.raises(MillError, match="no version of 'translator' is called '7'"):
        find_version.fn("translator", "7")


def test_the_plan_names_source_target_and_model():
    wish = TranslationConfig(source="photos", target="gravel", model_version="candidate")
    lines = list(plan_lines({"translation": wish, "publishing": PUBLISHING}, "file:///store"))
    assert lines[:3] == [
        "translate photos: into gravel",
        "model     translator, version: candidate",
        "publish   translated at file:///store, unless nothing changed",
    ]
