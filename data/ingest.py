"""Source -> prepared photographs: every file checked, scaled, analysed, recorded, written once."""

import hashlib
import json
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from data.config import DatasetConfig
from data.decoding import RefusedPictureError, decode_picture
from data.duplicates import DuplicateFinder, pixels_digest
from data.licences import UNKNOWN
from data.photo_analysis import analyse
from data.pixels import held_out_box, write_pixels
from data.records import DatasetError, IngestRow, Photograph, PreparedDataset
from data.slugs import material_slugs, photo_id
from data.sources.candidate import Candidate, Progress, Source
from data.texel_scale import PATCH_PX, choose_texel_scale, rescale

PREPARATION_VERSION = 2
"""Part of every fingerprint. Raise it when the same source would give other pixels or records."""


def prepare(
    config: DatasetConfig,
    datasets_dir: Path,
    on_progress: Progress | None = None,
    *,
    tfds_data_dir: Path | None = None,
) -> PreparedDataset:
    """Check, scale and analyse the photographs of a source; reuse the result if nothing changed.

    Writes `<datasets_dir>/<fingerprint[:16]>/` with `photos/*.png` and `dataset.json`, under a
    temporary name until it is whole. One bad file never stops the rest: it gets a row that says
    why.

    Args:
        config: what to prepare.
        datasets_dir: folder of prepared datasets; TensorFlow datasets lie in `tfds/` below it.
        on_progress: called with (done, total, name) after every file.
        tfds_data_dir: where `tfds:NAME` looks for prepared datasets; `datasets_dir/tfds` if none.

    Raises:
        DatasetError: the source cannot be read, nothing in it is usable, or the disk is full.
    """
    datasets_dir = datasets_dir.absolute()
    source = open_source(config, datasets_dir / "tfds", tfds_data_dir)
    slugs = _chosen_materials(config, source)
    folder = datasets_dir / _fingerprint(config, source)[:16]
    if (folder / "dataset.json").exists():
        return read_prepared(folder)
    datasets_dir.mkdir(parents=True, exist_ok=True)
    _sweep(datasets_dir)
    try:
        with tempfile.TemporaryDirectory(dir=datasets_dir, prefix=".incomplete-") as temporary:
            work = Path(temporary) / "dataset"
            ingest = _Ingest(config, slugs, work)
            ingest.run(source, on_progress or (lambda done, total, name: None))
            dataset = ingest.dataset(source, datasets_dir)
            folder = Path(dataset.folder)
            (work / "dataset.json").write_text(dataset.model_dump_json(indent=2), encoding="utf-8")
            _put_in_place(work, folder)
    except OSError as error:
        raise DatasetError(
            f"cannot write the dataset under {datasets_dir}: {error.strerror or error}"
        ) from error
    return read_prepared(folder)


def read_prepared(folder: Path) -> PreparedDataset:
    """The record of a prepared dataset, wherever its folder lies now.

    Raises:
        DatasetError: there is none, or another version of this code wrote it.
    """
    path = folder / "dataset.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return PreparedDataset.model_validate({**record, "folder": str(folder.absolute())})
    except (OSError, ValueError, TypeError, ValidationError) as error:
        raise DatasetError(
            f"{path} is not a prepared dataset; delete {folder} and prepare it again"
        ) from error


def open_source(config: DatasetConfig, tfds_dir: Path, tfds_data_dir: Path | None) -> Source:
    """The source that `config.source` names.

    Raises:
        DatasetError: it cannot be read.
    """
    # TFDS takes a second to import, so it waits until there is something to read with it.
    if config.source == "sample_photos":
        from data.sources.sample_photos import SamplePhotosSource

        return SamplePhotosSource(tfds_dir)
    if config.source.startswith("tfds:"):
        from data.sources.catalogue import CatalogueSource

        return CatalogueSource(config.source.removeprefix("tfds:"), tfds_data_dir or tfds_dir)
    from data.sources.texture_folder import TextureFolderSource

    return TextureFolderSource(config.source, tfds_dir, max_pixels=config.max_pixels)


