"""What an operator sees on the server: harmless text, small pictures."""

import base64
import html
import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.artifacts import THUMBNAIL_BYTES, _cell, _number, _table, _thumbnail

# A backslash before a mark, and the named entities: what Prefect's page shows as the mark itself.
ESCAPED = re.compile(r"\\([\\`*_\[\]|#~])")


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x>",
        "[click](javascript:0)",
        "a|b\nc",
        "`code`",
        "set_ratio_1",
        "&lt;",
        "a\\|b",
        "\\",
    ],
)
def test_a_strangers_file_name_is_text_and_nothing_else(hostile: str) -> None:
    shown = _cell(hostile)
    assert not set("<>[]`|_\n\\") & set(ESCAPED.sub("", shown))
    assert "&#" not in shown
    assert html.unescape(ESCAPED.sub(r"\1", shown)) == hostile.replace("\n", " ")


def test_a_table_has_as_many_cells_in_every_line() -> None:
    lines = _table(("file", "why"), [("a|b.png", "too small"), ("c.png", "")])
    assert [ESCAPED.sub("", line).count("|") for line in lines] == [3, 3, 3, 3]


def test_numbers_are_short_and_verdicts_are_words() -> None:
    assert [_number(value) for value in (3.14159, True, False, None, 7)] == [
        "3.14",
        "yes",
        "no",
        "",
        "7",
    ]


def test_a_thumbnail_is_small_even_of_the_worst_picture(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1500, 900, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    encoded = _thumbnail(tmp_path / "noise.png")
    assert len(encoded) <= THUMBNAIL_BYTES
    with Image.open(BytesIO(base64.b64decode(encoded))) as image:
        assert image.width < image.height
