"""Photographs from wherever they are -> a checked, prepared dataset in the home folder."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.config import DatasetConfig
from data.records import PreparedDataset
from tasks.artifacts import show_ingest
from tasks.progress import step_progress
from tasks.settings import Settings


@task(task_run_name="prepare-{dataset.source}", cache_policy=NO_CACHE)
def prepare_dataset(dataset: DatasetConfig) -> PreparedDataset:
    """Return the prepared photographs; an unchanged dataset is not prepared twice.

    Side effects: writes `<home>/datasets/<fingerprint>/`, shows the ingest table.

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
    return prepared
