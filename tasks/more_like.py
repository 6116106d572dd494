"""More like a photograph: encode it, and draw as much of it as is wanted."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, PositiveFloat, model_validator

from tasks.errors import MillError
from tasks.saved_models import saved_model
from tasks.settings import Settings

MAX_PIXELS = 64_000_000


class MoreLike(BaseModel, frozen=True, extra="forbid"):
    """A picture that is to look like photographs."""

    photographs: tuple[str, ...] = Field(
        min_length=1, description="files; of several, a look between them"
    )
    shares: tuple[float, ...] = Field(
        (), description="how much of each of the photographs; empty: the same of all"
    )
    model: str = Field(description="folder of a saved vae, or a name in the registry")
    height_px: int = Field(512, ge=16, le=16384, description="of the picture")
    width_px: int = Field(512, ge=16, le=16384, description="of the picture")
    seed: int = Field(1, ge=0, lt=2**63, description="names the picture")
    texel_scale: PositiveFloat | Literal["auto"] = Field(
        "auto", description="pixels seen per photographed pixel; auto: as in preparing a dataset"
    )

    @model_validator(mode="after")
    def _a_share_for_each(self) -> Self:
        if self.shares and len(self.shares) != len(self.photographs):
            raise ValueError(
                f"{len(self.photographs)} photographs and {len(self.shares)} shares; give one for"
                " each, or none"
            )
        return self


def draw_more_like(wish: MoreLike, target: Path) -> None:
    """Write the picture as PNG.

    Side effects: writes `target`; a registered model is downloaded into the home folder.

    Raises:
        MillError: there is no such model or photograph.
        ValueError: a photograph cannot be read, or the model has no encoder.
        OSError: a file cannot be read or written.
    """
    from data.library.encode import encode_png
    from data.library.records import digest

    contents = [_content(Path(name)) for name in wish.photographs]
    folder = saved_model(Settings(), wish.model)
    from texture_models.rendering.look import between
    from texture_models.rendering.renderer import Renderer
    from texture_models.saved_model import weights_sha256

    renderer = Renderer.load(folder)
    looks = [renderer.encode(_pixels(content, wish.texel_scale)) for content in contents]
    pixels = renderer.render(
        seed=wish.seed,
        height_px=wish.height_px,
        width_px=wish.width_px,
        material=between(looks, wish.shares or (1.0,) * len(looks)),
    )
    lineage = {
        "seed": str(wish.seed),
        "sourceSha256": " ".join(map(digest, contents)),
        "weightsSha256": weights_sha256(folder),
    }
    target.write_bytes(encode_png(pixels, text=lineage))


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise MillError(f"there is no photograph {path}")
    return path.read_bytes()


def _pixels(content: bytes, scale: float | Literal["auto"]) -> Any:
    """Decode a photograph as (height, width, 3) uint8 at the scale of the training."""
    from data.config import DatasetConfig
    from data.decoding import decode_picture
    from data.texel_scale import choose_texel_scale, rescale

    pixels = decode_picture(content, max_pixels=MAX_PIXELS).pixels
    pixels = pixels.repeat(3, axis=2) if pixels.shape[2] == 1 else pixels
    return rescale(pixels, choose_texel_scale(pixels, scale, DatasetConfig().held_out_share))
