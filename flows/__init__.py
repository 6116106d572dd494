"""Prefect flows: the table of contents of the product."""
