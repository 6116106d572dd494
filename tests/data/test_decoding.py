"""What happens to one file, whatever state it is in."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from data.decoding import RefusedPictureError, decode_picture, header_channels

LIMIT = 1_000_000


@pytest.fixture
def texture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (140, 180, 3), dtype=np.uint8)


def encode(picture: np.ndarray | Image.Image, kind: str = "PNG", **options) -> bytes:
    target = io.BytesIO()
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    picture.save(target, kind, **options)
    return target.getvalue()


def decode(content: bytes):
    return decode_picture(content, max_pixels=LIMIT)


def reason(content: bytes) -> str:
    with pytest.raises(RefusedPictureError) as refusal:
        decode(content)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def huge_png(width: int, height: int) -> bytes:
    """A few hundred bytes whose header announces a picture of any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = (
        chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_sound_picture_passes_unchanged(texture):
    picture = decode(encode(texture))
    assert (picture.pixels == texture).all()
    assert picture.repairs == ()


def test_a_grey_picture_keeps_its_one_channel(texture):
    picture = decode(encode(texture[..., 0]))
    assert picture.pixels.shape == (140, 180, 1)
    assert (picture.pixels[..., 0] == texture[..., 0]).all()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "BMP", "PPM"])
def test_every_listed_format_is_read(texture, kind):
    assert decode(encode(texture, kind)).pixels.shape == (140, 180, 3)


