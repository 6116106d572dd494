"""Generative models of texture: families, training, rendering, metrics.

Nothing here knows of Prefect, MLflow, buckets or environment variables, but for those of Keras
and TensorFlow.
"""

import os

# Keras takes its backend from the environment and the order of channels from a file in the user's
# home folder, which it writes if there is none. The models are of TensorFlow, channels last,
# whatever other programs were told; this runs before any of our modules imports Keras.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("KERAS_HOME", os.devnull)

# By itself TensorFlow uses oneDNN's convolutions on processors with AVX-512 only; where there is
# AVX2 alone, a training step took a quarter longer without them (docs/experiments.md). It reads
# this when it is imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
