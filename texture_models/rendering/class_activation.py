"""What each place of a picture adds to the one score of a discriminator.

Source: class activation maps, Zhou et al. 2016, https://arxiv.org/abs/1512.04150, section 2.
Departures: weights may differ from place to place, where the last layer reads a flattened map;
scaled so that the mean of the parts is the logit.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def parts_of_logit(judge: Any, image: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return what each place adds to the logit of a projection discriminator.

    Args:
        judge: (image, code) -> [logit, ..., features (1, rows, columns, channels)]; its layer
            `logits` reads the features' mean or all of them, `projection` the code.
        image: (1, height, width, 3) float32 in -1..1.
        code: (1, materials) float32.

    Returns:
        (rows, columns) float32; their mean is the logit.
    """
    features = np.asarray(judge([image, code], training=False)[-1], dtype=np.float32)[0]
    last, projection = judge.get_layer("logits"), judge.get_layer("projection")
    kernel = np.asarray(last.kernel)
    places = features.shape[0] * features.shape[1]
    read_as_mean = kernel.size == features.shape[2]
    own = kernel[:, 0] if read_as_mean else kernel.reshape(features.shape) * places
    weights = own + code[0] @ np.asarray(projection.kernel)
    return np.asarray((features * weights).sum(axis=2) + np.asarray(last.bias)[0])
