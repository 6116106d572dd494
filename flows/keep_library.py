"""A library in the store: released, taken back, verified, tidied up.

The same as `texture-mill library promote | rollback | verify | gc`, for schedules and servers.
"""

from prefect import flow

from data.library.channels import Release
from data.library.garbage import GarbageConfig, GarbagePlan
from data.library.verify import Fault
from tasks.library_store import release_version, remove_garbage, roll_back, verify_objects


@flow(name="promote-library", flow_run_name="promote-{library}-{channel}")
def promote_library(
    library: str, channel: str, version: str = "latest", who: str = "", why: str = ""
) -> Release:
    """Give the readers of a channel a version.

    Args:
        library: its name in the store.
        channel: dev, staging, stable, or a name of your own.
        version: v7, latest, or another channel.
        who: kept with the record.
        why: kept with the record.
    """
    return release_version(library, channel, version, who, why)


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
