"""Translate pictures into another material, into the home folder, ready to be published."""

import logging
from pathlib import Path
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.library.records import MapRole, Provenance, SourceRef
from data.object_store import ObjectMissing
from tasks.artifacts import show_preview, show_refused
from tasks.config import PublishingConfig, TranslationConfig
from tasks.content_keys import code_digest, digest_of
from tasks.errors import MillError
from tasks.held_lock import held_lock
from tasks.progress import step_progress
from tasks.records import RefusedSource, RegisteredModel, RenderedTexture, Rendering, Translation
from tasks.rendered_files import finished_texture, picture_scores, write_texture
from tasks.settings import Settings

logger = logging.getLogger(__name__)

CODE: Final = (
    "data/decoding.py",
    "texture_models/families/cycle_gan",
    "texture_models/film.py",
    "texture_models/layers.py",
    "texture_models/metrics/seam.py",
    "texture_models/metrics/windows.py",
    "texture_models/rendering/noise_field.py",
    "texture_models/rendering/translators.py",
    "texture_models/saved_model.py",
)
ROLE: Final[MapRole] = "basecolor"


@task(task_run_name="translate-into-{translation.target}", cache_policy=NO_CACHE)
def translate_pictures(
    model: RegisteredModel, translation: TranslationConfig, publishing: PublishingConfig
) -> Translation:
    """Return every picture of the source, translated; those already on the disk are kept.

    A picture that cannot be read or translated is reported and skipped.

    Side effects: writes `<home>/renders/<key>/`, downloads the weights into `<home>/models/`, shows
    what was skipped.

    Raises:
        MillError: the model does not translate into the target, or not one picture is left.
        DatasetError: there is no such folder, or a material has no pictures.
        LibraryError: there is no such library or version.
        FolderBusy: another process translates the same.
    """
    from data.sources.source_pictures import open_pictures

    settings = Settings()
    source_material = _check_direction(model, translation)
    found = open_pictures(
        translation.source, version=translation.source_version, store_url=settings.store_url
    )
    labels = {picture.label for picture in found.pictures}
    wanted = translation.materials or ((source_material,) if source_material in labels else ())
    sources = found.of(wanted) if wanted else found
    names = str(publishing.include_photographs)
    key = digest_of(
        model, translation, publishing.licence, names, sources.digest, code_digest(CODE)
    )
    folder = settings.renders_dir / key[:16]
    total = len(sources.pictures)
    with (
        held_lock(folder, f"translating with {model.uri}"),
        step_progress("translation-progress", f"translating {total} pictures") as progress,
    ):
        work = _Work(settings, model, translation, publishing, folder)
        for number, picture in enumerate(sources.pictures):
            progress.report(number / total, detail=picture.ref.key)
            work.do(picture, sources)
    show_refused(work.refused, total)
    if not work.textures:
        first = work.refused[0]
        raise MillError(
            f"none of {total} pictures of {translation.source} could be translated; "
            f"{first.name}: {first.reason}"
        )
    first_path = Path(work.textures[0].png_path)
    show_preview(first_path, "translation", first_path.name)
    ordered = sorted(work.textures, key=lambda texture: texture.record.key)
    rendering = Rendering(model=model, folder=str(folder), textures=tuple(ordered))
    return Translation(rendering=rendering, refused=tuple(work.refused))


def _check_direction(model: RegisteredModel, translation: TranslationConfig) -> str:
    """Return the material that is translated from."""
    if model.family != "cycle_gan":
        raise MillError(
            f"{model.name} version {model.version} is a {model.family}, which translates nothing; "
            "train one: texture-mill run train-cycle-gan"
        )
    if translation.target not in model.materials:
        raise MillError(
            f"translation.target={translation.target!r} is not one of the materials of {model.name}"
            f" version {model.version}: {' and '.join(model.materials)}"
        )
    return next(name for name in model.materials if name != translation.target)


class _Work:
    """Translates and encodes one picture after the other."""

    def __init__(
        self,
        settings: Settings,
        model: RegisteredModel,
        translation: TranslationConfig,
        publishing: PublishingConfig,
        folder: Path,
    ) -> None:
        self._settings, self._model = settings, model
        self._translation, self._publishing = translation, publishing
        self._folder = folder
        self._opened: Any = None
        self._provenances: dict[str, Provenance] = {}  # by licence of the source
        self.textures: list[RenderedTexture] = []
        self.refused: list[RefusedSource] = []

    def do(self, picture: Any, sources: Any) -> None:
        """Translate one picture, or say why not."""
        try:
            if picture.refusal:
                raise ValueError(picture.refusal)
            texture = self._known(picture) or self._translated(picture, sources.read(picture))
        except (ObjectMissing, FileNotFoundError, ValueError) as error:
            # Every refusal of a picture is a ValueError: its decoding, its size, a changed file, a
            # damaged object. A store that does not answer is not, and ends the run.
            reason = " ".join(str(error).split())
            logger.warning("%s is not translated: %s", picture.ref.key, reason)
            self.refused.append(RefusedSource(name=picture.ref.key, reason=reason))
            return
        self.textures.append(texture)

    def _known(self, picture: Any) -> RenderedTexture | None:
        """Return what an earlier attempt left of this picture."""
        for path in sorted(self._folder.glob(f"{picture.address:05d}_*.png")):
            if record := finished_texture(path):
                return RenderedTexture(png_path=str(path), record=record)
        return None

    def _translated(self, picture: Any, content: bytes) -> RenderedTexture:
        from data.decoding import decode_picture
        from data.library.encode import TextureSpec, encode_texture
        from texture_models.rendering.translators import fitted

        wish = self._translation
        pixels = decode_picture(content, max_pixels=wish.max_pixels).pixels
        pixels = pixels.repeat(3, axis=2) if pixels.shape[2] == 1 else pixels
        wrap = self._wrap(picture, pixels)
        translator = self._translator()
        result = translator.translate(
            fitted(pixels, scale=wish.scale, wrap=wrap),
            to=translator.target(wish.target),
            wrap=wrap,
        )
        named = {} if self._publishing.include_photographs else {"key": ""}
        source: SourceRef = picture.ref.model_copy(update=named)
        spec = TextureSpec(
            name=picture.name,
            material=wish.target,
            seed=picture.seed,
            role=ROLE,
            wrap=wrap,
            scores=picture_scores(result),
            source=source,
        )
        texture = encode_texture(result, spec, self._provenance(source))
        path = self._folder / f"{picture.address:05d}_{picture.name}_{result.shape[1]}.png"
        write_texture(path, texture)
        return RenderedTexture(png_path=str(path), record=texture.record)

    def _wrap(self, picture: Any, pixels: Any) -> tuple[bool, bool]:
        from texture_models.metrics.seam import appears_to_tile

        if self._translation.tiles != "detect":
            return (self._translation.tiles == "yes",) * 2
        if picture.wrap is not None:
            known: tuple[bool, bool] = picture.wrap
            return known
        return (appears_to_tile(pixels),) * 2

    def _translator(self) -> Any:
        """Load the model when the first picture needs it."""
        if self._opened is None:
            from tasks.model_registry import fetch_weights
            from texture_models.rendering.translators import load_translator

            weights = fetch_weights(self._settings, self._model, self._settings.home / "models")
            self._opened = load_translator(weights)
        return self._opened

    def _provenance(self, source: SourceRef) -> Provenance:
        if source.licence not in self._provenances:
            from tasks.provenance import provenance_of

            self._provenances[source.licence] = provenance_of(
                self._settings, self._model, self._publishing, (source,)
            )
        return self._provenances[source.licence]
