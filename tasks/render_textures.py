"""Render a registered model's textures into the home folder, ready to be published."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.library.records import MapRole, Provenance, TextureRecord
from tasks.artifacts import show_preview
from tasks.config import PublishingConfig
from tasks.content_keys import code_digest, digest_of
from tasks.held_lock import held_lock
from tasks.progress import step_progress
from tasks.records import RegisteredModel, RenderedTexture, Rendering
from tasks.rendered_files import finished_texture, picture_scores, write_texture
from tasks.settings import Settings
from texture_models.rendering.config import RenderConfig

logger = logging.getLogger(__name__)

CODE: Final = (
    "texture_models/families",
    "texture_models/film.py",
    "texture_models/layers.py",
    "texture_models/rendering",
    "texture_models/saved_model.py",
    "texture_models/spatial",
)
ROLE: Final[MapRole] = "basecolor"


@task(task_run_name="render-{model.name}-{model.version}", cache_policy=NO_CACHE)
def render_textures(
    model: RegisteredModel, rendering: RenderConfig, publishing: PublishingConfig
) -> Rendering:
    """Return every texture that `rendering` asks for; those already on the disk are kept.

    Side effects: writes `<home>/renders/<key>/`, downloads the weights into `<home>/models/`.

    Raises:
        MillError: the registry does not have the model any more.
        FolderBusy: another process renders the same.
    """
    settings = Settings()
    key = digest_of(model, rendering, publishing.licence, code_digest(CODE))
    folder = settings.renders_dir / key[:16]
    wanted = list(_pictures(model, rendering))
    with (
        held_lock(folder, f"rendering {model.uri}"),
        step_progress("rendering-progress", f"rendering {len(wanted)} textures") as progress,
    ):
        painter = _Painter(settings, model, publishing)
        textures = []
        for number, (material, seed, size_px) in enumerate(wanted):
            path = folder / material / f"{material}_{seed:04d}_{ROLE}_{size_px}.png"
            progress.report(number / len(wanted), detail=path.name)
            record = finished_texture(path) or painter.paint(path, material, seed, size_px)
            textures.append(RenderedTexture(png_path=str(path), record=record))
        if not painter.painted:
            logger.info("nothing to render: %s has all %d textures", folder, len(wanted))
        show_preview(Path(textures[0].png_path), "texture", Path(textures[0].png_path).name)
    ordered = sorted(textures, key=lambda texture: texture.record.key)
    return Rendering(model=model, folder=str(folder), textures=tuple(ordered))


def _pictures(model: RegisteredModel, rendering: RenderConfig) -> Iterator[tuple[str, int, int]]:
    """Material, seed and size of every picture."""
    # Largest first: a size that does not fit into memory fails in the first minute, not the last.
    for size_px in sorted(rendering.sizes_px, reverse=True):
        for material in model.materials:
            for seed in rendering.seeds:
                yield material, seed, size_px


class _Painter:
    """Renders and encodes one picture after the other; loads the model when the first is due."""

    def __init__(
        self, settings: Settings, model: RegisteredModel, publishing: PublishingConfig
    ) -> None:
        self._settings = settings
        self._model = model
        self._publishing = publishing
        self._renderer: Any = None
        self._provenance: Provenance | None = None
        self.painted = 0

    def paint(self, path: Path, material: str, seed: int, size_px: int) -> TextureRecord:
        """Write one PNG and, after it, its record; return the record."""
        from data.library.encode import TextureSpec, encode_texture

        self._load()
        assert self._provenance is not None  # _load sets it
        pixels = self._renderer.render(
            seed=seed, height_px=size_px, width_px=size_px, material=material
        )
        spec = TextureSpec(
            name=f"{material}_{seed:04d}",
            material=material,
            seed=seed,
            role=ROLE,
            scores=picture_scores(pixels),
        )
        texture = encode_texture(pixels, spec, self._provenance)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_texture(path, texture)
        self.painted += 1
        return texture.record

    def _load(self) -> None:
        if self._renderer is not None:
            return
        from tasks.model_registry import fetch_weights
        from tasks.provenance import provenance_of
        from texture_models.rendering.renderer import Renderer

        weights = fetch_weights(self._settings, self._model, self._settings.home / "models")
        self._provenance = provenance_of(self._settings, self._model, self._publishing)
        self._renderer = Renderer.load(weights)
