"""The stages a library is built in, and the keys that say whether a result is current.

    sample -> master -> derive -> resize -> encode -> documents, previews -> record

A key is the SHA-256 of what a stage depends on: its name and version, its parameters, the keys of
what it reads, and the versions of the encoders whose bytes it writes. Equal keys, equal results; so
whatever has a result under its key is not done again. Keys do not look at our source code: whoever
changes what a stage makes raises its number in `STAGE_VERSIONS`, and a comment rebuilds nothing.

Nothing of a material enters the key of another one but through a model they share: a model has one
digest, so new weights of it are new pictures of all of its materials.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, Field

from data.library.presets import PRESETS
from data.library.recipe import MapSettings, MaterialEntry, Recipe
from data.library.records import MapRole, ModelRef, Sha256, texture_key

Stage = Literal["sample", "master", "derive", "resize", "encode", "documents", "previews", "record"]
PICTURE_STAGES: Final[tuple[Stage, ...]] = ("sample", "master", "derive", "resize", "encode")

# Raise a number when a stage gives other results for the same input.
STAGE_VERSIONS: Final[dict[Stage, int]] = {
    "sample": 1,
    "master": 1,
    "derive": 1,
    "resize": 1,
    "encode": 1,
    "documents": 1,
    "previews": 1,
    "record": 1,
}

# What each map is derived with: a change of one setting leaves the other maps as they are.
_SETTINGS_OF: Final[dict[MapRole, tuple[str, ...]]] = {
    "basecolor": (),
    "height": ("dark_is_high", "smoothing"),
    "normal_gl": ("dark_is_high", "smoothing", "relief"),
    "normal_dx": ("dark_is_high", "smoothing", "relief"),
    "ao": ("dark_is_high", "smoothing", "ao_strength"),
    "roughness": ("dark_is_high", "smoothing", "roughness", "roughness_spread"),
    "metallic": ("metallic",),
}
_PACKED: Final[tuple[MapRole, ...]] = ("ao", "roughness", "metallic")


class RenderSource(BaseModel, frozen=True, extra="forbid"):
    """A registered model version, as far as results depend on it."""

    model: ModelRef = Field(description="what renders")
    dataset_fingerprint: Sha256 = Field(description="of the photographs it learnt from")
    materials: tuple[str, ...] = Field(description="slugs it knows, in the order of its labels")


class StageVersions(BaseModel, frozen=True, extra="forbid"):
    """Everything outside of recipe and models that decides results."""

    stages: dict[str, int] = Field(description="stage -> number")
    encoders: dict[str, str] = Field(description="library -> version, of those that write bytes")


class TextureKeys(NamedTuple):
    """The keys of one file, in the order of the stages."""

    sample: str
    master: str
    derive: str
    resize: str
    encode: str


class PlannedTexture(NamedTuple):
    """One file that a recipe asks for."""

    key: str
    material: str
    seed: int
    role: MapRole
    width_px: int
    keys: TextureKeys


def stage_key(
    stage: Stage,
    params: Mapping[str, Any],
    inputs: Sequence[str],
    versions: StageVersions,
    *,
    encoders: bool = False,
) -> str:
    """Return the key of one result.

    Args:
        stage: what is done.
        params: plain values that decide the result.
        inputs: keys of the results it reads.
        versions: of the stages and encoders.
        encoders: whether the result is bytes that an encoder wrote.
    """
    content = {
        "stage": stage,
        "stage_version": versions.stages[stage],
        "params": params,
        "inputs": inputs,
        "encoder_versions": versions.encoders if encoders else {},
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def planned_textures(
    recipe: Recipe, sources: Mapping[str, RenderSource], versions: StageVersions
) -> Iterator[PlannedTexture]:
    """Yield every file that `recipe` asks for, with the keys of its stages.

    Args:
        recipe: what is asked for.
        sources: material -> the version that renders it.
        versions: of the stages and encoders.
    """
    for entry in recipe.materials:
        source = sources[entry.material]
        for seed in recipe.seeds_of(entry):
            yield from _planned_picture(recipe, entry, seed, source, versions)


def master_key(
    recipe: Recipe, material: str, seed: int, source: RenderSource, versions: StageVersions
) -> tuple[str, str]:
    """Return the keys of the stages `sample` and `master` of one picture."""
    params = {
        "weights_sha256": source.model.weights_sha256,
        "family": source.model.family,
        "material": material,
        "seed": seed,
        "side_px": recipe.master_px,
        "wrap": [True, True],
    }
    sample = stage_key("sample", params, [], versions)
    # Losslessly kept: an encoder that packs tighter changes the file of the master, no pixel of it.
    return sample, stage_key("master", {"format": "png"}, [sample], versions)


def library_key(
    recipe: Recipe, sources: Mapping[str, RenderSource], versions: StageVersions
) -> str:
    """Return the key of the last stage: one digest of all that a published version depends on.

    A version that was built under this key has nothing stale, and no other key has to be computed.
    """
    params = {
        "recipe": canonical_recipe(recipe),
        "sources": {name: source.model_dump(mode="json") for name, source in sources.items()},
        "stages": versions.stages,
    }
    return stage_key("record", params, [], versions, encoders=True)


def canonical_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return what a recipe says; order, comments and spelt-out defaults make no difference."""
    names = PRESETS[recipe.preset]
    return {
        "library": recipe.library,
        "master_px": recipe.master_px,
        "sizes_px": sorted(recipe.sizes_px),
        "maps": sorted(recipe.roles),
        "map_names": {role: names.map_names.get(role, role) for role in sorted(recipe.roles)},
        "file_name": recipe.file_name or names.file_name,
        "quality": recipe.quality.model_dump(mode="json"),
        "licence": recipe.licence.model_dump(mode="json"),
        "materials": {
            entry.material: {
                "seeds": sorted(recipe.seeds_of(entry)),
                "derive": recipe.derive_of(entry).model_dump(mode="json"),
                "physical_width_mm": entry.physical_width_mm,
            }
            for entry in recipe.materials
        },
    }


