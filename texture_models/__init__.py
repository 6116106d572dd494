"""Generative models of texture: families, training, rendering, metrics.

Nothing here knows of Prefect, MLflow, buckets or environment variables.
"""
