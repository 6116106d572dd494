"""What is done with a library in the store: release, go back, verify, collect garbage."""

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.library.channels import Release, promote, resolve, rollback
from data.library.garbage import GarbageConfig, GarbagePlan, collect_garbage, plan_garbage
from data.library.verify import Fault, find_faults
from data.object_store import open_store
from tasks.errors import MillError
from tasks.remake import remake_from_masters
from tasks.settings import Settings

logger = logging.getLogger(__name__)


@task(task_run_name="promote-{library}-{channel}", cache_policy=NO_CACHE)
def release_version(library: str, channel: str, version: str, who: str, why: str) -> Release:
    """Return the record that gives `channel` the version that `version` means.

    Side effects: one object below `<store>/<library>/channels/`.

    Raises:
        LibraryError: there is no such version, or objects of it are missing.
        StoreError: the store refused; the channel stays as it was.
    """
    store = open_store(Settings().store_url)
    number = resolve(store, library, version).version
    release = promote(store, library, channel, number, who=who, why=why)
    logger.info("%s of %s is v%04d", channel, library, release.version)
    return release


@task(task_run_name="rollback-{library}-{channel}", cache_policy=NO_CACHE)
def roll_back(library: str, channel: str, who: str, why: str) -> Release:
    """Return the record that gives `channel` the version before.

    Side effects: one object below `<store>/<library>/channels/`.

    Raises:
        LibraryError: there is none, or somebody released meanwhile.
        StoreError: the store refused.
    """
    store = open_store(Settings().store_url)
    release = rollback(store, library, channel, who=who, why=why)
    logger.info("%s of %s is v%04d again", channel, library, release.version)
    return release


@task(task_run_name="verify-{library}", cache_policy=NO_CACHE)
def verify_objects(library: str, version: str, repair: bool) -> tuple[Fault, ...]:
    """Read every object of a version; return what was found and restored.

    Side effects: with `repair`, objects are restored from their other copy or the masters.

    Raises:
        MillError: something stays missing or damaged.
        StoreError: the store refused.
    """
    store = open_store(Settings().store_url)
    manifest = resolve(store, library, version)
    faults = find_faults(store, manifest, repair=repair, remake=remake_from_masters(store))
    for fault in faults:
        logger.warning("%s", fault)
    if left := sum(not fault.repaired for fault in faults):
        raise MillError(
            f"{left} copies of objects of {library} v{manifest.version:04d} are missing or damaged;"
            " restore what can be restored with repair=true, and publish the rest again"
        )
    logger.info("%s v%04d is whole", library, manifest.version)
    return faults


@task(task_run_name="gc-{library}", cache_policy=NO_CACHE)
def remove_garbage(library: str, garbage: GarbageConfig, apply: bool) -> GarbagePlan:
    """Return what nothing reaches; with `apply`, what was removed.

    Side effects: with `apply`, objects go to the trash, and old trash is deleted.

    Raises:
        LibraryError: something cannot be read, so that what it reaches is unknown.
        StoreError: the store refused half-way; running it again goes on.
    """
    store = open_store(Settings().store_url)
    plan = (collect_garbage if apply else plan_garbage)(store, library, garbage)
    word = "removed" if apply else "would go"
    megabytes = plan.size_bytes / 1e6
    logger.info("%s: %d objects, %.1f MB %s", library, len(plan.removals), megabytes, word)
    for line in plan.running:
        logger.info("nothing is removed: %s", line)
    return plan