def settings_for(role: MapRole, settings: MapSettings) -> dict[str, float]:
    """Return the settings that decide one map, those of its parts if it is packed."""
    parts = _PACKED if role in ("orm", "unity_mask") else (role,)
    return {name: getattr(settings, name) for part in parts for name in _SETTINGS_OF[part]}


def lineage_of(material: str, seed: int, source: RenderSource, licence: str) -> dict[str, str]:
    """Return what a file of this picture says about itself, beside its map."""
    return {
        "material": material,
        "seed": str(seed),
        "model": source.model.name,
        "modelVersion": source.model.version,
        "weightsSha256": source.model.weights_sha256,
        "datasetFingerprint": source.dataset_fingerprint,
        "licence": licence,
    }


def _planned_picture(
    recipe: Recipe, entry: MaterialEntry, seed: int, source: RenderSource, versions: StageVersions
) -> Iterator[PlannedTexture]:
    sample, master = master_key(recipe, entry.material, seed, source, versions)
    # What `auto` comes to follows from the photographs, which the training run stands for.
    licence = f"{recipe.licence.textures} {source.model.mlflow_run_id}"
    lineage = lineage_of(entry.material, seed, source, licence)
    for role in recipe.roles:
        wanted = {"role": role, **settings_for(role, recipe.derive_of(entry))}
        derive = stage_key("derive", wanted, [master], versions)
        for width_px in recipe.sizes_px:
            size = {"master_px": recipe.master_px, "width_px": width_px}
            resize = stage_key("resize", size, [derive], versions)
            encode = stage_key(
                "encode", {"role": role, **lineage}, [resize], versions, encoders=True
            )
            key = texture_key(entry.material, f"{entry.material}_{seed:04d}", role, width_px)
            keys = TextureKeys(sample, master, derive, resize, encode)
            yield PlannedTexture(key, entry.material, seed, role, width_px, keys)
