"""The bytes of one picture -> upright 8-bit sRGB pixels, or the reason why not.

Every check that needs nothing but the file itself is here. Metadata ends here: only pixels leave.
"""

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

PICTURE_FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".jp2": "JPEG2000",
    ".ppm": "PPM",
    ".pgm": "PPM",
    ".avif": "AVIF",
}
"""File name endings that are looked at; a closed list, as some of Pillow's formats run programs."""

LARGEST_FILE_BYTES = 1_000_000_000
"""Longer files are refused unread: 64 million 16-bit RGB pixels, uncompressed, are 384 MB."""

_TRANSPARENT_SHARE = 0.001
_GREY_MODES = {"1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N"}
_ORIENTATION, _BITS_PER_SAMPLE = 274, 258  # TIFF 6.0 tags, which EXIF shares
_PAGED_FORMATS = {"TIFF", "MPO"}  # further pages are thumbnails or depth maps, not animation


class RefusedPictureError(ValueError):
    """The picture cannot be used; the message is the reason, for the ingest table."""


@dataclass(frozen=True)
class Picture:
    """One decoded picture.

    Attributes:
        pixels: (height, width, 1 or 3) uint8, sRGB, upright.
        repairs: what had to be done to the file, in words.
    """

    pixels: np.ndarray
    repairs: tuple[str, ...]


def decode_picture(content: bytes, *, max_pixels: int) -> Picture:
    """Decode one file of any accepted format.

    Args:
        content: the file.
        max_pixels: limit on the header's width x height, checked before any pixel is decoded.

    Raises:
        RefusedPictureError: undecodable, truncated, too many pixels, animated, transparent, HDR or
        flat.
    """
    if not content:
        raise RefusedPictureError("empty file")
    try:
        with warnings.catch_warnings():
            # Pillow's own warning starts at a fixed size; the limit here is the caller's.
            warnings.simplefilter("ignore")
            with _open(content) as opened:
                return _decode(opened, content, max_pixels)
    except RefusedPictureError:
        raise
    except Image.DecompressionBombError as error:
        raise RefusedPictureError(
            f"a decompression bomb: more pixels than the limit of {max_pixels:,} (max_pixels)"
        ) from error
    except MemoryError as error:
        raise RefusedPictureError("too large to decode in the memory there is") from error
    # Decoders raise whatever the broken byte leads them to (OSError, SyntaxError, struct.error,
    # EOFError, ...); for one file of many the answer is the same.
    except Exception as error:
        raise RefusedPictureError(_failure(error)) from error


def header_channels(content: bytes) -> int | None:
    """1 or 3, from the header alone; none where no header can be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _open(content) as opened:
                return 1 if opened.mode in _GREY_MODES else 3
    except Exception:  # the same wide field as in decode_picture
        return None


def _open(content: bytes) -> Image.Image:
    Image.init()
    formats = sorted({name for name in PICTURE_FORMATS.values() if name in Image.OPEN})
    return Image.open(io.BytesIO(content), formats=formats)


def _decode(opened: Image.Image, content: bytes, max_pixels: int) -> Picture:
    width, height = opened.size
    if width * height > max_pixels:
        raise RefusedPictureError(
            f"{width} x {height} pixels are more than the limit of {max_pixels:,} (max_pixels)"
        )
    repairs: list[str] = []
    frames = getattr(opened, "n_frames", 1)
    if frames > 1 and opened.format not in _PAGED_FORMATS:
        raise RefusedPictureError(
            f"animated ({frames} frames); save the frame you want as a picture of its own"
        )
    if frames > 1:
        repairs.append(f"first of {frames} pages taken")
    orientation = opened.getexif().get(_ORIENTATION, 1)
    picture = ImageOps.exif_transpose(opened)
    if orientation in range(2, 9):
        repairs.append(f"turned upright (EXIF orientation {orientation})")
    picture = _to_srgb(picture, opened.info.get("icc_profile"), repairs)
    pixels = np.asarray(_to_eight_bits(picture, _bits_per_sample(opened, content), repairs))
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if int(pixels.max()) - int(pixels.min()) < 2:
        raise RefusedPictureError("flat: every pixel has the same colour, so there is no texture")
    return Picture(np.ascontiguousarray(pixels), tuple(repairs))


def _bits_per_sample(opened: Image.Image, content: bytes) -> int:
    """Bits a channel in the file; Pillow hides more than 8 for pictures in colour."""
    if opened.format == "PNG":
        return content[24]  # the header's bit depth, https://www.w3.org/TR/png-3/#11IHDR
    bits = opened.tag_v2.get(_BITS_PER_SAMPLE, (8,)) if isinstance(opened, TiffImageFile) else (8,)
    return max(*bits, 16 if opened.mode.startswith("I") else 8)


def _to_eight_bits(picture: Image.Image, bits: int, repairs: list[str]) -> Image.Image:
    """Any mode -> L or RGB."""
    if picture.mode == "F":
        raise RefusedPictureError("floating-point (HDR) picture; tone-map it to 8 or 16 bits first")
    if bits > 8:
        repairs.append(f"{bits} bits a channel reduced to 8")
    if picture.mode.startswith("I"):
        levels = np.asarray(picture).astype(np.float64)
        # Such a file does not say which number is white; only 16-bit values are beyond doubt.
        if bits > 16 and not (levels.min() >= 0 and 255 < levels.max() <= 65535):
            raise RefusedPictureError(
                f"{bits}-bit samples that are no 16-bit values; convert it to 8 or 16 bits first"
            )
        return Image.fromarray(np.clip(np.rint(levels / 257.0), 0, 255).astype(np.uint8))
    if picture.mode in {"P", "PA"}:
        repairs.append("palette expanded")
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    elif "transparency" in picture.info:
        picture = picture.convert("RGBA")  # a colour declared transparent
    if picture.mode in {"LA", "La", "RGBA", "RGBa"}:
        return _without_alpha(picture, repairs)
    if picture.mode not in {"L", "RGB"}:
        repairs.append(f"converted from {picture.mode}")
        return picture.convert("L" if picture.mode == "1" else "RGB")
    return picture


def _without_alpha(picture: Image.Image, repairs: list[str]) -> Image.Image:
    """Drop an opaque alpha channel.

    Flattening real holes over some colour would invent texture, so pictures with holes are refused.
    """
    grey = picture.mode in {"LA", "La"}
    picture = picture.convert("LA" if grey else "RGBA")
    hidden = float((np.asarray(picture.getchannel("A")) < 250).mean())
    if hidden > _TRANSPARENT_SHARE:
        raise RefusedPictureError(
            f"transparent in {hidden:.1%} of its pixels; crop to the opaque part"
        )
    repairs.append("alpha channel dropped")
    return picture.convert("L" if grey else "RGB")


def _to_srgb(picture: Image.Image, profile: bytes | None, repairs: list[str]) -> Image.Image:
    """Apply the embedded colour profile; phones save Display P3, print shops CMYK."""
    if not profile or picture.mode not in {"RGB", "CMYK"}:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(source).strip()
        if "srgb" in name.lower():
            return picture
        converted = ImageCms.profileToProfile(
            picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return picture  # a broken profile is worth less than the pixels
    repairs.append(f"colours converted from {picture.mode} ({name[:40]}) to sRGB")
    return converted if converted is not None else picture


def _failure(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, Image.UnidentifiedImageError):
        return "undecodable: not a picture in a known format"
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return f"truncated: {text}"
    return f"undecodable: {text or type(error).__name__}"
