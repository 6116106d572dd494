"""Files that appear whole or not at all."""

import resource
from pathlib import Path

import pytest

from tasks.whole_files import write_whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "new" / "a.png"
    write_whole(place, b"old")
    write_whole(place, b"new")
    assert place.read_bytes() == b"new"
    assert [path.name for path in place.parent.iterdir()] == ["a.png"]


def test_a_disk_that_is_full_is_named_with_the_way_out(tmp_path: Path) -> None:
    place = tmp_path / "a.png"
    write_whole(place, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (1000, before[1])
    )  # EFBIG where a full disk has its own
    try:
        with pytest.raises(OSError, match=r"a\.png cannot be written: .*; make room") as refused:
            write_whole(place, bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.value.errno
    assert place.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_folder_that_is_a_file_is_refused_alike(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="cannot be written"):
        write_whole(tmp_path / "file" / "a.png", b"")