def test_bytes_that_are_no_picture_are_refused(texture):
    assert "undecodable" in reason(b"\x00\x01not a picture at all" * 20)
    assert "undecodable" in reason(b"%!PS-Adobe-3.0 EPSF-3.0\n")  # Pillow would start Ghostscript
    assert reason(b"") == "empty file"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_truncated_picture_is_refused(texture, kind):
    content = encode(texture, kind)
    assert reason(content[: len(content) * 2 // 3])


def test_a_truncated_jpeg_is_called_truncated(texture):
    content = encode(texture, "JPEG")
    assert reason(content[: len(content) // 2]).startswith("truncated")


@pytest.mark.parametrize("side", [1_001, 20_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_by_its_header(side):
    said = reason(huge_png(side, 1_000 if side < 2000 else side))
    assert said.endswith("more than the limit of 1,000,000 (max_pixels)") or "bomb" in said
    assert said.count("limit") == 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_refused(texture, kind):
    frames = [Image.fromarray(texture), Image.fromarray(255 - texture)]
    content = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    assert "animated (2 frames)" in reason(content)


def test_only_the_first_page_of_a_tiff_is_taken(texture):
    pages = [Image.fromarray(texture), Image.fromarray(texture[:20, :20])]
    picture = decode(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert (picture.pixels == texture).all()
    assert picture.repairs == ("first of 2 pages taken",)


def test_cmyk_becomes_rgb(texture):
    picture = decode(encode(Image.fromarray(texture).convert("CMYK"), "JPEG", quality=100))
    assert picture.pixels.shape == (140, 180, 3)
    assert picture.repairs == ("converted from CMYK",)


def test_sixteen_bit_grey_keeps_its_brightness():
    levels = np.linspace(0, 65535, 128 * 128).reshape(128, 128).astype(np.uint16)
    picture = decode(encode(Image.fromarray(levels)))
    assert picture.repairs == ("16 bits a channel reduced to 8",)
    assert np.abs(picture.pixels[..., 0] - levels / 257.0).max() <= 0.5


def test_thirty_two_bits_that_hold_sixteen_keep_their_brightness():
    levels = np.linspace(0, 65535, 128 * 128).reshape(128, 128).astype(np.int32)
    picture = decode(encode(Image.fromarray(levels), "TIFF"))
    assert picture.repairs == ("32 bits a channel reduced to 8",)
    assert np.abs(picture.pixels[..., 0] - levels / 257.0).max() <= 0.5


@pytest.mark.parametrize("limits", [(0, 255), (0, 2**31 - 1), (-300, 60_000)])
def test_thirty_two_bits_whose_white_is_unknown_are_refused_with_a_way_out(limits):
    levels = np.linspace(*limits, 128 * 128).reshape(128, 128).astype(np.int32)
    said = reason(encode(Image.fromarray(levels), "TIFF"))
    assert said.startswith("32-bit samples")
    assert said.endswith("convert it to 8 or 16 bits first")


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_sixteen_bit_colour_keeps_its_brightness(texture, ending):
    content = cv2.imencode(ending, texture[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
    picture = decode(content)
    assert picture.repairs == ("16 bits a channel reduced to 8",)
    assert (picture.pixels == texture).all()


def test_a_palette_is_expanded(texture):
    palette = Image.fromarray(texture).quantize(32)
    picture = decode(encode(palette))
    assert (picture.pixels == np.asarray(palette.convert("RGB"))).all()
    assert picture.repairs == ("palette expanded",)


def test_an_opaque_alpha_channel_is_dropped(texture):
    opaque = np.dstack([texture, np.full(texture.shape[:2], 255, np.uint8)])
    picture = decode(encode(opaque))
    assert (picture.pixels == texture).all()
    assert picture.repairs == ("alpha channel dropped",)


def test_a_picture_with_holes_is_refused(texture):
    holes = np.dstack([texture, np.full(texture.shape[:2], 255, np.uint8)])
    holes[:70, :, 3] = 0
    assert "transparent in 50.0%" in reason(encode(holes))


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_orientation_is_applied(texture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encode(texture, "TIFF" if orientation == 2 else "PNG", exif=exif))
    upright = {
        2: texture[:, ::-1],
        3: texture[::-1, ::-1],
        4: texture[::-1],
        5: texture.transpose(1, 0, 2),
        6: np.rot90(texture, -1),
        7: texture[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(texture),
    }[orientation]
    assert (picture.pixels == upright).all()
    assert picture.repairs == (f"turned upright (EXIF orientation {orientation})",)


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """An RGB profile whose red primary is sRGB's green and the other way round."""
    profile = srgb_profile().replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    return profile.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")


def test_colours_of_another_profile_are_converted_to_srgb():
    ramp = np.zeros((128, 256, 3), np.uint8)
    ramp[..., 0] = np.arange(256)
    picture = decode(encode(ramp, icc_profile=swapped_profile()))
    assert "converted from RGB (swap" in picture.repairs[0]
    assert np.abs(picture.pixels[..., 1].astype(int) - np.arange(256)).max() <= 2
    assert picture.pixels[..., 0].max() <= 2


@pytest.mark.parametrize("profile", [srgb_profile(), b"broken"])
def test_srgb_and_broken_profiles_leave_the_pixels_alone(texture, profile):
    assert (decode(encode(texture, icc_profile=profile)).pixels == texture).all()


def test_one_colour_is_no_texture():
    assert "flat" in reason(encode(np.full((200, 200, 3), 90, np.uint8)))


def test_floating_point_pictures_are_refused():
    content = encode(
        Image.fromarray(np.random.default_rng(0).random((150, 150), np.float32)), "TIFF"
    )
    assert "tone-map" in reason(content)


def test_channels_are_found_by_looking(texture):
    assert header_channels(encode(texture)) == 3
    assert header_channels(encode(texture[..., 0])) == 1
    assert header_channels(b"nothing") is None


def test_random_damage_never_raises_anything_else(texture):
    rng = np.random.default_rng(7)
    sound = [encode(texture[:64, :64], kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF")]
    for _ in range(150):
        content = bytearray(sound[rng.integers(len(sound))])
        for _ in range(rng.integers(1, 20)):
            content[rng.integers(len(content))] = rng.integers(256)
        try:
            picture = decode(bytes(content))
        except RefusedPictureError:
            continue
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.ndim == 3
