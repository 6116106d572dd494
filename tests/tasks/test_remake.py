"""What no copy in the store has is made again from the masters, to the byte, or not at all."""

from pathlib import Path

import pytest

from data.library.published_build import PublishedBuild
from data.library.verify import find_faults
from tasks.remake import remake_from_masters
from tests.tasks.stage_samples import PLAIN, Painter, publish, runner


@pytest.fixture
def build(tmp_path: Path) -> PublishedBuild:
    """A small library without plain files."""
    url = (tmp_path / "store").as_uri()
    return publish(url, *runner(PLAIN, tmp_path / "home", Painter(), None))


def lose(build: PublishedBuild, *keys: str) -> None:
    assert build.store.root is not None
    for record in build.manifest.objects():
        if record.key in keys:
            path = build.store.root / "stones/objects" / record.sha256[:2] / record.sha256
            path.unlink()


def repaired(build: PublishedBuild) -> dict[str, bool]:
    remake = remake_from_masters(build.store)
    found = find_faults(build.store, build.manifest, repair=True, remake=remake)
    return {fault.key: fault.repaired for fault in found}


def test_textures_previews_sheet_and_gallery_come_back_though_all_are_lost(build) -> None:
    kept = ("master", "build", "photograph")
    lost = [t.key for t in build.manifest.textures]
    lost += [d.key for d in build.manifest.documents if d.type not in kept]
    lose(build, *lost)
    assert repaired(build) == dict.fromkeys(lost, True)
    assert find_faults(build.store, build.manifest) == ()


def test_a_master_comes_from_nothing_and_its_textures_are_still_there(build) -> None:
    lose(build, "masters/brick_0001.png")
    assert repaired(build) == {"masters/brick_0001.png": False}


def test_a_texture_without_its_master_stays_lost(build) -> None:
    lose(build, "masters/brick_0001.png", "brick/brick_0001_orm_64.png")
    lose(build, "brick/brick_0002_orm_64.png")
    assert repaired(build) == {
        "masters/brick_0001.png": False,
        "brick/brick_0001_orm_64.png": False,
        "brick/brick_0002_orm_64.png": True,
    }
