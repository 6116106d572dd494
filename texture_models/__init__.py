"""Generative models of texture: families, training, rendering, metrics.

Nothing here knows of Prefect, MLflow, buckets or environment variables, but for those of Keras.
"""

import os

# Keras takes its backend from the environment and the order of channels from a file in the user's
# home folder, which it writes if there is none. The models are of TensorFlow, channels last,
# whatever other programs were told; this runs before any of our modules imports Keras.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("KERAS_HOME", os.devnull)
