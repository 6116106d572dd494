"""One picture, retouched by a model of the family conv_stack: read, changed, written."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from tasks.errors import MillError
from tasks.settings import Settings

MAX_PIXELS = 64_000_000


class Retouch(BaseModel, frozen=True, extra="forbid"):
    """What is done to a picture, and by which model."""

    act: Literal["repair", "expand", "denoise"] = Field(description="what is done")
    model: str = Field(description="folder of a saved generator, or a name in the registry")
    material: str = Field("", description="one of the model's; empty: its only one")
    seed: int = Field(1, ge=0, lt=2**63, description="of what is invented")
    mask: str = Field("", description="repair: picture whose white is what is to go")
    seam: bool = Field(False, description="repair: make the picture tile")
    height_px: int = Field(0, ge=0, description="expand: of the result; 0: twice the picture's")
    width_px: int = Field(0, ge=0, description="expand: of the result; 0: twice the picture's")
    noise: float = Field(10.0, description="denoise: its deviation in grey levels")
    tiles: bool | None = Field(
        None, description="whether the picture tiles, and stays so; none: found out"
    )


def retouch_picture(wish: Retouch, source: Path, target: Path) -> tuple[int, int]:
    """Write `target`, a PNG that names its source and its model; return (height, width).

    Raises:
        MillError: the model cannot, the material is unknown, or nothing is to be done.
        ValueError: the picture or the mask cannot be used.
        OSError: a file cannot be read or written.
    """
    from data.library.encode import encode_png
    from data.library.records import RETOUCHED_SOURCE_TYPE, digest
    from tasks.saved_models import saved_model
    from texture_models.saved_model import weights_sha256

    if wish.act == "repair" and not (wish.mask or wish.seam):
        raise MillError("nothing to repair: say --seam, or --mask FILE, or both")
    content = source.read_bytes()
    pixels = _pixels_of(content)
    folder = saved_model(Settings(), wish.model)
    result = _retouched(wish, folder, pixels)
    lineage = {
        "retouch": wish.act,
        "seed": str(wish.seed),
        "weightsSha256": weights_sha256(folder),
        "sourceSha256": digest(content),
    }
    target.write_bytes(encode_png(result, text=lineage, source_type=RETOUCHED_SOURCE_TYPE))
    return int(result.shape[0]), int(result.shape[1])


def _retouched(wish: Retouch, folder: Path, pixels: Any) -> Any:
    from texture_models.metrics.seam import appears_to_tile
    from texture_models.rendering.retouchers import load_retoucher

    retoucher = load_retoucher(folder, wish.material)
    tiles = appears_to_tile(pixels) if wish.tiles is None else wish.tiles
    wrap = (tiles, tiles)
    if wish.act == "expand":
        height, width = (2 * side for side in pixels.shape[:2])
        return retoucher.expand(
            pixels,
            height_px=wish.height_px or height,
            width_px=wish.width_px or width,
            seed=wish.seed,
        )
    if wish.act == "denoise":
        return retoucher.denoise(pixels, noise=wish.noise, seed=wish.seed, wrap=wrap)
    if wish.mask:
        # What a mask hides may lie on the seam: first the one, then the other.
        blemish = _pixels_of(Path(wish.mask).read_bytes()).mean(axis=2) > 127
        pixels = retoucher.remove_blemish(pixels, blemish, seed=wish.seed, wrap=wrap)
    return retoucher.remove_seam(pixels, seed=wish.seed) if wish.seam else pixels


def _pixels_of(content: bytes) -> Any:
    """Decode a picture as (height, width, 3) uint8."""
    from data.decoding import decode_picture

    pixels = decode_picture(content, max_pixels=MAX_PIXELS).pixels
    return pixels.repeat(3, axis=2) if pixels.shape[2] == 1 else pixels
