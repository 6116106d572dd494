"""Run the stages that are stale, picture by picture, and take over what is current.

A result is looked for under its key: in the newest published version, then in the home folder,
where a build that was interrupted left it. A model is loaded when the first picture needs one,
never before. Masters are enough to make everything else again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from data.library.build_record import BuildRecord, MasterRecord, current_versions
from data.library.encode import (
    EncodedTexture,
    KeptTexture,
    Pixels,
    Texture,
    TextureSpec,
    decode_png,
    encode_png,
    encode_texture,
    pixel_digest,
)
from data.library.presets import file_name
from data.library.published_build import PublishedBuild
from data.library.recipe import MaterialEntry, Recipe
from data.library.records import ModelRef, Provenance, TextureRecord, digest
from data.library.stages import PlannedTexture, RenderSource, library_key, planned_textures
from tasks.errors import MillError
from tasks.whole_files import write_whole

# (model, material, seed, side in pixels) -> (side, side, 3) uint8, seamless.
Render = Callable[[ModelRef, str, int, int], Pixels]


@dataclass
class BuiltLibrary:
    """Everything that a build hands to the publisher; no bytes, but how to read them."""

    textures: list[Texture] = field(default_factory=list)
    masters: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    record: BuildRecord | None = None
    ran: Counter[str] = field(default_factory=Counter)


class StageRunner:
    """Builds one library.

    Args:
        recipe: what is asked for.
        sources: material -> the version that renders it.
        provenances: material -> what its files say about where they come from.
        render: makes one picture; called only where no master is left.
        folder: of finished results in the home folder.
        published: the newest version, None if there is none.
        again: take over masters only, and make everything else anew.
        made_only: make nothing; what an earlier build did not leave in the home folder is an error.
    """

    def __init__(
        self,
        recipe: Recipe,
        sources: Mapping[str, RenderSource],
        provenances: Mapping[str, Provenance],
        render: Render,
        folder: Path,
        published: PublishedBuild | None,
        *,
        again: bool = False,
        made_only: bool = False,
    ) -> None:
        self._recipe = recipe
        self._sources = sources
        self._provenances = provenances
        self._render = render
        self._folder = folder
        self._published = published
        self._again = again
        self._made_only = made_only
        self._versions = current_versions()
        self._entries = {entry.material: entry for entry in recipe.materials}
        self._before = {} if again else _keys_of(published)

    def run(self, report: Callable[[int, int, str], None] | None = None) -> BuiltLibrary:
        """Build every picture; `report` is called with (done, in all, picture).

        Raises:
            MillError: pictures do not fulfil the recipe's gates.
        """
        built = BuiltLibrary()
        masters: dict[str, MasterRecord] = {}
        wanted = list(planned_textures(self._recipe, self._sources, self._versions))
        groups = [
            (picture, list(files)) for picture, files in groupby(wanted, key=lambda t: _picture(t))
        ]
        for number, (picture, files) in enumerate(groups):
            if report:
                report(number, len(groups), picture)
            masters[picture] = self._master(files[0], built.ran)
            built.masters[picture] = partial(self._master_png, files[0])
            built.textures += self._files(files, masters[picture], built.ran)
        _check_quality(self._recipe, masters)
        built.record = BuildRecord(
            library_key=library_key(self._recipe, self._sources, self._versions),
            recipe=self._recipe,
            sources=dict(self._sources),
            versions=self._versions,
            masters=masters,
            files={texture.key: self._delivered_as(texture) for texture in wanted},
        )
        return built

    def _master(self, file: PlannedTexture, ran: Counter[str]) -> MasterRecord:
        key, picture = file.keys.master, _picture(file)
        known = self._published.record.masters.get(picture) if self._published else None
        if known and known.key == key and self._published and self._published.has_master(key):
            return known
        png, pixels = self._kept_master(key), None
        if png is None:
            if self._made_only:
                raise _not_made(picture)
            ran["sample"] += 1
            model = self._sources[file.material].model
            pixels = self._render(model, file.material, file.seed, self._recipe.master_px)
            png = encode_png(pixels)
            write_whole(self._master_path(key), png)
        if known is not None and known.key == key and known.sha256 == digest(png):
            return known
        ran["master"] += 1
        pixels = decode_png(png)[0] if pixels is None else pixels
        return MasterRecord(
            key=key,
            sha256=digest(png),
            size_bytes=len(png),
            pixel_sha256=pixel_digest(pixels),
            scores=_picture_scores(pixels),
        )

    def _kept_master(self, key: str) -> bytes | None:
        published = self._published.master(key) if self._published else None
        return published or _read(self._master_path(key))

    def _master_png(self, file: PlannedTexture) -> bytes:
        png = self._kept_master(file.keys.master)
        if png is None:
            raise MillError(
                f"the master of {_picture(file)} was lost while the library was built; build again"
            )
        return png

    def _files(
        self, files: Sequence[PlannedTexture], master: MasterRecord, ran: Counter[str]
    ) -> Iterator[Texture]:
        maps: Any = None
        for file in files:
            entry = self._entries[file.material]
            found = self._current(file)
            if found is None:
                if self._made_only:
                    raise _not_made(file.key)
                if maps is None:
                    maps = _maps_of(self._master_png(file), self._recipe, entry)
                ran.update({file.role: 1, "encode": 1})
                found = self._kept(file, self._encode(file, maps).record)
            yield KeptTexture(_updated(found.record, entry, master), found.read)

    def _current(self, file: PlannedTexture) -> KeptTexture | None:
        if self._again:
            return None
        if self._published and self._before.get(file.key) == file.keys.encode:
            record = self._published.textures.get(file.key)
            if record and self._published.has(record):
                return self._kept(file, record)
        place = self._encoded_path(file)
        png, text = _read(place), _read(place.with_suffix(".json"))
        if png is None or text is None:
            return None
        record = TextureRecord.model_validate_json(text)
        return self._kept(file, record) if digest(png) == record.sha256 else None

    def _kept(self, file: PlannedTexture, record: TextureRecord) -> KeptTexture:
        """Return a texture whose bytes wait where they are; lost ones are made again."""

        def read() -> bytes:
            png = _read(self._encoded_path(file))
            if png is not None and digest(png) == record.sha256:
                return png
            if self._published and (png := self._published.content(record)) is not None:
                return png
            maps = _maps_of(self._master_png(file), self._recipe, self._entries[file.material])
            return self._encode(file, maps).png

        return KeptTexture(record, read)

    def _encode(self, file: PlannedTexture, maps: Any) -> EncodedTexture:
        pixels = maps.delivered(file.role, self._recipe.master_px // file.width_px)
        spec = TextureSpec(
            name=_picture(file),
            material=file.material,
            seed=file.seed,
            role=file.role,
            derivation=None if file.role == "basecolor" else "approximated",
        )
        encoded = encode_texture(pixels, spec, self._provenances[file.material])
        place = self._encoded_path(file)
        write_whole(place, encoded.png)
        write_whole(place.with_suffix(".json"), encoded.record.model_dump_json().encode())
        return encoded

    def _master_path(self, key: str) -> Path:
        return self._folder / "master" / key[:2] / f"{key}.png"

    def _encoded_path(self, file: PlannedTexture) -> Path:
        key = file.keys.encode
        return self._folder / "encode" / key[:2] / f"{key}.png"

    def _delivered_as(self, file: PlannedTexture) -> str:
        return file_name(
            self._recipe.preset,
            self._recipe.file_name,
            material=file.material,
            seed=file.seed,
            role=file.role,
            width_px=file.width_px,
        )


def _not_made(what: str) -> MillError:
    return MillError(f"{what} is not made yet; make it with: texture-mill library build RECIPE")


def _keys_of(published: PublishedBuild | None) -> dict[str, str]:
    """Key of a texture -> key of its stage `encode`, as published."""
    if published is None:
        return {}
    record = published.record
    found = planned_textures(record.recipe, record.sources, record.versions)
    return {texture.key: texture.keys.encode for texture in found}


def _picture(file: PlannedTexture) -> str:
    return f"{file.material}_{file.seed:04d}"


def _maps_of(png: bytes, recipe: Recipe, entry: MaterialEntry) -> Any:
    from texture_models.materials.picture_maps import PictureMaps

    return PictureMaps(decode_png(png)[0], **recipe.derive_of(entry).model_dump())


def _updated(record: TextureRecord, entry: MaterialEntry, master: MasterRecord) -> TextureRecord:
    """What is said of a file beside its bytes follows the recipe without encoding anything."""
    width = entry.physical_width_mm
    return record.model_copy(
        update={
            "physical_size_mm": (width, width) if width else None,
            "scale_source": "declared" if width else "unknown",
            "scores": master.scores,
        }
    )


def _picture_scores(pixels: Pixels) -> dict[str, bool | int | float | None]:
    from texture_models.metrics.seam import wrap_seam

    seam = wrap_seam(pixels)
    return {"wrap_seam_z": round(float(seam.z), 3), "wrap_seam_ratio": round(float(seam.ratio), 3)}


def _check_quality(recipe: Recipe, masters: Mapping[str, MasterRecord]) -> None:
    gates, refused = recipe.quality, []
    for picture, master in masters.items():
        z, ratio = (float(master.scores[f"wrap_seam_{name}"] or 0) for name in ("z", "ratio"))
        if picture in gates.excepted or z <= gates.wrap_seam_z or ratio <= gates.wrap_seam_ratio:
            continue
        refused.append(f"{picture} (z {z:g}, ratio {ratio:g})")
    if refused:
        raise MillError(
            f"{len(refused)} pictures have a seam beyond z {gates.wrap_seam_z:g} and ratio "
            f"{gates.wrap_seam_ratio:g}: {', '.join(refused[:5])}; take other seeds, or name them "
            "in quality.excepted of the recipe"
        )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
