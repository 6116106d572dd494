"""What is done with a library in the store: release, sign, compare, pull, verify, tidy up."""

import logging
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.library.channels import (
    Release,
    channels,
    current_release,
    promote,
    releases,
    resolve,
    rollback,
)
from data.library.difference import change_line, difference, summary
from data.library.difference_page import difference_html
from data.library.garbage import GarbageConfig, GarbagePlan, collect_garbage, plan_garbage
from data.library.pull import Lock, pull
from data.library.selection import Selection
from data.library.signatures import check_signature, sign_version
from data.library.verify import Fault, find_faults
from data.object_store import open_store
from tasks.door_checks import refuse_strangers
from tasks.errors import MillError
from tasks.remake import remake_from_masters
from tasks.settings import Settings
from tasks.signing import signing_key, trusted_key

logger = logging.getLogger(__name__)


@task(task_run_name="promote-{library}-{channel}", cache_policy=NO_CACHE)
def release_version(
    library: str, channel: str, version: str, who: str, why: str, sign: bool = False
) -> Release:
    """Return the record that gives `channel` the version that `version` means.

    Side effects: one object below `<store>/<library>/channels/`; with `sign`, a signature.

    Raises:
        LibraryError: there is no such version, or objects of it are missing.
        MillError: strangers can read the store, and that was not asked for.
        StoreError: the store refused; the channel stays as it was.
    """
    settings = Settings()
    store = open_store(settings.store_url)
    refuse_strangers(store, settings)
    number = resolve(store, library, version).version
    if sign:
        logger.info("signed: %s", sign_version(store, library, number, signing_key(settings)))
    release = promote(store, library, channel, number, who=who, why=why)
    logger.info("%s of %s is v%04d", channel, library, release.version)
    return release


@task(task_run_name="rollback-{library}-{channel}", cache_policy=NO_CACHE)
def roll_back(library: str, channel: str, who: str, why: str) -> Release:
    """Return the record that gives `channel` the version before.

    Side effects: one object below `<store>/<library>/channels/`.

    Raises:
        LibraryError: there is none, or somebody released meanwhile.
        MillError: strangers can read the store, and that was not asked for.
        StoreError: the store refused.
    """
    settings = Settings()
    store = open_store(settings.store_url)
    refuse_strangers(store, settings)
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


@task(task_run_name="diff-{library}", cache_policy=NO_CACHE)
def compare_versions(library: str, before: str, after: str, html: str) -> tuple[str, ...]:
    """Return a line for every texture that differs, and one that counts them.

    Side effects: with `html`, a page that shows before and after.

    Raises:
        LibraryError: there is no such version.
        StoreError: the store refused.
    """
    store = open_store(Settings().store_url)
    found = difference(store, resolve(store, library, before), resolve(store, library, after))
    if html:
        Path(html).write_text(difference_html(store, found), encoding="utf-8")
    lines = (*map(change_line, found.changes), summary(found))
    for line in lines:
        logger.info("%s", line)
    return lines


@task(task_run_name="pull-{library}", cache_policy=NO_CACHE)
def pull_files(library: str, folder: str, version: str, selection: Selection, force: bool) -> Lock:
    """Return what lies in a folder of this machine after it was brought to what is selected.

    Side effects: files below `folder`.

    Raises:
        LibraryError: nothing fits, a file is in the way, or TEXTURE_MILL_PUBLIC_KEY did not sign.
        StoreError: the store refused, or an object is damaged.
    """
    settings = Settings()
    store = open_store(settings.store_url)
    manifest = resolve(store, library, version)
    if (key := trusted_key(settings)) is not None:
        check_signature(store, manifest, key)
    done = pull(store, manifest, Path(folder), selection, reference=version, force=force)
    logger.info("%s: %d files written, %d as they were", folder, len(done.written), done.unchanged)
    return done.lock


@task(task_run_name="log-{library}", cache_policy=NO_CACHE)
def read_log(library: str, channel: str) -> tuple[Release, ...]:
    """Return the releases of a channel, newest first; without one, what every channel has.

    Raises:
        StoreError: the store refused.
    """
    store = open_store(Settings().store_url)
    if channel:
        found = releases(store, library, channel)[::-1]
    else:
        each = (current_release(store, library, name) for name in channels(store, library))
        found = [release for release in each if release]
    for release in found:
        logger.info("%s %d: v%04d", release.channel, release.number, release.version)
    return tuple(found)
