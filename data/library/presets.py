"""What each consumer of textures expects: which maps, packed how, under which file names.

A preset changes no pixel. It picks maps, and it names files; the keys of a published library stay
what they are, and `file_name` says what a file is called where it is delivered.
"""

from typing import Final, Literal

from pydantic import BaseModel, Field

from data.library.records import MapRole

PresetName = Literal["polyhaven", "ambientcg", "godot", "unity", "unreal", "gltf", "blender"]

# Of a picture `brick_0001`, its `normal_gl` and 1024 px; a template may use exactly these.
PLACES: Final = ("material", "name", "seed", "map", "px", "size")


class Preset(BaseModel, frozen=True, extra="forbid"):
    """How one consumer wants its files."""

    maps: tuple[MapRole, ...] = Field(description="what it reads, packed maps included")
    file_name: str = Field(description="template without the ending; see PLACES")
    map_names: dict[MapRole, str] = Field(description="what it calls each map")


_POLYHAVEN: Final[dict[MapRole, str]] = {
    "basecolor": "diff",
    "normal_gl": "nor_gl",
    "normal_dx": "nor_dx",
    "height": "disp",
    "roughness": "rough",
    "metallic": "metal",
    "ao": "ao",
    "orm": "arm",
    "unity_mask": "unity_mask",
}
_AMBIENTCG: Final[dict[MapRole, str]] = {
    "basecolor": "Color",
    "normal_gl": "NormalGL",
    "normal_dx": "NormalDX",
    "height": "Displacement",
    "roughness": "Roughness",
    "metallic": "Metalness",
    "ao": "AmbientOcclusion",
    "orm": "ORM",
    "unity_mask": "MaskMap",
}
_MATERIAL_MAKER: Final[dict[MapRole, str]] = {
    "basecolor": "albedo",
    "normal_gl": "normal",
    "normal_dx": "normal_dx",
    "height": "height",
    "roughness": "roughness",
    "metallic": "metallic",
    "ao": "occlusion",
    "orm": "orm",
    "unity_mask": "maskmap",
}
# Blender's Node Wrangler finds maps by words in their names.
_BLENDER: Final[dict[MapRole, str]] = {**_MATERIAL_MAKER, "ao": "ao", "normal_gl": "normal"}
_UNREAL: Final[dict[MapRole, str]] = {
    "basecolor": "BC",
    "normal_gl": "NGL",
    "normal_dx": "N",
    "height": "H",
    "roughness": "R",
    "metallic": "M",
    "ao": "AO",
    "orm": "ORM",
    "unity_mask": "MASK",
}

PRESETS: Final[dict[PresetName, Preset]] = {
    "polyhaven": Preset(
        maps=("basecolor", "normal_gl", "normal_dx", "height", "roughness", "ao", "orm"),
        file_name="{name}_{map}_{size}",
        map_names=_POLYHAVEN,
    ),
    "ambientcg": Preset(
        maps=("basecolor", "normal_gl", "normal_dx", "height", "roughness", "ao"),
        file_name="{name}_{size}-PNG_{map}",
        map_names=_AMBIENTCG,
    ),
    "godot": Preset(
        maps=("basecolor", "normal_gl", "orm"),
        file_name="{name}_{map}_{px}",
        map_names=_MATERIAL_MAKER,
    ),
    "unity": Preset(
        maps=("basecolor", "normal_gl", "unity_mask"),
        file_name="{name}_{map}_{px}",
        map_names=_MATERIAL_MAKER,
    ),
    "unreal": Preset(
        maps=("basecolor", "normal_dx", "orm"),
        file_name="T_{name}_{px}_{map}",
        map_names=_UNREAL,
    ),
    "gltf": Preset(
        maps=("basecolor", "normal_gl", "orm"),
        file_name="{name}_{map}_{px}",
        map_names=_MATERIAL_MAKER,
    ),
    "blender": Preset(
        maps=("basecolor", "normal_gl", "roughness", "metallic", "ao", "height"),
        file_name="{name}_{map}_{px}",
        map_names=_BLENDER,
    ),
}


def file_name(
    preset: PresetName, template: str, *, material: str, seed: int, role: MapRole, width_px: int
) -> str:
    """Return what one texture is called where it is delivered, folder of its material included.

    Args:
        preset: says what the map is called.
        template: of the recipe; empty: the preset's.
        material: slug.
        seed: of the picture.
        role: which map.
        width_px: of the file; `{size}` writes 1024 as 1k (1K in ambientCG's names), others in full.
    """
    names = PRESETS[preset]
    size = f"{width_px // 1024}k" if width_px % 1024 == 0 else str(width_px)
    stem = (template or names.file_name).format(
        material=material,
        name=f"{material}_{seed:04d}",
        seed=f"{seed:04d}",
        map=names.map_names.get(role, role),
        px=width_px,
        size=size.upper() if preset == "ambientcg" else size,
    )
    return f"{material}/{stem}.png"
