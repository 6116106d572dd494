"""A small library of noise, built by the real stages and published."""

from pathlib import Path
from typing import Any

import numpy as np

from data.library.encode import Pixels
from data.library.plan import plan_version
from data.library.publish import publish_plan
from data.library.published_build import PublishedBuild, build_documents, newest_build
from data.library.recipe import Recipe, parse_recipe
from data.library.records import LibraryDraft, MaterialRecord, ModelRef
from data.library.stages import RenderSource
from tasks.stage_runner import BuiltLibrary, StageRunner
from tests.data.library.library_samples import provenance

PLAIN = """
library: stones
model: {name: psgan-stones}
materials: [brick, gravel]
seeds: {first: 1, count: 2}
master_px: 64
sizes_px: [64, 32]
preset: godot
quality: {wrap_seam_ratio: 100}
"""


class Painter:
    """Renders noise that wraps; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def render(self, model: ModelRef, material: str, seed: int, side_px: int) -> Pixels:
        self.asked.append(f"{material}_{seed:04d}")
        random = np.random.default_rng([seed, len(material)])
        return random.integers(0, 256, (side_px, side_px, 3), dtype=np.uint8)


class NoModel(Painter):
    """A machine without the model."""

    def render(self, model: ModelRef, material: str, seed: int, side_px: int) -> Pixels:
        raise AssertionError(f"a model was loaded for {material} {seed}")


def runner(
    text: str, home: Path, painter: Painter, published: PublishedBuild | None, **options: Any
) -> tuple[Recipe, BuiltLibrary]:
    recipe, made = parse_recipe(text), provenance()
    model = options.pop("model", made.model)
    source = RenderSource(
        model=model, dataset_fingerprint=made.dataset.fingerprint, materials=("brick", "gravel")
    )
    materials = [entry.material for entry in recipe.materials]
    run = StageRunner(
        recipe,
        dict.fromkeys(materials, source),
        dict.fromkeys(materials, made),
        painter.render,
        home / "stages",
        published,
        **options,
    )
    return recipe, run.run()


def draft_of(recipe: Recipe) -> LibraryDraft:
    return LibraryDraft(
        library=recipe.library,
        provenance=provenance(),
        materials=tuple(MaterialRecord(material=e.material) for e in recipe.materials),
    )


def publish(url: str, recipe: Recipe, built: BuiltLibrary) -> PublishedBuild:
    assert built.record is not None
    documents = build_documents(built.record, built.masters)
    publish_plan(
        url, plan_version(draft_of(recipe), built.textures, {}, documents), flat_tree=False
    )
    found = newest_build(url, recipe.library)
    assert found is not None
    return found


def hashes(built: BuiltLibrary) -> dict[str, tuple[str, str]]:
    return {t.record.key: (t.record.sha256, t.record.pixel_sha256) for t in built.textures}


def published_hashes(build: PublishedBuild) -> dict[str, tuple[str, str]]:
    return {key: (record.sha256, record.pixel_sha256) for key, record in build.textures.items()}
