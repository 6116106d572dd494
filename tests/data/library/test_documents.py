"""Contact sheet, previews and photograph crops."""

import numpy as np
import pytest

from data.library.contact_sheet import CELL_PX, SheetRow, contact_sheet
from data.library.documents import PREVIEW_PX, draw_documents, preview
from data.library.encode import decode_png
from tests.data.library.library_samples import draft, photographs, pixels, textures


def flat(colour: tuple[int, int, int], size: int) -> np.ndarray:
    return np.full((size, size, 3), colour, np.uint8)


def coloured(sheet: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (sheet == np.array(colour)).all(axis=2)


def test_results_fill_a_cell_and_the_photograph_has_their_scale():
    red, blue = (255, 0, 0), (0, 0, 255)
    row = SheetRow("brick", True, flat(red, 96), (("seed 1", flat(blue, 96)),))
    sheet = contact_sheet([row], title="stones")
    assert coloured(sheet, blue).sum() == CELL_PX**2  # two by two tiles of 96 px
    assert coloured(sheet, red).sum() == (CELL_PX // 2) ** 2  # one photograph of 96 px


def test_a_result_is_tiled_two_by_two():
    tile = pixels(3, CELL_PX // 2)
    sheet = contact_sheet([SheetRow("brick", None, None, (("seed 1", tile),))], title="stones")
    tiled = np.tile(tile, (2, 2, 1))
    rows, columns = (sheet.shape[side] - CELL_PX for side in (0, 1))
    assert any(
        (sheet[top : top + CELL_PX, left : left + CELL_PX] == tiled).all()
        for top in range(rows + 1)
        for left in (28, columns)
        if (sheet[top, left] == tiled[0, 0]).all()
    )


def test_a_photograph_larger_than_the_cell_is_cropped_not_shrunk():
    photograph = np.concatenate([flat((255, 0, 0), 200), flat((0, 255, 0), 200)], axis=1)
    row = SheetRow("brick", None, photograph, (("seed 1", flat((0, 0, 255), 100)),))
    sheet = contact_sheet([row], title="stones")
    assert coloured(sheet, (255, 0, 0)).any()
    assert not coloured(sheet, (0, 255, 0)).any()


def test_an_overview_shows_all_of_a_photograph_that_is_cropped():
    photograph = np.concatenate([flat((255, 0, 0), 200), flat((0, 255, 0), 200)], axis=1)
    results = (("seed 1", flat((0, 0, 255), 100)),)
    row = SheetRow("brick", None, photograph, results, overview=photograph)
    sheet = contact_sheet([row], title="stones")
    assert coloured(sheet, (0, 255, 0)).sum() == (CELL_PX // 2) ** 2


def test_a_sheet_without_rows_is_refused():
    with pytest.raises(ValueError, match="no rows to draw"):
        contact_sheet([], title="stones")


def test_the_same_library_gives_the_same_documents():
    ordered = tuple(sorted(textures(), key=lambda texture: texture.record.key))
    assert draw_documents(draft(), ordered, photographs()) == draw_documents(
        draft(), ordered, photographs()
    )


def test_there_is_a_preview_for_every_picture_and_a_crop_for_every_photograph():
    documents = draw_documents(draft(), textures(), photographs())
    subjects = [(d.record.type, d.record.subject) for d in documents]
    assert subjects == [
        ("contact_sheet", ""),
        ("photograph", "brick"),
        ("photograph", "gravel"),
        *(("preview", f"brick/brick_000{seed}") for seed in (1, 2)),
        *(("preview", f"gravel/gravel_000{seed}") for seed in (1, 2)),
    ]
    for document in documents:
        shown, text = decode_png(document.content)
        assert shown.shape[:2] == (document.record.height_px, document.record.width_px)
        assert text == {}


def test_a_preview_wraps_where_the_picture_wraps():
    """Shrinking commutes with moving the picture round the torus by whole preview pixels."""
    picture = pixels(5, 4 * PREVIEW_PX)
    moved = np.roll(picture, (40, 80), (0, 1))
    assert preview(picture).shape == (PREVIEW_PX, PREVIEW_PX, 3)
    assert (preview(moved) == np.roll(preview(picture), (10, 20), (0, 1))).all()
    small = pixels(5, 100)
    assert preview(small) is small
