"""Pixels -> PNG bytes that say where they come from, the same bytes every time.

Colour is 8-bit RGB and carries an sRGB chunk; data is grey of 8 or 16 bits, RGB or RGBA and carries
neither sRGB nor gAMA, which some readers would apply to it. Every texture carries XMP with IPTC's
DigitalSourceType and its lineage, and no time. Byte equality holds for one version of Pillow, whose
wheels bundle their own zlib; `pixel_sha256` holds everywhere.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin
from pydantic import BaseModel, Field

from data.library.records import (
    DIGITAL_SOURCE_TYPE,
    ColorSpace,
    Derivation,
    MapRole,
    MaterialSlug,
    Provenance,
    Scores,
    Slug,
    SourceRef,
    TextureRecord,
    color_space_of,
    digest,
    texture_key,
)

Pixels = NDArray[np.uint8]

# Measured on eight 512 px photographs with Pillow 13 (zlib-ng 2.3): level 1 takes 21 ms and 533 kB
# a picture, level 6 takes 53 ms and 548 kB, level 9 takes 56 ms and 547 kB.
COMPRESS_LEVEL: Final = 1

_COLOR_KINDS: Final = {("uint8", 3)}
_DATA_KINDS: Final = {("uint8", 3), ("uint8", 4), ("uint8",), ("uint16",)}
_XMP_KEY: Final = "XML:com.adobe.xmp"


class TextureSpec(BaseModel, frozen=True, extra="forbid"):
    """What the publisher knows about a picture before it is encoded."""

    name: Slug = Field(description="the picture; its maps and sizes share it")
    material: MaterialSlug = Field(description="slug")
    seed: int = Field(ge=0, lt=2**63, description="it was rendered with")
    role: MapRole = Field("basecolor", description="what the numbers mean")
    derivation: Derivation = Field(None, description="how a map came to be; none: rendered")
    physical_size_mm: tuple[float, float] | None = Field(
        None, description="width and height of what is shown, as declared; none: unknown"
    )
    wrap: tuple[bool, bool] = Field((True, True), description="seamless along (height, width)")
    scores: Scores = Field(default_factory=dict, description="of this picture alone")
    source: SourceRef | None = Field(None, description="what it was translated from, if it was")


@dataclass(frozen=True)
class EncodedTexture:
    """A texture ready to be published."""

    record: TextureRecord
    png: bytes

    def pixels(self) -> Pixels:
        """Decode the (height, width, 3) uint8 pixels."""
        return decode_png(self.png)[0]


@dataclass(frozen=True)
class KeptTexture:
    """A texture whose bytes lie elsewhere; they are read when they are asked for, every time."""

    record: TextureRecord
    read: Callable[[], bytes]

    @property
    def png(self) -> bytes:
        """The file."""
        return self.read()

    def pixels(self) -> Pixels:
        """Decode the (height, width, 3) uint8 pixels."""
        return decode_png(self.png)[0]


# What can be published.
Texture = EncodedTexture | KeptTexture


def encode_texture(
    pixels: Pixels | NDArray[np.uint16], spec: TextureSpec, provenance: Provenance
) -> EncodedTexture:
    """Return the PNG of one texture with its record.

    Args:
        pixels: as `encode_png` takes them.
        spec: what the picture is.
        provenance: the model and dataset that go into the file's metadata.
    """
    model, dataset = provenance.of(spec.material)
    lineage = {
        "material": spec.material,
        "seed": str(spec.seed),
        "model": model.name,
        "modelVersion": model.version,
        "weightsSha256": model.weights_sha256,
        "datasetFingerprint": dataset.fingerprint,
        "licence": provenance.licence,
        **({"derivation": spec.derivation} if spec.derivation else {}),
        **({"sourceSha256": spec.source.sha256} if spec.source else {}),
    }
    space = color_space_of(spec.role)
    png = encode_png(pixels, color_space=space, text=lineage)
    height_px, width_px = pixels.shape[:2]
    record = TextureRecord(
        key=texture_key(spec.material, spec.name, spec.role, width_px),
        name=spec.name,
        material=spec.material,
        role=spec.role,
        color_space=space,
        seed=spec.seed,
        width_px=width_px,
        height_px=height_px,
        wrap=tuple(axis for axis, on in zip("yx", spec.wrap, strict=True) if on)[::-1],
        size_bytes=len(png),
        sha256=digest(png),
        pixel_sha256=pixel_digest(pixels),
        average_color_srgb=average_color(_as_shown(pixels)),
        physical_size_mm=spec.physical_size_mm,
        scale_source="declared" if spec.physical_size_mm else "unknown",
        derivation=spec.derivation,
        source=spec.source,
        scores=spec.scores,
    )
    return EncodedTexture(record, png)


def encode_png(
    pixels: Pixels | NDArray[np.uint16],
    *,
    color_space: ColorSpace = "srgb",
    text: Mapping[str, str] | None = None,
    source_type: str = DIGITAL_SOURCE_TYPE,
) -> bytes:
    """Return `pixels` as PNG; the same bytes for the same arguments.

    Args:
        pixels: (height, width, 3) uint8; data also (height, width) uint8 or uint16 and
            (height, width, 4) uint8. Decoded again they are equal.
        color_space: `srgb` writes an sRGB chunk, `data` none.
        text: lineage, kept in the XMP packet; None leaves the packet out (plain documents).
        source_type: IPTC's DigitalSourceType, in the same packet.

    Raises:
        ValueError: other shape or type.
    """
    kind = (pixels.dtype.name, *pixels.shape[2:]) if pixels.ndim in (2, 3) and pixels.size else ()
    if kind not in (_COLOR_KINDS if color_space == "srgb" else _DATA_KINDS):
        raise ValueError(
            f"pixels are {pixels.dtype} {pixels.shape}; a PNG takes uint8 (height, width, 3), and "
            "of data also (height, width) of uint8 or uint16 and (height, width, 4) of uint8"
        )
    info = PngImagePlugin.PngInfo()
    if color_space == "srgb":
        info.add(b"sRGB", b"\x00")  # perceptual intent
    if text is not None:
        info.add_itxt(_XMP_KEY, _xmp(text, source_type))
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.save(buffer, "PNG", compress_level=COMPRESS_LEVEL, pnginfo=info)
    return buffer.getvalue()


def decode_png(png: bytes) -> tuple[Pixels, dict[str, str]]:
    """Return a PNG as (height, width, 3) uint8, whatever it holds, and its text chunks."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        if image.mode.startswith("I"):  # 16 bits: the upper eight are what can be shown
            grey = (np.asarray(image) >> 8).astype(np.uint8)
            pixels = np.repeat(grey[..., None], 3, axis=2)
        else:
            pixels = np.asarray(image.convert("RGB"))
        text = image.text if isinstance(image, PngImagePlugin.PngImageFile) else {}
        return pixels, {key: str(value) for key, value in text.items()}


