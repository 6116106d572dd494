"""`build.json`: what a published version was built from, so that the next build does less.

The recipe and the model versions are kept whole, because every key follows from them; the masters
are kept by hash, because from them everything can be made again without a model.
"""

import importlib.metadata
import json
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import BaseModel, Field, ValidationError

from data.library.large_records import cycles_left_alone
from data.library.recipe import Recipe
from data.library.records import LibraryError, Scores, Sha256
from data.library.stages import STAGE_VERSIONS, RenderSource, StageVersions

BUILD_SCHEMA: Final = "texture-mill.build/1"
BUILD_KEY: Final = "build.json"


class MasterRecord(BaseModel, frozen=True, extra="forbid"):
    """One rendering, kept as it came out of the model."""

    key: Sha256 = Field(description="of the stage `master`: what it was made from")
    sha256: Sha256 = Field(description="of the object that holds it, a PNG without metadata")
    size_bytes: int = Field(gt=0, description="of that object")
    pixel_sha256: Sha256 = Field(description="of its (height, width, 3) uint8 pixels")
    scores: Scores = Field(default_factory=dict, description="of this picture alone")


class BuildRecord(BaseModel, frozen=True, extra="forbid", populate_by_name=True):
    """How one version was built."""

    schema_id: Literal["texture-mill.build/1"] = Field(BUILD_SCHEMA, alias="schema")
    library_key: Sha256 = Field(description="digest of everything the version depends on")
    recipe: Recipe = Field(description="as it was written, defaults filled in")
    sources: dict[str, RenderSource] = Field(description="material -> version that rendered it")
    versions: StageVersions = Field(description="of stages and encoders")
    masters: dict[str, MasterRecord] = Field(description="picture, as material_seed -> master")
    files: dict[str, str] = Field(description="key of a texture -> name where it is delivered")
    documents: dict[str, Sha256] = Field(
        default_factory=dict, description="key of a drawn document -> key of its stage"
    )


def current_versions() -> StageVersions:
    """Return the versions of this code and of the encoders it is installed with."""
    # Pillow's wheels carry their own zlib, so one number stands for both.
    return StageVersions(
        stages=dict(STAGE_VERSIONS), encoders={"pillow": importlib.metadata.version("pillow")}
    )


@cycles_left_alone()
def build_record_json(record: BuildRecord) -> bytes:
    """Return the one JSON form of a build record."""
    plain = record.model_dump(mode="json", by_alias=True)
    return json.dumps(plain, sort_keys=True, indent=1, allow_nan=False).encode() + b"\n"


@cycles_left_alone()
def parse_build_record(content: bytes, *, where: str) -> BuildRecord:
    """Return the build record in `content`; `where` is named in errors.

    Raises:
        LibraryError: it is none, or names no model for a material.
    """
    try:
        record = BuildRecord.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "record"
        raise LibraryError(f"{where} is not valid: {place}: {first['msg']}") from None
    # Its key is not computed again: recipes may have gained a field since, and the manifest's hash
    # already says that these are the bytes that were published.
    _check(record.recipe, record.sources, where)
    return record


def _check(recipe: Recipe, sources: Mapping[str, RenderSource], where: str) -> None:
    wanted = {entry.material for entry in recipe.materials}
    if missing := sorted(wanted - set(sources)):
        raise LibraryError(f"{where} names no model for {missing[0]}")
