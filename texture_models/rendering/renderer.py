"""Pixels from a saved generator: any seed, any size, any region, the same bytes every time."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from texture_models.families import AnyModelConfig, inference_of
from texture_models.rendering.cut import usual_cut
from texture_models.rendering.look import Look
from texture_models.rendering.material_map import MaterialMap, PlacedMap
from texture_models.rendering.noise_field import CellWindow
from texture_models.saved_model import load_generator
from texture_models.sizes import nearest_multiples

# Every canvas is computed in blocks of this many cells on a fixed grid, whatever region is asked
# for: convolution libraries choose their algorithm by shape, and only equal shapes promise equal
# bytes. Large blocks are faster, and dear where only a corner is wanted: an axis without end, of
# which people ask for parts, has small ones.
BLOCK_CELLS_WRAPPED = 32
BLOCK_CELLS_ENDLESS = 16
_MAPS = -1  # no material's index

# What is to grow: one of the model's materials, a map of several, or what a photograph looks like.
Grown: TypeAlias = str | MaterialMap | Look | None


@dataclass(frozen=True)
class Region:
    """A rectangle of a canvas in pixels; `top_px` and `left_px` may be anywhere, even negative."""

    top_px: int
    left_px: int
    height_px: int
    width_px: int


class Renderer:
    """Renders pictures of one model.

    Args:
        config: the model's.
        network: its generator, a `keras.Model`.
        measured: name -> numbers that are kept beside the weights; the family says which.
    """

    def __init__(
        self, config: AnyModelConfig, network: Any, measured: Mapping[str, np.ndarray]
    ) -> None:
        self.config = config
        self.network = network
        self.measured = measured
        self._family = inference_of(config)
        self._compiled: dict[int, Any] = {}

    @classmethod
    def load(cls, model_dir: Path) -> Self:
        """Open a saved generator.

        Raises:
            FileNotFoundError: `model_dir` holds none.
        """
        return cls(*load_generator(model_dir))

    def render(
        self,
        *,
        seed: int,
        height_px: int,
        width_px: int,
        material: Grown = None,
        wrap: tuple[bool, bool] = (True, True),
    ) -> np.ndarray:
        """Render one picture.

        A tile of one material that wraps on both axes starts at its `usual_cut`; it is the region
        of the torus that begins there.

        Args:
            seed: names the picture.
            height_px: a multiple of the model's pixels per cell on an axis that wraps; a model
                that makes whole pictures only knows one size, `config.picture_px`.
            width_px: the same.
            material: one of the model's, or a map of several, which wraps on both axes, or the look
                of a photograph; may be left out when the model has only one material.
            wrap: whether the last row continues into the first, and the last column.

        Returns:
            (height_px, width_px, 3) uint8, sRGB.

        Raises:
            ValueError: a size does not fit, or the material is unknown.
        """
        if all(wrap) or self.config.picture_px is not None:
            return self._cut(self._torus(seed, (height_px, width_px), material), material)
        torus = (height_px if wrap[0] else None, width_px if wrap[1] else None)
        return self.render_region(
            Region(0, 0, height_px, width_px), seed=seed, torus_px=torus, material=material
        )

    def tiles(
        self, seeds: Iterable[int], side_px: int, material: Grown = None
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Render square tiles as `render` does, and give each as it lies on its torus too.

        A torus begins at a corner of a noise cell: what is locked to the cells is found there.

        Args:
            seeds: one a tile.
            side_px: of each, as in `render`.
            material: as in `render`.

        Returns:
            (tiles, tori), (side_px, side_px, 3) uint8, sRGB; of a model that makes whole pictures
            only, or a map of materials, they are the same.

        Raises:
            ValueError: as in `render`.
        """
        tori = [self._torus(seed, (side_px, side_px), material) for seed in seeds]
        return [self._cut(torus, material) for torus in tori], tori

    def tile_origin(
        self, *, seed: int, height_px: int, width_px: int, material: str | None = None
    ) -> tuple[int, int]:
        """Return the row and column of its torus that a tile of `render` starts at.

        A region of that tile is the region of the torus moved by as much.

        Args:
            seed: names the picture.
            height_px: of the tile and the torus.
            width_px: the same.
            material: as in `render`.

        Raises:
            ValueError: as in `render_region`.
        """
        torus = (height_px, width_px)
        return usual_cut(
            self.render_region(Region(0, 0, *torus), seed=seed, torus_px=torus, material=material)
        )

    def _torus(self, seed: int, size_px: tuple[int, int], material: Grown) -> np.ndarray:
        if self.config.picture_px is not None:
            return self._whole_picture(seed, *size_px, material)
        return self.render_region(
            Region(0, 0, *size_px), seed=seed, torus_px=size_px, material=material
        )

    def _cut(self, torus: np.ndarray, material: Grown) -> np.ndarray:
        """Return the tile that a torus is cut into."""
        if self.config.picture_px is not None or isinstance(material, MaterialMap):
            return torus  # a map says what lies where
        top, left = usual_cut(torus)
        return np.roll(torus, (-top, -left), axis=(0, 1))

    def render_region(
        self,
        region: Region,
        *,
        seed: int,
        torus_px: tuple[int | None, int | None] = (None, None),
        material: Grown = None,
    ) -> np.ndarray:
        """Render any part of a picture; the same bytes as that part of the whole.

        Args:
            region: which part.
            seed: names the picture.
            torus_px: height and width of the whole picture on the axes that wrap, None on an
                endless one.
            material: as in `render`.

        Returns:
            (region.height_px, region.width_px, 3) uint8, sRGB.

        Raises:
            ValueError: as in `render`, or the model makes whole pictures only.
        """
        if self.config.picture_px is not None:
            raise ValueError(
                f"a {self.config.family} makes whole pictures of {self.config.picture_px} px only,"
                " not regions; use render"
            )
        cell = self.config.pixels_per_cell
        period = _period_in_cells(torus_px, cell)
        if isinstance(material, MaterialMap):
            block = self._map_block(self._placed(material, torus_px))
        elif isinstance(material, Look):
            block = self._look_block(material)
        else:
            index = self._material_index(material)
            block = functools.partial(self._block, index=index)
        result = np.empty((region.height_px, region.width_px, 3), dtype=np.uint8)
        for window in _blocks(region, cell, period):
            pixels = block(seed, window)
            _paste(result, region, pixels, window.top * cell, window.left * cell)
        return result

    def _whole_picture(
        self, seed: int, height_px: int, width_px: int, material: Grown
    ) -> np.ndarray:
        """The one size of a model that cannot be continued beyond its picture."""
        side = self.config.picture_px
        assert side is not None  # asked for by `render`
        if (height_px, width_px) != (side, side):
            raise ValueError(
                f"height_px={height_px}, width_px={width_px}: a {self.config.family} makes"
                f" pictures of {side} x {side} px only"
            )
        if isinstance(material, MaterialMap):
            raise ValueError(self._no_maps())
        if isinstance(material, Look):
            raise ValueError(self._no_looks())
        cells = side // self.config.pixels_per_cell
        return self._block(seed, CellWindow(0, 0, cells, cells), self._material_index(material))

    def _block(self, seed: int, window: CellWindow, index: int) -> np.ndarray:
        fields = self._family.picture_inputs(self.config, self.measured, index, seed, window)
        batch = {name: value[None] for name, value in fields.items()}
        return np.asarray(self._generator(index)(batch))[0]

    def _placed(
        self, material_map: MaterialMap, torus_px: tuple[int | None, int | None]
    ) -> PlacedMap:
        if not hasattr(self._family, "map_inputs"):
            raise ValueError(self._no_maps())
        height_px, width_px = torus_px
        if height_px is None or width_px is None:
            raise ValueError(
                f"torus_px={torus_px}: a map of materials needs the height and width of the whole"
                " picture, and wraps on both axes"
            )
        return PlacedMap(material_map, self.config.materials, (height_px, width_px))

    def encode(self, pixels: np.ndarray) -> Look:
        """Return what a photograph looks like; give it to `render` as the material.

        Args:
            pixels: (height, width, 3) uint8, sRGB, at the scale of the photographs trained on.

        Raises:
            ValueError: the model has no encoder, or the photograph is smaller than it looks at.
        """
        if not hasattr(self._family, "encoded"):
            raise ValueError(self._no_looks())
        family: Any = self._family
        return Look(*family.encoded(self.config, self.network, self.measured, pixels))

    def _no_looks(self) -> str:
        return (
            f"a {self.config.family} cannot read what a photograph looks like; train a vae to get"
            " more like one"
        )

    def _look_block(self, look: Look) -> Callable[[int, CellWindow], np.ndarray]:
        """Return what computes a block of a picture that looks like a photograph."""
        if not hasattr(self._family, "look_inputs"):
            raise ValueError(self._no_looks())
        family: Any = self._family

        def block(seed: int, window: CellWindow) -> np.ndarray:
            fields = family.look_inputs(self.config, look.code, look.waves, seed, window)
            batch = {name: value[None] for name, value in fields.items()}
            return np.asarray(self._generator(0)(batch))[0]

        return block

    def _no_maps(self) -> str:
        return (
            f"a {self.config.family} grows one material a picture; train a conditional_gan to"
            " render maps of several"
        )

    def _map_block(self, placed: PlacedMap) -> Callable[[int, CellWindow], np.ndarray]:
        """Return what computes a block of a picture in which several materials grow."""
        family: Any = self._family

        def block(seed: int, window: CellWindow) -> np.ndarray:
            fields = family.map_inputs(self.config, self.measured, placed.weights_at, seed, window)
            weights = {name: fields[name] for name in fields if name.startswith("weights_")}
            index = _only_material(list(weights.values()))
            if index is None:
                generator = self._map_generator()
            else:  # the same bytes as the label gives, and faster
                generator = self._generator(index)
                fields = {name: fields[name] for name in fields if name not in weights}
            batch = {name: value[None] for name, value in fields.items()}
            return np.asarray(generator(batch))[0]

        return block

    def _map_generator(self) -> Any:
        if _MAPS not in self._compiled:
            family: Any = self._family
            self._compiled[_MAPS] = family.compiled_map_generator(self.config, self.network)
        return self._compiled[_MAPS]

    def _generator(self, index: int) -> Any:
        if index not in self._compiled:
            self._compiled[index] = self._family.compiled_generator(
                self.config, self.network, self.measured, index
            )
        return self._compiled[index]

    def _material_index(self, material: str | None) -> int:
        known = self.config.materials
        if material is None and len(known) <= 1:
            return 0
        if material not in known:
            raise ValueError(
                f"material={material!r} is not one of this model's: {', '.join(known)}"
            )
        return known.index(material)


