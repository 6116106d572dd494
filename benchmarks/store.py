"""What publishing, publishing again, verifying and planning garbage cost as a library grows.

    python benchmarks/store.py --sizes 10,1000,100000

Synthetic textures of 300 bytes in a folder on this disk, without the flat tree: what is measured is
the book-keeping, not the bytes. Every step is a whole call as a user makes it, manifest included.
Growth is that of processor time, which other work on the machine does not stretch.
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from data.library.channels import promote
from data.library.garbage import GarbageConfig, plan_garbage
from data.library.object_pool import ObjectPool
from data.library.publish import publish_plan
from data.library.records import (
    DatasetRef,
    DocumentRecord,
    LibraryManifest,
    MaterialRecord,
    ModelRef,
    Provenance,
    TextureRecord,
    digest,
)
from data.library.verify import find_faults
from data.library.versions import read_manifest
from data.object_store import open_store

PROVENANCE = Provenance(
    model=ModelRef(name="m", version="1", family="f", weights_sha256="0" * 64, mlflow_run_id="r"),
    dataset=DatasetRef(fingerprint="0" * 64, source="s", photographs=()),
    code_version="benchmark",
)


@dataclass(frozen=True)
class SyntheticVersion:
    """So many textures, the first `changed` of them other than in the version before."""

    textures: int
    changed: int = 0
    library: str = "synthetic"

    @property
    def content_digest(self) -> str:
        """Of the two numbers, from which everything follows."""
        return digest(f"{self.textures} {self.changed}".encode())

    def content(self, number: int) -> bytes:
        """Return the bytes of one texture."""
        edition = 1 if number < self.changed else 0
        return hashlib.sha256(f"{number} {edition}".encode()).digest() * 9 + b"........texture"

    def manifest(self, version: int, created_at: str) -> LibraryManifest:
        """Return the manifest, a record a texture."""
        return LibraryManifest(
            library=self.library,
            version=version,
            created_at=created_at,
            content_digest=self.content_digest,
            provenance=PROVENANCE,
            materials=(MaterialRecord(material="stone"),),
            textures=tuple(self._record(number) for number in range(self.textures)),
            documents=tuple(_document(kind) for kind in ("gallery", "contact_sheet")),
        )

    def objects(self, manifest: LibraryManifest) -> Mapping[str, bytes]:
        """Return key -> bytes."""
        contents = {t.key: self.content(n) for n, t in enumerate(manifest.textures)}
        return contents | {document.key: b"page" for document in manifest.documents}

    def _record(self, number: int) -> TextureRecord:
        content = self.content(number)
        name = f"stone_{number:06d}"
        return TextureRecord(
            key=f"stone/{name}_basecolor_512.png",
            name=name,
            material="stone",
            role="basecolor",
            color_space="srgb",
            seed=number,
            width_px=512,
            height_px=512,
            wrap=("x", "y"),
            size_bytes=len(content),
            sha256=digest(content),
            pixel_sha256=digest(content),
            average_color_srgb="#808080",
        )


def _document(kind: str) -> DocumentRecord:
    return DocumentRecord.model_validate(
        {
            "type": kind,
            "key": f"{kind}.html",
            "media_type": "text/html",
            "size_bytes": 4,
            "sha256": digest(b"page"),
        }
    )


def measure(textures: int) -> dict[str, tuple[float, float]]:
    """Return what each step takes for a library of so many textures: (elapsed, processor) s."""
    with tempfile.TemporaryDirectory() as folder:
        url = Path(folder, "store").as_uri()
        store, name = open_store(url), SyntheticVersion(textures).library
        one = SyntheticVersion(textures)
        other = SyntheticVersion(textures, changed=max(1, textures // 100))
        took = {
            "publish": timed(lambda: publish_plan(url, one, flat_tree=False)),
            "publish again, nothing to do": timed(lambda: publish_plan(url, one, flat_tree=False)),
            "publish, 1 % changed": timed(lambda: publish_plan(url, other, flat_tree=False)),
        }
        took["read the manifest"] = timed(lambda: read_manifest(url, name))
        manifest = read_manifest(url, name)
        wanted = [(record.sha256, record.size_bytes) for record in manifest.objects()]
        took["ask what the pool lacks"] = timed(lambda: ObjectPool(store, name).missing(wanted))
        took["promote"] = timed(lambda: promote(store, name, "dev", 2, who="benchmark"))
        took["verify"] = timed(lambda: find_faults(store, manifest))
        took["plan garbage"] = timed(lambda: plan_garbage(store, name, GarbageConfig()))
    return took


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that a call takes, and those that a processor worked for it."""
    started, worked = time.monotonic(), time.process_time()
    act()
    return time.monotonic() - started, time.process_time() - worked


def main() -> None:
    """Run and print a table: seconds a step, and milliseconds a texture at the largest size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10,1000,20000")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    found = {size: measure(size) for size in sizes}
    heads = " | ".join(f"{size} textures" for size in sizes)
    print(f"| step | {heads} | growth {sizes[-2]} to {sizes[-1]} |")
    print("|---|" + "---|" * (len(sizes) + 1))
    for step in found[sizes[0]]:
        times = [found[size][step] for size in sizes]
        growth = times[-1][1] / times[-2][1] / (sizes[-1] / sizes[-2])
        cells = " | ".join(f"{elapsed:.2f} s" for elapsed, _ in times)
        print(f"| {step} | {cells} | {growth:.2f} of linear |")


if __name__ == "__main__":
    main()
