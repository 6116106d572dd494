"""A library in the store: released, taken back, compared, pulled, verified, tidied up.

The same as `texture-mill library promote | rollback | log | diff | pull | verify | gc`, for
schedules and servers.
"""

from prefect import flow

from data.library.channels import Release
from data.library.garbage import GarbageConfig, GarbagePlan
from data.library.pull import Lock
from data.library.selection import Selection
from data.library.verify import Fault
from tasks.library_store import (
    compare_versions,
    pull_files,
    read_log,
    release_version,
    remove_garbage,
    roll_back,
    verify_objects,
)


@flow(name="promote-library", flow_run_name="promote-{library}-{channel}")
def promote_library(
    library: str,
    channel: str,
    version: str = "latest",
    who: str = "",
    why: str = "",
    sign: bool = False,
) -> Release:
    """Give the readers of a channel a version.

    Args:
        library: its name in the store.
        channel: dev, staging, stable, or a name of your own.
        version: v7, latest, or another channel.
        who: kept with the record.
        why: kept with the record.
        sign: sign the version first, with the key in TEXTURE_MILL_SIGNING_KEY.
    """
    return release_version(library, channel, version, who, why, sign)


@flow(name="rollback-library", flow_run_name="rollback-{library}-{channel}")
def rollback_library(library: str, channel: str, who: str = "", why: str = "") -> Release:
    """Give the readers of a channel the version before again.

    Args:
        library: its name in the store.
        channel: dev, staging, stable, or a name of your own.
        who: kept with the record.
        why: kept with the record.
    """
    return roll_back(library, channel, who, why)


@flow(name="verify-library", flow_run_name="verify-{library}")
def verify_library(
    library: str, version: str = "latest", repair: bool = False
) -> tuple[Fault, ...]:
    """Read every object of a version; fail if one stays missing or damaged.

    Args:
        library: its name in the store.
        version: v7, latest, or a channel.
        repair: restore each object from its other copy.
    """
    return verify_objects(library, version, repair)


@flow(name="gc-library", flow_run_name="gc-{library}")
def gc_library(
    library: str, garbage: GarbageConfig = GarbageConfig(), apply: bool = False
) -> GarbagePlan:
    """Say what nothing reaches, or remove it.

    Args:
        library: its name in the store.
        garbage: what is kept.
        apply: remove it; without, nothing changes.
    """
    return remove_garbage(library, garbage, apply)


@flow(name="diff-library", flow_run_name="diff-{library}")
def diff_library(
    library: str, before: str = "stable", after: str = "latest", html: str = ""
) -> tuple[str, ...]:
    """Say what changed between two versions, in names and pixels.

    Args:
        library: its name in the store.
        before: v7, latest, or a channel.
        after: v7, latest, or a channel.
        html: where to write a page that shows before and after; empty: nowhere.
    """
    return compare_versions(library, before, after, html)


@flow(name="pull-library", flow_run_name="pull-{library}")
def pull_library(
    library: str,
    folder: str,
    version: str = "latest",
    selection: Selection = Selection(),
    force: bool = False,
) -> Lock:
    """Bring a folder of this machine to what is selected of a version.

    Args:
        library: its name in the store.
        folder: made if it does not exist.
        version: v7, latest, or a channel.
        selection: which textures, and under which names.
        force: overwrite files that were edited.
    """
    return pull_files(library, folder, version, selection, force)


@flow(name="log-library", flow_run_name="log-{library}")
def log_library(library: str, channel: str = "") -> tuple[Release, ...]:
    """Say what was released, newest first.

    Args:
        library: its name in the store.
        channel: one; empty: what every channel has.
    """
    return read_log(library, channel)