def _only_material(weights: Sequence[np.ndarray]) -> int | None:
    """Index of the one material that grows at every place, None where there are more."""
    index = int(weights[0][0, 0].argmax())
    alone = all((field[..., index] == 1).all() for field in weights)
    return index if alone else None


def _period_in_cells(
    torus_px: tuple[int | None, int | None], cell: int
) -> tuple[int | None, int | None]:
    def cells(side: int | None, name: str) -> int | None:
        if side is None:
            return None
        if side <= 0 or side % cell:
            below, above = nearest_multiples(side, cell)
            raise ValueError(
                f"{name}={side} is not a multiple of {cell}; the nearest sizes that wrap are"
                f" {below} and {above}"
            )
        return side // cell

    return cells(torus_px[0], "height_px"), cells(torus_px[1], "width_px")


def _blocks(
    region: Region, cell: int, period: tuple[int | None, int | None]
) -> Iterator[CellWindow]:
    """The blocks of the canvas's fixed grid that meet the region."""
    rows, columns = (
        BLOCK_CELLS_ENDLESS if side is None else min(BLOCK_CELLS_WRAPPED, side) for side in period
    )
    tops = _grid(region.top_px, region.height_px, rows * cell)
    lefts = _grid(region.left_px, region.width_px, columns * cell)
    for top, left in itertools.product(tops, lefts):
        yield CellWindow(top * rows, left * columns, rows, columns, period)


def _grid(start: int, length: int, side: int) -> range:
    """Numbers of the blocks of a fixed grid that meet an interval."""
    return range(start // side, -(-(start + length) // side))


def _paste(target: np.ndarray, region: Region, block: np.ndarray, top: int, left: int) -> None:
    """Copy the part of a block that lies inside the region."""
    first_row, first_column = max(top, region.top_px), max(left, region.left_px)
    last_row = min(top + block.shape[0], region.top_px + region.height_px)
    last_column = min(left + block.shape[1], region.left_px + region.width_px)
    target[
        first_row - region.top_px : last_row - region.top_px,
        first_column - region.left_px : last_column - region.left_px,
    ] = block[first_row - top : last_row - top, first_column - left : last_column - left]
