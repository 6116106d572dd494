"""Noise that neighbouring cells have in common: the same everywhere it is asked for, and fair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from texture_models.families.psgan.config import PsganConfig
from texture_models.rendering.noise_field import CellWindow
from texture_models.spatial.noise import picture_noise
from texture_models.spatial.shared_noise import mixed, shared_field

SIDES = st.one_of(st.none(), st.integers(1, 40))


def _field(
    start: tuple[int, int],
    shape: tuple[int, int],
    period: tuple[int | None, int | None] = (None, None),
    channels: int = 2,
) -> np.ndarray:
    return shared_field(
        seed=7, stream=3, start=start, shape=shape, period=period, channels=channels
    )


@given(top=st.integers(-50, 50), left=st.integers(-50, 50), period=st.tuples(SIDES, SIDES))
def test_a_part_has_the_bytes_of_that_part_of_the_whole(
    top: int, left: int, period: tuple[int | None, int | None]
) -> None:
    whole = _field((top, left), (9, 11), period)
    part = _field((top + 2, left + 3), (4, 5), period)
    np.testing.assert_array_equal(part, whole[2:6, 3:8])


@given(rows=st.integers(1, 30), columns=st.integers(1, 30))
def test_a_torus_closes(rows: int, columns: int) -> None:
    once = _field((0, 0), (rows, columns), (rows, columns))
    twice = _field((rows, -columns), (2 * rows, 2 * columns), (rows, columns))
    np.testing.assert_array_equal(twice, np.tile(once, (2, 2, 1)))


@pytest.mark.parametrize("period", [(None, None), (1, 1), (1, 9), (3, None), (16, 16)])
def test_every_cell_has_the_variance_of_noise_on_a_torus_of_any_size(
    period: tuple[int | None, int | None],
) -> None:
    field = _field((0, 0), (1, 1), period, channels=40_000)
    assert field.mean() == pytest.approx(0, abs=0.02)
    assert field.var() == pytest.approx(1 / 3, rel=0.05)
    own = np.random.default_rng(1).uniform(-1, 1, field.shape).astype(np.float32)
    assert mixed(own, field, 0.6).var() == pytest.approx(1 / 3, rel=0.05)


def test_neighbours_are_alike_and_distant_cells_are_not() -> None:
    field = _field((0, 0), (1, 40), channels=20_000)[0]
    alike = [np.corrcoef(field[0], field[distance])[0, 1] for distance in (1, 4, 30)]
    assert alike[0] > 0.9
    assert 0.3 < alike[1] < 0.7
    assert abs(alike[2]) < 0.03


def test_only_the_cells_own_noise_is_shared() -> None:
    waves = np.array([[0.0, 0.05], [0.03, 0.0]])
    window = CellWindow(0, 0, 4, 4, (16, 16))
    alone, shared = (
        picture_noise(PsganConfig.tiny(shared_noise=share), waves, 5, window) for share in (0, 0.4)
    )
    own = PsganConfig.tiny().local_channels
    assert not np.allclose(alone["noise_0"][..., :own], shared["noise_0"][..., :own])
    np.testing.assert_array_equal(alone["noise_0"][..., own:], shared["noise_0"][..., own:])
    for level in ("noise_1", "noise_2", "noise_3", "noise_4"):
        np.testing.assert_array_equal(alone[level], shared[level])
