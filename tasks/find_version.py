"""Look up the version that pictures are made with."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.errors import MillError
from tasks.missing_versions import way_out
from tasks.records import RegisteredModel
from tasks.settings import Settings


@task(cache_policy=NO_CACHE, retries=2, retry_delay_seconds=[2, 10])
def find_version(registered_model: str, wanted: str) -> RegisteredModel:
    """Return the version that holds an alias, or has a number.

    Args:
        registered_model: its name in the registry.
        wanted: champion, candidate, previous-champion, or a number.

    Raises:
        MillError: no version does.
    """
    from tasks.model_registry import numbered_version, version_with_alias

    settings = Settings()
    if wanted.isascii() and wanted.isdigit():
        found = numbered_version(settings, registered_model, int(wanted))
    else:
        found = version_with_alias(settings, registered_model, wanted)
    if found is None:
        raise MillError(
            f"no version of {registered_model!r} is called {wanted!r} at "
            f"{settings.shown_tracking_uri}; {way_out(registered_model, wanted)}"
        )
    return found