def pixel_digest(pixels: Pixels | NDArray[np.uint16]) -> str:
    """Return the SHA-256 of pixels in the order of rows; 16 bits with the lower eight first."""
    order = "<u2" if pixels.dtype == np.uint16 else "u1"
    return digest(np.ascontiguousarray(pixels, dtype=order).tobytes())


def _as_shown(pixels: Pixels | NDArray[np.uint16]) -> Pixels:
    eight = (pixels >> (8 if pixels.dtype == np.uint16 else 0)).astype(np.uint8)
    return np.repeat(eight[..., None], 3, axis=2) if eight.ndim == 2 else eight[..., :3]


def average_color(pixels: Pixels) -> str:
    """Return the mean of `pixels` in linear light as `#rrggbb` in sRGB.

    Source: IEC 61966-2-1, the sRGB transfer function.
    """
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    mean = np.array(
        [linear @ np.bincount(pixels[..., c].ravel(), minlength=256) for c in range(3)]
    ) / (pixels.shape[0] * pixels.shape[1])
    encoded = np.where(mean <= 0.0031308, mean * 12.92, 1.055 * mean ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * value):02x}" for value in encoded)


def _xmp(text: Mapping[str, str], source_type: str) -> str:
    """Return an XMP packet with the lineage as attributes of our own namespace."""
    printable = {key: "".join(c for c in text[key] if c.isprintable()) for key in sorted(text)}
    lineage = "".join(f"\n    mill:{key}={quoteattr(value)}" for key, value in printable.items())
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:mill="urn:texture-mill:lineage#"
    xmp:CreatorTool="Texture Mill"{lineage}>
   <Iptc4xmpExt:DigitalSourceType>{escape(source_type)}</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
