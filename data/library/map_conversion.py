"""A map that a version lacks, worked out exactly from maps that it has.

Only what loses nothing: the other orientation of a normal map, packing, and a channel of a packed
map. The result is what the version would hold if its recipe had asked for the map: same pixels and,
with the same version of Pillow, same bytes.
"""

import io
from collections.abc import Callable, Collection, Sequence
from typing import Final

import numpy as np
from PIL import Image

from data.library.encode import Pixels, TextureSpec, encode_texture
from data.library.records import LibraryError, LibraryManifest, MapRole, TextureRecord

_Planes = Sequence[Pixels]


def _flipped(planes: _Planes) -> Pixels:
    flipped = planes[0].copy()
    flipped[..., 1] = 255 - flipped[..., 1]
    return flipped


def _channel(index: int, *, inverted: bool = False) -> Callable[[_Planes], Pixels]:
    def read(planes: _Planes) -> Pixels:
        channel = planes[0][..., index]
        return np.ascontiguousarray(255 - channel if inverted else channel)

    return read


def _orm(planes: _Planes) -> Pixels:
    return np.stack(planes, axis=-1)


def _unity_mask(planes: _Planes) -> Pixels:
    occlusion, roughness, metallic = planes
    return np.stack([metallic, occlusion, np.zeros_like(metallic), 255 - roughness], axis=-1)


def _orm_of_mask(planes: _Planes) -> Pixels:
    mask = planes[0]
    return np.stack([mask[..., 1], 255 - mask[..., 3], mask[..., 0]], axis=-1)


def _mask_of_orm(planes: _Planes) -> Pixels:
    orm = planes[0]
    return _unity_mask([orm[..., 0], orm[..., 1], orm[..., 2]])


# What is wanted -> (what it is worked out from, how), the first whose sources are there.
_WAYS: Final[dict[MapRole, list[tuple[tuple[MapRole, ...], Callable[[_Planes], Pixels]]]]] = {
    "normal_gl": [(("normal_dx",), _flipped)],
    "normal_dx": [(("normal_gl",), _flipped)],
    "ao": [(("orm",), _channel(0)), (("unity_mask",), _channel(1))],
    "roughness": [(("orm",), _channel(1)), (("unity_mask",), _channel(3, inverted=True))],
    "metallic": [(("orm",), _channel(2)), (("unity_mask",), _channel(0))],
    "orm": [(("ao", "roughness", "metallic"), _orm), (("unity_mask",), _orm_of_mask)],
    "unity_mask": [(("ao", "roughness", "metallic"), _unity_mask), (("orm",), _mask_of_orm)],
}
_MODES: Final = {"L", "RGB", "RGBA"}  # 8 bits; height has 16 and is never converted


def sources_of(role: MapRole, there: Collection[MapRole]) -> tuple[MapRole, ...] | None:
    """Return the maps that `role` comes from: itself, what it is worked out from, or None."""
    if role in there:
        return (role,)
    ways = _WAYS.get(role, [])
    return next((sources for sources, _ in ways if set(sources) <= set(there)), None)


def converted(
    role: MapRole,
    sources: Sequence[tuple[TextureRecord, bytes]],
    manifest: LibraryManifest,
) -> bytes:
    """Return the PNG of a map that `sources_of` said comes from `sources`, in that order.

    Args:
        role: what is wanted.
        sources: records and PNGs of one picture at one size.
        manifest: says where they come from, which the new file says too.

    Raises:
        LibraryError: a source is no PNG of 8 bits, or they differ in size.
    """
    first = sources[0][0]
    roles = tuple(record.role for record, _ in sources)
    act = next(act for wanted, act in _WAYS[role] if wanted == roles)
    planes = [_decoded(record, png) for record, png in sources]
    if len({plane.shape[:2] for plane in planes}) != 1:
        raise LibraryError(f"the maps of {first.name} at {first.width_px} px differ in size")
    spec = TextureSpec(
        name=first.name,
        material=first.material,
        seed=first.seed,
        role=role,
        derivation="approximated",
        wrap=("y" in first.wrap, "x" in first.wrap),
    )
    return encode_texture(act(planes), spec, manifest.provenance).png


def _decoded(record: TextureRecord, png: bytes) -> Pixels:
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        if image.mode not in _MODES:
            raise LibraryError(f"{record.key} has not 8 bits a channel, so it is not converted")
        return np.asarray(image)
