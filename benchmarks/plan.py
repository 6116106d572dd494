"""How long does a plan take for 10, 1000 and 100000 textures: nothing stale, and one line changed?

Synthetic build records in a local folder, read as the command line reads them; the registry is left
out. `--sizes 10,1000` measures other sizes. Prints seconds and microseconds a texture.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from data.library.build_plan import plan_library
from data.library.build_record import (
    BuildRecord,
    MasterRecord,
    build_record_json,
    current_versions,
)
from data.library.object_pool import ObjectPool
from data.library.published_build import newest_build
from data.library.recipe import Recipe, parse_recipe
from data.library.records import ModelRef
from data.library.stages import RenderSource, library_key, planned_textures
from data.library.versions import manifest_key
from data.object_store import open_store

FILES_PER_PICTURE = 10  # five maps in two sizes
PICTURES_PER_MATERIAL = 1000


def recipe_of(textures: int, line: str = "") -> Recipe:
    """A recipe that asks for about so many files."""
    pictures = max(1, textures // FILES_PER_PICTURE)
    materials = max(1, pictures // PICTURES_PER_MATERIAL)
    names = ", ".join(f"stone_{number}" for number in range(materials))
    return parse_recipe(
        f"library: synthetic\nmodel: {{name: textures}}\nmaterials: [{names}]\n"
        f"seeds: {{first: 1, count: {pictures // materials}}}\n"
        f"maps: [basecolor, normal_gl, height, ao, roughness]\n{line}"
    )


def publish(store_url: str, recipe: Recipe, sources: dict[str, RenderSource]) -> None:
    """Write what a plan reads: a manifest with its lists, and the build record."""
    versions = current_versions()
    files = list(planned_textures(recipe, sources, versions))
    master = {"sha256": "1" * 64, "size_bytes": 9, "pixel_sha256": "2" * 64}
    record = BuildRecord(
        library_key=library_key(recipe, sources, versions),
        recipe=recipe,
        sources=sources,
        versions=versions,
        masters={
            f"{f.material}_{f.seed:04d}": MasterRecord(key=f.keys.master, **master) for f in files
        },
        files={f.key: f.key for f in files},
    )
    store = open_store(store_url)
    sha256 = ObjectPool(store, recipe.library).put(build_record_json(record))
    textures = [{"key": f.key, "sha256": "3" * 64, "padding": "x" * 500} for f in files]
    documents = [{"type": "build", "key": "build.json", "sha256": sha256}]
    manifest = {"textures": textures, "documents": documents}
    store.put_new(manifest_key(recipe.library, 1), json.dumps(manifest).encode())


def seconds_of(store_url: str, recipe: Recipe, sources: dict[str, RenderSource]) -> float:
    """Read the newest version and plan, once."""
    started = time.perf_counter()
    build = newest_build(store_url, recipe.library)
    assert build is not None
    plan_library(recipe, sources, current_versions(), (build.version, build.record))
    return time.perf_counter() - started


def main() -> None:
    """Measure every size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10,1000,100000", help="numbers of textures")
    sizes = [int(part) for part in parser.parse_args().sizes.split(",")]
    model = ModelRef(
        name="textures", version="1", family="psgan", weights_sha256="a" * 64, mlflow_run_id="run"
    )
    print("| textures | nothing stale, s | us each | one line changed, s | us each |")
    print("|---|---|---|---|---|")
    for size in sizes:
        recipe, touched = recipe_of(size), recipe_of(size, "derive: {relief: 0.03}\n")
        source = RenderSource(model=model, dataset_fingerprint="d" * 64, materials=("stone",))
        sources = {entry.material: source for entry in recipe.materials}
        with tempfile.TemporaryDirectory() as folder:
            url = Path(folder).as_uri()
            publish(url, recipe, sources)
            quiet = min(seconds_of(url, recipe, sources) for _ in range(3))
            busy = seconds_of(url, touched, sources)
        each = (f"{1e6 * seconds / size:.1f}" for seconds in (quiet, busy))
        print(f"| {size} | {quiet:.3f} | {next(each)} | {busy:.3f} | {next(each)} |", flush=True)


if __name__ == "__main__":
    main()
