"""A small library to publish: two materials, two seeds, two sizes, 16 and 32 pixels wide."""

from typing import Any

import numpy as np

from data.library.encode import EncodedTexture, Pixels, TextureSpec, encode_texture
from data.library.records import (
    DatasetRef,
    LibraryDraft,
    MaterialRecord,
    ModelRef,
    PhotographRef,
    Provenance,
)

LIBRARY = "stones"


def provenance(**changes: Any) -> Provenance:
    photograph = PhotographRef(
        photo_id="brick_1",
        material="brick",
        source_name="My Wall.jpg",
        source_sha256="ab" * 32,
        licence="CC0-1.0",
        origin="https://example.org/wall",
    )
    gravel = photograph.model_copy(
        update={"photo_id": "gravel_1", "material": "gravel", "licence": "unknown", "origin": "Ann"}
    )
    values: dict[str, Any] = {
        "model": ModelRef(
            name="psgan-stones",
            version="3",
            family="psgan",
            weights_sha256="cd" * 32,
            mlflow_run_id="run1",
        ),
        "dataset": DatasetRef(
            fingerprint="ef" * 32, source="/home/ann/stones", photographs=(photograph, gravel)
        ),
        "code_version": "0.1.0",
        "licence": "CC0-1.0",
    }
    return Provenance(**{**values, **changes})


def draft(**changes: Any) -> LibraryDraft:
    values: dict[str, Any] = {
        "library": LIBRARY,
        "provenance": provenance(),
        "materials": (
            MaterialRecord(
                material="brick", scores={"set_ratio": 2.2, "mirrored": False}, passed=True
            ),
            MaterialRecord(material="gravel", passed=False, reasons=("set ratio 5 is above 4",)),
        ),
    }
    return LibraryDraft(**{**values, **changes})


def pixels(seed: int, size: int = 16) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def textures(offset: int = 0) -> list[EncodedTexture]:
    """Eight textures; another `offset` gives other pixels under the same keys."""
    return [
        encode_texture(
            pixels(1000 * offset + 10 * seed + index, size),
            TextureSpec(name=f"{material}_{seed:04d}", material=material, seed=seed),
            provenance(),
        )
        for index, material in enumerate(("brick", "gravel"))
        for seed in (1, 2)
        for size in (16, 32)
    ]


def photographs() -> dict[str, Pixels]:
    return {"brick": pixels(7, 40), "gravel": pixels(8, 24)}
