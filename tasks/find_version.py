"""Look up the version that libraries are rendered from."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.errors import MillError
from tasks.records import RegisteredModel
from tasks.settings import Settings


@task(cache_policy=NO_CACHE, retries=2, retry_delay_seconds=[2, 10])
def find_version(registered_model: str, alias: str) -> RegisteredModel:
    """Return the version that holds `alias`.

    Raises:
        MillError: no version does.
    """
    from tasks.model_registry import version_with_alias

    settings = Settings()
    found = version_with_alias(settings, registered_model, alias)
    if found is None:
        raise MillError(
            f"no version of {registered_model!r} is called {alias!r} at {settings.tracking_uri}; "
            "train one first: texture-mill run train-texture"
        )
    return found
