"""Bytes at rest: photographs in, libraries out. Knows no model, no Prefect and no MLflow."""
