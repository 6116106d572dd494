"""Does an autoencoder notice a photograph that is not of its material?

    python -m benchmarks.unlike --photos /path/to/photographs

Photographs of one material, then the same and a stranger; each is examined by an autoencoder taught
on others of them, as an evaluation does (`texture_models.analysis.autoencoder.unlikeness`). Prints
the errors over the median, for each kind of autoencoder.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image

from tasks.config import EvaluationConfig
from texture_models.analysis.autoencoder import Kind, unlikeness

SIDE_PX = 300
SETS = (
    ("brick", None),
    ("brick", "grass/sparse_grass_2k.jpg"),
    ("paving", None),
    ("paving", "metal/rusty_metal_05_1k.jpg"),
)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder with one subfolder each")
    photos = parser.parse_args().photos
    print("| autoencoder | photographs | stranger | largest error of the others | its own |")
    print("|---|---|---|---|---|")
    for material, stranger in SETS:
        paths = sorted(path for path in (photos / material).iterdir() if path.is_file())
        own = [small(path) for path in paths]
        added = [small(photos / stranger)] if stranger else []
        for kind in get_args(Kind):
            found = unlikeness(
                own + added, kind=kind, steps=EvaluationConfig().autoencoder_steps, seed=1
            )
            usual = max(found[: len(own)])
            strange = f"{found[-1]:.2f}" if stranger else ""
            row = (kind, f"{len(own)} of {material}", Path(stranger or "").stem, f"{usual:.2f}")
            print("| " + " | ".join((*row, strange)) + " |", flush=True)


def small(path: Path) -> np.ndarray:
    """Return a photograph, its longer side reduced to SIDE_PX, uint8 (height, width, 3)."""
    with Image.open(path) as picture:
        picture.thumbnail((SIDE_PX, SIDE_PX))
        return np.asarray(picture.convert("RGB"))


if __name__ == "__main__":
    main()
