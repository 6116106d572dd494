"""Measurements: claims about ratios in one run, each a script beside its reference."""

import texture_models  # noqa: F401 (before any script's TensorFlow, which then reads its settings)
