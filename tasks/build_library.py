"""Build what is stale in a library, as a step of a flow."""

import logging
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.library.build_plan import LibraryPlan
from data.library.recipe import Recipe
from tasks.artifacts import show_library
from tasks.held_lock import held_lock
from tasks.library_build import BuildOptions, build_recipe, plan_recipe
from tasks.progress import step_progress
from tasks.records import LibraryBuild
from tasks.settings import Settings

logger = logging.getLogger(__name__)


@task(task_run_name="plan-{recipe.library}", cache_policy=NO_CACHE)
def plan_build(recipe: Recipe) -> LibraryPlan:
    """Return what a build would do.

    Raises:
        MillError: no model answers to the recipe.
        StoreError: the store cannot be read.
    """
    plan = plan_recipe(Settings(), recipe).plan
    for reason in plan.why:
        logger.info("%s", reason)
    logger.info("build %d, reuse %d, remove %d", plan.build, plan.reuse, plan.remove)
    return plan


@task(task_run_name="build-{recipe.library}", cache_policy=NO_CACHE)
def build_library(recipe: Recipe, options: BuildOptions) -> LibraryBuild:
    """Return what was done; nothing if nothing is stale.

    Side effects: see `tasks.library_build.build_recipe`; a report in `<home>/reports/<library>/`.

    Raises:
        MillError: the recipe's gates or its licence policy are not fulfilled.
        FolderBusy: another process builds.
        StoreError: the store refused; readers see nothing new.
    """
    settings = Settings()
    report_dir: Path = settings.home / "reports" / recipe.library
    with (
        held_lock(settings.home / "builds", f"building {recipe.library}"),
        step_progress("building-progress", f"building {recipe.library}") as progress,
    ):
        done = build_recipe(
            settings,
            recipe,
            options,
            report_dir=report_dir,
            on_progress=lambda share, what: progress.report(share, detail=what),
        )
    if done.published is None and done.plan.stale:
        logger.info("made and not published: %s", recipe.library)
    elif done.published is None:
        version = done.plan.published_version
        logger.info("nothing is stale: %s v%04d is current", recipe.library, version)
    else:
        show_library(done.published)
    logger.info("report: %s", report_dir / "report.md")
    return done
