"""Pictures or a published library -> the same layout in another material, published."""

from prefect import flow

from tasks.config import PublishingConfig, TranslationConfig
from tasks.door_checks import check_place
from tasks.find_version import find_version
from tasks.publish_library import publish_library
from tasks.records import TranslatedLibrary
from tasks.translate_pictures import translate_pictures


@flow(name="translate-textures", flow_run_name="translate-{publishing.library}")
def translate_textures(
    translation: TranslationConfig, publishing: PublishingConfig = PublishingConfig()
) -> TranslatedLibrary:
    """Turn pictures into another material and publish them with what they were made from.

    Args:
        translation: which pictures, by which model, into what.
        publishing: names of the library and of the registered model.
    """
    check_place()
    model = find_version(publishing.registered_model, translation.model_version)
    translated = translate_pictures(model, translation, publishing)
    published = publish_library(translated.rendering, publishing)
    return TranslatedLibrary(published=published, refused=translated.refused)
