"""PNGs of a library: exact, repeatable, and honest about where they come from."""

import struct
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.library.encode import (
    TextureSpec,
    average_color,
    decode_png,
    encode_png,
    encode_texture,
)
from data.library.records import DIGITAL_SOURCE_TYPE, digest
from tests.data.library.library_samples import pixels, provenance

PIXELS = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))


def chunks(png: bytes) -> list[tuple[str, bytes]]:
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        name, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert checksum == zlib.crc32(name + content)
        found.append((name.decode(), content))
        at += 12 + length
    return found


@given(PIXELS, st.dictionaries(st.sampled_from(["model", "seed"]), st.text(max_size=20)))
def test_any_pixels_come_back_exactly_and_any_text_stays_valid_xml(picture, text):
    png = encode_png(picture, text=text)
    found, chunks_of_text = decode_png(png)
    assert found.dtype == np.uint8
    assert (found == picture).all()
    ET.fromstring(chunks_of_text["XML:com.adobe.xmp"])
    assert encode_png(picture, text=dict(reversed(text.items()))) == png


def test_views_of_other_pictures_are_encoded_as_what_they_show():
    whole = pixels(1, 32)
    assert (decode_png(encode_png(whole[::2, ::-1]))[0] == whole[::2, ::-1]).all()


def test_colours_are_marked_as_srgb_before_the_pixels_and_data_is_not_marked():
    names = [name for name, _ in chunks(encode_png(pixels(1)))]
    assert names.index("sRGB") < names.index("IDAT")
    data = {name for name, _ in chunks(encode_png(pixels(1), color_space="data", text={}))}
    assert data == {"IHDR", "iTXt", "IDAT", "IEND"}


def test_no_file_says_when_it_was_made():
    png = encode_texture(pixels(1), TextureSpec(name="a", material="b", seed=1), provenance()).png
    assert {name for name, _ in chunks(png)} == {"IHDR", "sRGB", "iTXt", "IDAT", "IEND"}
    assert b"Date" not in png


def test_every_texture_says_that_a_model_made_it_and_which():
    spec = TextureSpec(name="brick_0007", material="brick", seed=7)
    encoded = encode_texture(pixels(1), spec, provenance())
    _, text = decode_png(encoded.png)
    packet = text["XML:com.adobe.xmp"]
    tree = ET.fromstring(packet)
    namespace = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
    (source,) = tree.iter(f"{namespace}DigitalSourceType")
    assert source.text == DIGITAL_SOURCE_TYPE
    (description,) = tree.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    lineage = {
        key.partition("}")[2]: value for key, value in description.attrib.items() if "mill" in key
    }
    assert lineage == {
        "material": "brick",
        "seed": "7",
        "model": "psgan-stones",
        "modelVersion": "3",
        "weightsSha256": "cd" * 32,
        "datasetFingerprint": "ef" * 32,
        "licence": "CC0-1.0",
    }


def test_the_record_of_a_texture_describes_its_bytes():
    picture = np.broadcast_to(np.array([255, 0, 0], np.uint8), (8, 16, 3))
    spec = TextureSpec(name="red", material="paint", seed=3, wrap=(False, True))
    encoded = encode_texture(picture, spec, provenance())
    record = encoded.record
    assert (record.width_px, record.height_px) == (16, 8)
    assert record.key == "paint/red_basecolor_16.png"
    assert record.wrap == ("x",)
    assert record.sha256 == digest(encoded.png)
    assert record.size_bytes == len(encoded.png)
    assert record.pixel_sha256 == digest(picture.tobytes())
    assert record.average_color_srgb == "#ff0000"
    assert (record.scale_source, record.physical_size_mm) == ("unknown", None)
    assert (encoded.pixels() == picture).all()


def test_the_average_of_black_and_white_is_taken_in_linear_light():
    """Half the light is 188 in sRGB (IEC 61966-2-1), not 128."""
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0] = 255
    assert average_color(picture) == "#bcbcbc"


@given(st.integers(0, 255))
def test_the_average_of_one_colour_is_that_colour(level):
    picture = np.full((3, 5, 3), level, np.uint8)
    assert average_color(picture) == f"#{level:02x}{level:02x}{level:02x}"


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["floats", "grey", "alpha", "empty"],
)
def test_other_than_eight_bit_rgb_is_refused_with_its_shape(wrong):
    with pytest.raises(ValueError, match=r"a PNG takes uint8 \(height, width, 3\)"):
        encode_png(wrong)
