"""Files that a disk or a server lists and then does not give."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from fsspec.implementations.local import LocalFileSystem
from PIL import Image

from data.config import DatasetConfig
from data.ingest import prepare
from data.records import DatasetError, PreparedDataset
from data.sources.picture_folder import PictureFolder

DISK = OSError(errno.EIO, "Input/output error")


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three sound photographs of brick."""
    rng = np.random.default_rng(0)
    (tmp_path / "photos/brick").mkdir(parents=True)
    for name in "abc":
        pixels = rng.integers(0, 256, (160, 160, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"photos/brick/{name}.png")
    return tmp_path / "photos"


@pytest.fixture
def prepared(tmp_path, folder) -> Callable[[], PreparedDataset]:
    """Prepare the folder at its own scale."""
    config = DatasetConfig(source=str(folder), texel_scale=1.0)
    return lambda: prepare(config, tmp_path / "datasets")


@pytest.fixture
def failing_reads(monkeypatch) -> Callable[..., None]:
    """Let readings of some files fail, after the first few; a file is first read when listed."""

    def fail(ending: str, error: OSError, *, after: int) -> None:
        reads = []

        def cat_file(self: LocalFileSystem, path: str, *args, **kwargs) -> bytes:
            if path.endswith(ending):
                reads.append(path)
                if len(reads) > after:
                    raise error
            return Path(path).read_bytes()

        monkeypatch.setattr(LocalFileSystem, "cat_file", cat_file)

    return fail


@pytest.mark.parametrize(
    ("error", "reason"),
    [(DISK, "cannot be read: Input/output error"), (FileNotFoundError(), "is not there; removed")],
    ids=["disk", "removed"],
)
@pytest.mark.parametrize("after", [0, 1], ids=["listed", "read"])
def test_a_file_that_cannot_be_read_is_refused_and_the_rest_is_used(
    failing_reads, prepared, error, reason, after
):
    failing_reads("a.png", error, after=after)
    dataset = prepared()
    assert [photo.source_name for photo in dataset.photographs] == ["brick/b.png", "brick/c.png"]
    (row,) = [row for row in dataset.ingest if row.verdict == "refused"]
    assert row.source_name == "brick/a.png"
    assert row.reason.startswith(reason)


def test_a_file_that_can_be_read_again_is_used_again(failing_reads, prepared, monkeypatch):
    failing_reads("a.png", DISK, after=1)
    without = prepared()
    monkeypatch.undo()
    whole = prepared()
    assert len(whole.photographs) == 3
    assert whole.fingerprint != without.fingerprint


def test_a_folder_of_which_nothing_can_be_read_is_one_clear_line(failing_reads, prepared):
    failing_reads(".png", DISK, after=3)
    with pytest.raises(DatasetError, match=r"3 looked at, all refused \(3 x cannot be read\)"):
        prepared()


def test_a_link_to_itself_is_refused(folder):
    (folder / "brick/loop.png").symlink_to("loop.png")
    found = {entry.path: entry.refusal for entry in PictureFolder(str(folder)).entries}
    assert found["brick/loop.png"] == "a link that leads back to itself"
    assert found["brick/a.png"] == ""


def test_a_copy_that_cannot_be_read_is_not_called_unwritable(prepared, monkeypatch):
    def fail(*args, **kwargs) -> None:
        raise DISK

    monkeypatch.setattr(tfds.core.DatasetBuilder, "as_data_source", fail)
    with pytest.raises(
        DatasetError, match=r"cannot read the dataset texture_folder/.*Input/output"
    ):
        prepared()
