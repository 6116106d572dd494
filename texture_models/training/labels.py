"""Labels of materials as the networks read them."""

from __future__ import annotations

import numpy as np

LEAST_ROWS = 8  # of a batch from which normalisation statistics are taken


def balanced_labels(count: int) -> np.ndarray:
    """Return labels of a batch with as many pictures of every material, as trainings show them.

    Args:
        count: of the materials.

    Returns:
        (rows,) int, 0, 1, .. by turns: the fewest whole rounds that make `LEAST_ROWS` or more.
    """
    rounds = -(-LEAST_ROWS // count)
    return np.arange(rounds * count) % count


def one_hot(labels: np.ndarray, count: int) -> np.ndarray:
    """Return (batch, count) float32 codes of (batch,) labels.

    Raises:
        ValueError: a label is not one of `count`.
    """
    labels = np.asarray(labels)
    wrong = labels[(labels < 0) | (labels >= count)]
    if wrong.size:
        raise ValueError(
            f"label {int(wrong[0])} is not one of this model's {count}; labels count from 0, in the"
            " order of the config's materials"
        )
    return np.eye(count, dtype=np.float32)[labels]
