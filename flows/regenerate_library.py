"""Recipe -> published library version, only what is stale."""

from pathlib import Path

from prefect import flow

from data.library.recipe import read_recipe
from tasks.build_library import build_library
from tasks.records import LibraryBuild


@flow(name="regenerate-library", flow_run_name="regenerate-{recipe}")
def regenerate_library(recipe: str) -> LibraryBuild:
    """Build from a recipe what is stale, publish it, and write a report.

    Args:
        recipe: path of the recipe, relative to the checkout.
    """
    return build_library(read_recipe(Path(recipe)))