@dataclass
class _Ingest:
    """One pass over a source."""

    config: DatasetConfig
    slugs: dict[str, str]
    work: Path
    rows: list[IngestRow] = field(default_factory=list)
    photographs: list[Photograph] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    duplicates: DuplicateFinder = field(default_factory=DuplicateFinder)

    def run(self, source: Source, on_progress: Progress) -> None:
        """Look at every file that can still be taken."""
        (self.work / "photos").mkdir(parents=True)
        for row in source.prepare(on_progress):
            if not row.material or row.material in self.slugs:
                self.rows.append(
                    row.model_copy(update={"material": self.slugs.get(row.material, "")})
                )
        for number, candidate in enumerate(source.candidates(), start=1):
            if candidate.refusal:
                self._add_row(candidate, "", "refused", candidate.refusal)
            elif candidate.label in self.slugs and not self._is_full(self.slugs[candidate.label]):
                self._look_at(candidate)
                done, total = source.prepared_steps + number, source.prepared_steps + len(source)
                on_progress(done, total, candidate.source_name)
            if all(self._is_full(slug) for slug in self.slugs.values()):
                break

    def dataset(self, source: Source, datasets_dir: Path) -> PreparedDataset:
        """Everything found, or a `DatasetError` where that is nothing."""
        fingerprint = _fingerprint(self.config, source)
        if not self.photographs:
            reasons = Counter(row.reason.partition(":")[0].partition(" (")[0] for row in self.rows)
            why = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(3))
            raise DatasetError(
                f"{source.place} has no usable photograph: {len(self.rows)} looked at, "
                f"all refused ({why or 'none of the chosen materials'})"
            )
        self._check_wanted(source)
        return PreparedDataset(
            source=self.config.source,
            fingerprint=fingerprint,
            materials=tuple(sorted({photo.material for photo in self.photographs})),
            photographs=tuple(sorted(self.photographs, key=lambda photo: photo.photo_id)),
            ingest=tuple(sorted(self.rows, key=lambda row: row.source_name)),
            folder=str(datasets_dir / fingerprint[:16]),
            tfds_name=source.tfds_name,
        )

    def _check_wanted(self, source: Source) -> None:
        """Raise `DatasetError` if a material that was asked for by name has nothing to show."""
        found = {photo.material for photo in self.photographs}
        for material in sorted(set(self.config.materials) - found):
            reasons = [
                f"{row.source_name}: {row.reason}" for row in self.rows if row.material == material
            ]
            raise DatasetError(
                f"{source.place} has no usable photograph of {material}"
                f" ({reasons[0] if reasons else 'no picture at all'}); mend it, or leave {material}"
                " out of dataset.materials"
            )

    def _is_full(self, material: str) -> bool:
        limit = self.config.photographs_per_material
        return limit is not None and self.taken[material] >= limit

    def _look_at(self, candidate: Candidate) -> None:
        material = self.slugs[candidate.label]
        try:
            photograph, notes = self._photograph(candidate, material)
        except RefusedPictureError as refusal:
            self._add_row(candidate, material, "refused", str(refusal))
            return
        self.photographs.append(photograph)
        self.taken[material] += 1
        verdict = "repaired" if notes else "accepted"
        remarks = list(notes)
        if photograph.licence == UNKNOWN:
            remarks.append("licence unknown")
        remarks += [f"warning: {text}" for text in photograph.analysis.warnings]
        self._add_row(candidate, material, verdict, "; ".join(remarks))

    def _add_row(self, candidate: Candidate, material: str, verdict: str, reason: str) -> None:
        row = {"material": material, "verdict": verdict, "reason": reason}
        self.rows.append(IngestRow.model_validate({"source_name": candidate.source_name, **row}))

    def _photograph(
        self, candidate: Candidate, material: str
    ) -> tuple[Photograph, tuple[str, ...]]:
        """The prepared photograph, written, and what was repaired in it."""
        if candidate.licence == UNKNOWN and self.config.refuse_unknown_licences:
            raise RefusedPictureError(
                "licence unknown; name it in licences.csv, or allow unknown licences"
            )
        picture = decode_picture(candidate.content, max_pixels=self.config.max_pixels)
        pixels = picture.pixels
        height, width = pixels.shape[:2]
        if min(height, width) < self.config.min_side_px:
            raise RefusedPictureError(
                f"too small: {width} x {height}, the shorter side needs {self.config.min_side_px}"
            )
        pixels = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        duplicate = self.duplicates.find(candidate.source_name, pixels)
        if duplicate:
            raise RefusedPictureError(duplicate)
        scale = choose_texel_scale(pixels, self.config.texel_scale, self.config.held_out_share)
        photograph = self._record(candidate, material, pixels, scale)
        return photograph, (*candidate.repairs, *picture.repairs)

    def _record(
        self, candidate: Candidate, material: str, pixels: np.ndarray, scale: float
    ) -> Photograph:
        prepared = rescale(pixels, scale)
        box = held_out_box(prepared, self.config.held_out_share)
        if min(box.height_px, box.left_px) < PATCH_PX:
            raise RefusedPictureError(
                f"too small: at texel scale {scale} the part to train on is {box.left_px} x "
                f"{box.height_px}, less than a patch of {PATCH_PX}"
            )
        digest = pixels_digest(prepared)
        identifier = photo_id(material, candidate.source_name, digest)
        relative = f"photos/{identifier}.png"
        write_pixels(self.work / relative, prepared)
        return Photograph(
            photo_id=identifier,
            material=material,
            source_name=candidate.source_name,
            source_sha256=candidate.source_sha256,
            licence=candidate.licence,
            origin=candidate.origin,
            source_height_px=pixels.shape[0],
            source_width_px=pixels.shape[1],
            texel_scale=scale,
            height_px=prepared.shape[0],
            width_px=prepared.shape[1],
            pixels_file=relative,
            pixels_sha256=digest,
            held_out=box,
            analysis=analyse(prepared, self.config.held_out_share),
        )


def _chosen_materials(config: DatasetConfig, source: Source) -> dict[str, str]:
    """Label -> slug, for the materials the config asks for."""
    slugs = material_slugs(source.labels())
    unknown = sorted(set(config.materials) - set(slugs.values()))
    if unknown:
        raise DatasetError(
            f"{source.place} has no material {', '.join(unknown)}; it has "
            f"{', '.join(sorted(slugs.values()))}"
        )
    wanted = config.materials or slugs.values()
    return {label: slug for label, slug in slugs.items() if slug in wanted}


def _fingerprint(config: DatasetConfig, source: Source) -> str:
    parts = [PREPARATION_VERSION, config.model_dump(mode="json"), source.tfds_name, source.identity]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _put_in_place(work: Path, folder: Path) -> None:
    try:
        work.rename(folder)
    except OSError:
        # Somebody else prepared the same dataset meanwhile: same fingerprint, same content.
        if not (folder / "dataset.json").exists():
            raise


def _sweep(datasets_dir: Path) -> None:
    """Remove what killed runs left; a day is longer than any run that is still alive."""
    for left in datasets_dir.glob(".incomplete-*"):
        if time.time() - left.stat().st_mtime > 86_400:
            shutil.rmtree(left, ignore_errors=True)
