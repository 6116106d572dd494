"""Photographs from wherever they are -> a checked, prepared dataset in the home folder."""

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.config import DatasetConfig
from data.records import PreparedDataset
from tasks.artifacts import by_verdict, show_ingest
from tasks.progress import step_progress
from tasks.settings import Settings

logger = logging.getLogger(__name__)

SHOWN = 8  # remarks in the log; the ingest table has all of them


@task(task_run_name="prepare-{dataset.source}", cache_policy=NO_CACHE)
def prepare_dataset(dataset: DatasetConfig) -> PreparedDataset:
    """Return the prepared photographs; an unchanged dataset is not prepared twice.

    Side effects: writes `<home>/datasets/<fingerprint>/`, shows the ingest table, and logs what
    there is to say of files.

    Raises:
        DatasetError: nothing usable is left.
    """
    from data.ingest import prepare

    settings = Settings()
    with step_progress("ingest-progress", f"preparing {dataset.source}") as progress:
        prepared = prepare(
            dataset,
            settings.datasets_dir,
            lambda done, total, name: progress.report(done / max(total, 1), detail=name),
            tfds_data_dir=settings.tfds_data_dir,
        )
    show_ingest(prepared)
    for remark in _first(remarks(prepared)):
        logger.warning(remark)
    return prepared


def remarks(dataset: PreparedDataset) -> list[str]:
    """Return a line for each file of which there is something to say, refused ones first."""
    rows = by_verdict(dataset.ingest)
    return [f"{row.source_name!r} is {row.verdict}: {row.reason}" for row in rows if row.reason]


def _first(lines: list[str]) -> list[str]:
    if len(lines) <= SHOWN:
        return lines
    return [*lines[:SHOWN], f"{len(lines) - SHOWN} more such remarks are in the ingest table"]
