"""What a build would do: every file of the recipe compared with the newest published version.

No pixel and no model is looked at; keys decide. Time and bytes are estimates and say so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from pydantic import BaseModel, Field

from data.library.build_record import BuildRecord
from data.library.large_records import cycles_left_alone
from data.library.recipe import Recipe
from data.library.records import MapRole
from data.library.stages import (
    PICTURE_STAGES,
    PlannedTexture,
    RenderSource,
    Stage,
    StageVersions,
    library_key,
    planned_textures,
)

PLAN_SCHEMA: Final = "texture-mill.plan/1"
Action = Literal["build", "reuse", "remove"]

# Measured on two CPU cores (docs/library-recipes.md): seconds a megapixel of what a stage reads.
SECONDS_PER_MPX: Final[dict[Stage, float]] = {
    "sample": 0.5,
    "master": 0.1,
    "derive": 0.25,
    "resize": 0.05,
    "encode": 0.08,
}
MODEL_LOAD_S: Final = 15.0  # TensorFlow, MLflow, the weights
BYTES_PER_PIXEL: Final[dict[MapRole, float]] = {
    "basecolor": 2.2,
    "normal_gl": 2.0,
    "normal_dx": 2.0,
    "height": 1.7,
    "roughness": 0.4,
    "metallic": 0.01,
    "ao": 0.6,
    "orm": 1.2,
    "unity_mask": 1.3,
}


class PlannedAction(BaseModel, frozen=True, extra="forbid"):
    """What becomes of one file."""

    key: str = Field(description="of the texture, below the version's folder")
    material: str = Field(description="slug")
    action: Action = Field(description="what is done")
    first_stage: Stage | None = Field(description="where the work starts; none: no work")
    why: str = Field(description="in words")


class LibraryPlan(BaseModel, frozen=True, extra="forbid", populate_by_name=True):
    """What a build of a recipe would do."""

    schema_id: Literal["texture-mill.plan/1"] = Field(PLAN_SCHEMA, alias="schema")
    library: str = Field(description="name")
    library_key: str = Field(description="of what would be published")
    published_version: int | None = Field(description="compared with; none: nothing is published")
    stale: bool = Field(description="whether a build would publish anything")
    why: tuple[str, ...] = Field(description="what changed, in words")
    models: dict[str, str] = Field(description="material -> version that renders it")
    build: int = Field(description="files to be made")
    reuse: int = Field(description="files taken over")
    remove: int = Field(description="files the new version does without")
    renders: int = Field(description="pictures that need a model")
    seconds: float = Field(description="estimate, on two CPU cores")
    build_bytes: int = Field(description="estimate, of the files to be made")
    actions: tuple[PlannedAction, ...] = Field(description="each file; empty if nothing is stale")


@cycles_left_alone()
def plan_library(
    recipe: Recipe,
    sources: Mapping[str, RenderSource],
    versions: StageVersions,
    published: tuple[int, BuildRecord] | None,
) -> LibraryPlan:
    """Return what building `recipe` would do.

    Args:
        recipe: what is asked for.
        sources: material -> the version that renders it.
        versions: of the stages and encoders.
        published: number and record of the newest version, None if there is none.
    """
    key = library_key(recipe, sources, versions)
    if published is not None and published[1].library_key == key:
        return _nothing_to_do(recipe, sources, key, published[0])
    record = published[1] if published else None
    planned = {texture.key: texture for texture in planned_textures(recipe, sources, versions)}
    before = _published_textures(record)
    why = tuple(_changes(recipe, sources, versions, record))
    actions = tuple(_actions(planned, before, record, why))
    work = [(planned[a.key], a.first_stage) for a in actions if a.action == "build"]
    counts = Counter(action.action for action in actions)
    return LibraryPlan(
        library=recipe.library,
        library_key=key,
        published_version=published[0] if published else None,
        stale=True,
        why=why or ("only names, licences or limits changed",),
        models=_model_names(sources),
        build=counts["build"],
        reuse=counts["reuse"],
        remove=counts["remove"],
        renders=len(_renders(work)),
        seconds=_seconds(recipe, work),
        build_bytes=round(sum(t.width_px**2 * BYTES_PER_PIXEL[t.role] for t, _ in work)),
        actions=actions,
    )


def _nothing_to_do(
    recipe: Recipe, sources: Mapping[str, RenderSource], key: str, version: int
) -> LibraryPlan:
    files = len(recipe.roles) * len(recipe.sizes_px)
    return LibraryPlan(
        library=recipe.library,
        library_key=key,
        published_version=version,
        stale=False,
        why=(),
        models=_model_names(sources),
        build=0,
        reuse=files * sum(len(recipe.seeds_of(entry)) for entry in recipe.materials),
        remove=0,
        renders=0,
        seconds=0.0,
        build_bytes=0,
        actions=(),
    )


def _published_textures(record: BuildRecord | None) -> dict[str, PlannedTexture]:
    if record is None:
        return {}
    found = planned_textures(record.recipe, record.sources, record.versions)
    return {texture.key: texture for texture in found}


def _actions(
    planned: Mapping[str, PlannedTexture],
    before: Mapping[str, PlannedTexture],
    record: BuildRecord | None,
    changes: tuple[str, ...],
) -> Iterator[PlannedAction]:
    kept = {master.key for master in record.masters.values()} if record else set()
    for key in sorted(planned.keys() | before.keys()):
        new, old = planned.get(key), before.get(key)
        if new is None:
            assert old is not None  # a key is in one of the two
            yield PlannedAction(
                key=key,
                material=old.material,
                action="remove",
                first_stage=None,
                why="not asked for",
            )
            continue
        stage = _first_stale(new, old, kept)
        yield PlannedAction(
            key=key,
            material=new.material,
            action="build" if stage else "reuse",
            first_stage=stage,
            why=_reason(new, stage, old, changes),
        )


def _first_stale(new: PlannedTexture, old: PlannedTexture | None, kept: set[str]) -> Stage | None:
    """The first stage that has to run, None if the published file is current."""
    if old is not None and new.keys.encode == old.keys.encode:
        return None
    if new.keys.master not in kept:
        return "sample"
    if old is None or new.keys.derive != old.keys.derive:
        return "derive"
    # Planes between the stages are not kept: a file starts at its master, however little changed.
    return "resize" if new.keys.resize != old.keys.resize else "encode"


def _reason(
    new: PlannedTexture, stage: Stage | None, old: PlannedTexture | None, changes: tuple[str, ...]
) -> str:
    if stage is None:
        return "unchanged"
    if old is None:
        return "new" if stage == "sample" else "new, from its master"
    mine = [c for c in changes if c.startswith(f"{new.material}: ") or ": " not in c]
    return "; ".join(c.removeprefix(f"{new.material}: ") for c in mine) or f"{stage} changed"


def _changes(
    recipe: Recipe,
    sources: Mapping[str, RenderSource],
    versions: StageVersions,
    record: BuildRecord | None,
) -> Iterator[str]:
    """Say in words what differs from the published version; of one material: `brick: ...`."""
    if record is None:
        yield "nothing is published yet"
        return
    for stage in PICTURE_STAGES:
        if versions.stages[stage] != record.versions.stages.get(stage):
            yield f"the stage {stage} of this program is another one"
    for name, version in versions.encoders.items():
        if version != record.versions.encoders.get(name):
            yield f"{name} {record.versions.encoders.get(name, 'none')} became {version}"
    for name in ("master_px", "sizes_px", "preset", "maps", "file_name", "licence", "quality"):
        if getattr(recipe, name) != getattr(record.recipe, name):
            yield f"{name} changed"
    entries = {entry.material: entry for entry in record.recipe.materials}
    for entry in recipe.materials:
        if entry.material not in entries:
            yield f"{entry.material}: new material"
            continue
        for what in _material_changes(recipe, record, entry.material, sources):
            yield f"{entry.material}: {what}"
    for gone in sorted(entries.keys() - {entry.material for entry in recipe.materials}):
        yield f"{gone}: not asked for any more"


def _material_changes(
    recipe: Recipe, record: BuildRecord, material: str, sources: Mapping[str, RenderSource]
) -> Iterator[str]:
    new, old = sources[material].model, record.sources[material].model
    if new != old:
        weights = "" if new.weights_sha256 != old.weights_sha256 else ", the same weights"
        yield f"{old.name} v{old.version} became {new.name} v{new.version}{weights}"
    entry, before = (
        next(e for e in r.materials if e.material == material) for r in (recipe, record.recipe)
    )
    if set(recipe.seeds_of(entry)) != set(record.recipe.seeds_of(before)):
        yield "seeds changed"
    settings, earlier = recipe.derive_of(entry), record.recipe.derive_of(before)
    for name in type(settings).model_fields:
        if getattr(settings, name) != getattr(earlier, name):
            yield f"{name} {getattr(earlier, name):g} became {getattr(settings, name):g}"
    if entry.physical_width_mm != before.physical_width_mm:
        yield "physical_width_mm changed"


def _model_names(sources: Mapping[str, RenderSource]) -> dict[str, str]:
    return {name: f"{s.model.name}/{s.model.version}" for name, s in sorted(sources.items())}


def _renders(work: list[tuple[PlannedTexture, Stage | None]]) -> set[str]:
    return {texture.keys.sample for texture, stage in work if stage == "sample"}


def _seconds(recipe: Recipe, work: list[tuple[PlannedTexture, Stage | None]]) -> float:
    mpx = recipe.master_px**2 / 1e6
    renders = len(_renders(work))
    masters = {texture.keys.master for texture, _ in work}
    derived = {texture.keys.derive for texture, _ in work}
    total = renders * mpx * SECONDS_PER_MPX["sample"] + (MODEL_LOAD_S if renders else 0.0)
    total += len(masters) * mpx * SECONDS_PER_MPX["master"]
    total += len(derived) * mpx * (SECONDS_PER_MPX["derive"] + SECONDS_PER_MPX["resize"])
    total += sum(t.width_px**2 for t, _ in work) / 1e6 * SECONDS_PER_MPX["encode"]
    return round(total, 1)
