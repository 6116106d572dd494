"""Draw the picture that a painted map of materials describes."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, model_validator

from tasks.errors import MillError
from tasks.saved_models import saved_model
from tasks.settings import Settings

LARGEST_MAP_PIXELS = 64_000_000


class PaintedMap(BaseModel, frozen=True, extra="forbid"):
    """A picture in which several materials grow, as somebody asks for it."""

    map_path: str = Field(description="the painted map, any picture file")
    model: str = Field(description="folder of a saved generator, or a name in the registry")
    materials: tuple[str, ...] = Field(
        (), description="two: black and white of the map; three: its red, green and blue"
    )
    colours: dict[str, str] = Field(
        {}, description="instead: material -> #rrggbb; every pixel is of the nearest colour"
    )
    height_px: int = Field(512, ge=16, le=16384, description="of the picture")
    width_px: int = Field(512, ge=16, le=16384, description="of the picture")
    seed: int = Field(1, ge=0, lt=2**63, description="names the picture")
    transition_px: float = Field(
        24.0, ge=0, le=4096, description="pixels that a border is softened over"
    )

    @model_validator(mode="after")
    def _says_what_is_what(self) -> Self:
        if bool(self.materials) == bool(self.colours):
            raise ValueError(
                "say either which materials the map's shades are (grass,gravel), or which colour"
                " is which material (grass=#2f7d32,gravel=#9e9e9e)"
            )
        return self


def draw_painted_map(wish: PaintedMap, target: Path) -> tuple[int, int]:
    """Write the picture as PNG; return (height, width) of the map that was read.

    Side effects: writes `target`; a registered model is downloaded into the home folder.

    Raises:
        MillError: there is no such model.
        ValueError: the map cannot be read, or does not fit the model.
        OSError: a file cannot be read or written.
    """
    from data.decoding import decode_picture
    from data.library.encode import encode_png
    from texture_models.rendering.material_map import (
        MaterialMap,
        map_from_colours,
        map_from_shades,
    )

    path = Path(wish.map_path)
    if not path.is_file():
        raise MillError(f"there is no map {path}")
    painted = decode_picture(path.read_bytes(), max_pixels=LARGEST_MAP_PIXELS).pixels
    if wish.colours:
        weights = map_from_colours(painted, wish.colours)
    else:
        weights = map_from_shades(painted, wish.materials)
    grown = MaterialMap(wish.materials or tuple(wish.colours), weights, wish.transition_px)
    folder = saved_model(Settings(), wish.model)
    from texture_models.rendering.renderer import Renderer
    from texture_models.saved_model import weights_sha256

    pixels = Renderer.load(folder).render(
        seed=wish.seed, height_px=wish.height_px, width_px=wish.width_px, material=grown
    )
    lineage = {"seed": str(wish.seed), "weightsSha256": weights_sha256(folder)}
    target.write_bytes(encode_png(pixels, text=lineage))
    return painted.shape[0], painted.shape[1]
