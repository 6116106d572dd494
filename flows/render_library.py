"""Champion and recipe -> published library version."""

from prefect import flow

from data.library.publish import PublishedLibrary
from tasks.config import PublishingConfig
from tasks.door_checks import check_place
from tasks.find_version import find_version
from tasks.publish_library import publish_library
from tasks.render_textures import render_textures
from texture_models.rendering.config import RenderConfig


@flow(name="render-library", flow_run_name="render-{publishing.library}")
def render_library(
    rendering: RenderConfig = RenderConfig(), publishing: PublishingConfig = PublishingConfig()
) -> PublishedLibrary:
    """Render and publish the champion's textures.

    Args:
        rendering: which textures the library gets.
        publishing: names of the library and of the registered model.
    """
    check_place()
    champion = find_version(publishing.registered_model, "champion")
    textures = render_textures(champion, rendering, publishing)
    return publish_library(textures, publishing)
