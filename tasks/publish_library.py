"""Publish rendered textures as the next version of a library."""

import logging
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.library.encode import EncodedTexture
from data.library.publish import PublishedLibrary, publish_version
from data.library.records import LibraryDraft
from data.object_store import open_store
from tasks.artifacts import show_library
from tasks.config import PublishingConfig
from tasks.door_checks import refuse_strangers
from tasks.progress import step_progress
from tasks.records import Rendering
from tasks.settings import Settings

logger = logging.getLogger(__name__)


@task(task_run_name="publish-{publishing.library}", cache_policy=NO_CACHE)
def publish_library(rendering: Rendering, publishing: PublishingConfig) -> PublishedLibrary:
    """Return where the library is; the newest version is kept if nothing changed.

    Side effects: objects below `<store>/<library>/`, the manifest last; links on the server.

    Raises:
        MillError: strangers can read the store, and that was not asked for.
        StoreError: the store refused; readers see nothing new, and running it again goes on.
    """
    settings = Settings()
    refuse_strangers(open_store(settings.store_url), settings)
    with step_progress("publishing-progress", f"publishing {publishing.library}") as progress:
        from tasks.provenance import crops_of, material_records, provenance_of

        sources = [t.record.source for t in rendering.textures if t.record.source]
        draft = LibraryDraft(
            library=publishing.library,
            provenance=provenance_of(settings, rendering.model, publishing, sources),
            materials=material_records(settings, rendering.model),
            include_photographs=publishing.include_photographs,
        )
        textures = [
            EncodedTexture(record=texture.record, png=Path(texture.png_path).read_bytes())
            for texture in rendering.textures
        ]
        published = publish_version(
            settings.store_url,
            draft,
            textures,
            photographs=crops_of(settings, rendering.model),
            on_progress=lambda done, total, key: progress.report(done / total, detail=key),
        )
    if published.nothing_to_do:
        name = f"{published.library} v{published.version:04d}"
        logger.info("nothing changed: %s is current", name)
    show_library(published)
    return published
