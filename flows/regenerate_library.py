"""Recipe -> published library version, only what is stale; or its steps one by one."""

from pathlib import Path

from prefect import flow

from data.library.build_plan import LibraryPlan
from data.library.recipe import read_recipe
from tasks.build_library import build_library, plan_build
from tasks.door_checks import check_place
from tasks.library_build import BuildOptions
from tasks.records import LibraryBuild


@flow(name="regenerate-library", flow_run_name="regenerate-{recipe}")
def regenerate_library(recipe: str, options: BuildOptions = BuildOptions()) -> LibraryBuild:
    """Build from a recipe what is stale, publish it, and write a report.

    Args:
        recipe: path of the recipe, relative to the checkout.
        options: channel, signature, plain files.
    """
    check_place()
    return build_library(read_recipe(Path(recipe)), options)


@flow(name="plan-library", flow_run_name="plan-{recipe}")
def plan_library(recipe: str) -> LibraryPlan:
    """Say what a build would make, take over and remove.

    Args:
        recipe: path of the recipe, relative to the checkout.
    """
    return plan_build(read_recipe(Path(recipe)))


@flow(name="build-library", flow_run_name="build-{recipe}")
def build_only(recipe: str, again: bool = False) -> LibraryBuild:
    """Make what is stale, and leave it in the home folder for `publish-library`.

    Args:
        recipe: path of the recipe, relative to the checkout.
        again: make everything anew from the masters.
    """
    check_place()
    return build_library(read_recipe(Path(recipe)), BuildOptions(again=again, publish=False))


@flow(name="publish-library", flow_run_name="publish-{recipe}")
def publish_build(recipe: str, channel: str = "preview", sign: bool = False) -> LibraryBuild:
    """Publish what `build-library` made, as it is.

    Args:
        recipe: path of the recipe, relative to the checkout.
        channel: gets the new version.
        sign: sign it with the key in TEXTURE_MILL_SIGNING_KEY.
    """
    check_place()
    options = BuildOptions(made_only=True, channel=channel, sign=sign)
    return build_library(read_recipe(Path(recipe)), options)
