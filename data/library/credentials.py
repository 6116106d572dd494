"""What a C2PA manifest says of one picture, taken from the manifest of its library alone.

Source: C2PA Technical Specification 2.2, its sections on actions and on entity-specific assertions.
One action, `c2pa.created` with IPTC's digital source type, names the model; an assertion of our
own, `texture-mill.lineage`, has the rest. Photographs are no ingredients: C2PA's are assets that a
picture was made out of, and no pixel of a photograph is in a rendering.
"""

import importlib.metadata
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from data.library.records import DatasetRef, LibraryManifest, PhotographRef
from data.library.selection import Chosen

GENERATOR: Final = "texture-mill"
LINEAGE: Final = "texture-mill.lineage"
# c2pa-rs refuses a definition of more than about a megabyte, and every picture carries its own.
MAX_LISTED_BYTES: Final = 200_000


def credential(
    manifest: LibraryManifest, manifest_sha256: str, file: Chosen, title: str
) -> dict[str, Any]:
    """Return the definition of a C2PA manifest, as builders of the C2PA libraries take it.

    Args:
        manifest: of the version.
        manifest_sha256: of its bytes; the library's whole record is found by it.
        file: the picture.
        title: name of the picture's file.
    """
    made = manifest.provenance
    model, _ = made.of(file.sources[0].material)
    created = {
        "action": "c2pa.created",
        "digitalSourceType": made.digital_source_type,
        "softwareAgent": {"name": model.name, "version": model.version},
        "description": made.ai_disclosure,
    }
    version = importlib.metadata.version(GENERATOR)
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": version}],
        "title": title,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": LINEAGE, "data": _lineage(manifest, manifest_sha256, file)},
        ],
    }


def assertion_of(definition: Mapping[str, Any], label: str) -> Any:
    """Return the data of the assertion `label` of a definition or a report, None if it has none."""
    found = (a["data"] for a in definition.get("assertions", ()) if a.get("label") == label)
    return next(found, None)


def _lineage(manifest: LibraryManifest, manifest_sha256: str, file: Chosen) -> dict[str, Any]:
    made, first = manifest.provenance, file.sources[0]
    model, dataset = made.of(first.material)
    return {
        "library": manifest.library,
        "version": manifest.version,
        "manifest_sha256": manifest_sha256,
        "material": first.material,
        "map": file.role,
        "seed": first.seed,
        "files": [{"key": record.key, "sha256": record.sha256} for record in file.sources],
        "approximated": any(record.derivation for record in file.sources),
        "model": model.model_dump(mode="json"),
        "dataset": _learnt_from(dataset, first.material),
        "licence": made.licence,
        "code_version": made.code_version,
        **({"source": first.source.model_dump(mode="json")} if first.source else {}),
    }


def _learnt_from(dataset: DatasetRef, material: str) -> dict[str, Any]:
    """Licences of all photographs, and as many photographs as fit, those of the material first."""
    licences = Counter(photograph.licence for photograph in dataset.photographs)
    listed: list[dict[str, Any]] = []
    left = MAX_LISTED_BYTES

    def other_material(photograph: PhotographRef) -> bool:
        return photograph.material != material

    for photograph in sorted(dataset.photographs, key=other_material):
        said = photograph.model_dump(mode="json")
        left -= len(json.dumps(said))
        if left < 0:
            break
        listed.append(said)
    return {
        "fingerprint": dataset.fingerprint,
        "source": dataset.source,
        "licences": dict(sorted(licences.items())),
        "photographs": listed,
        "photographs_not_listed": len(dataset.photographs) - len(listed),
    }
