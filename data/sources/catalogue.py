"""Any dataset of the TensorFlow datasets catalogue that has an image: `tfds:NAME`."""

import contextlib
import hashlib
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tensorflow_datasets as tfds

from data.licences import spdx_identifier
from data.records import DatasetError, IngestRow
from data.slugs import printable
from data.sources.candidate import Candidate, Progress
from data.sources.examples import read_encoded

_ANSWER_TIMEOUT_S = 10.0
_NAMES = "names are listed at https://www.tensorflow.org/datasets/catalog"
_NAME_KEYS = ("file_name", "filename", "image/filename", "id")


class CatalogueSource:
    """One catalogue dataset, all splits, as ingest sees it.

    A dataset that was never prepared is downloaded into `data_dir` by `tfds.load`. A prepared one
    is only read, so a read-only folder is fine. Every picture carries the licence that the
    catalogue states for the whole dataset, mostly none.
    """

    prepared_steps = 0

    def __init__(self, name: str, data_dir: Path) -> None:
        """Load or download.

        Args:
            name: as `tfds.load` takes it: `dtd`, `dtd/3.0.1`, `name/config:version`.
            data_dir: TFDS data directory.

        Raises:
            DatasetError: no such dataset, no image in it, or it cannot be downloaded or written.
        """
        self.place = f"tfds:{name}"
        self._info = _load(name, data_dir)
        self._builder = tfds.builder(name, data_dir=str(data_dir))
        image_key = _key_of(self._info, tfds.features.Image)
        if image_key is None:
            raise DatasetError(
                f"{self.place} has no image; it has {', '.join(self._info.features)}"
            )
        self._image_key = image_key
        self._label_key = _key_of(self._info, tfds.features.ClassLabel)
        self.tfds_name = self._info.full_name
        self.identity = hashlib.sha256(self._info.as_json.encode()).hexdigest()

    def prepare(self, on_progress: Progress) -> list[IngestRow]:
        """Nothing is left to do, and every example becomes a candidate."""
        del on_progress
        return []

    def labels(self) -> list[str]:
        """The label's classes, or the dataset's name where it has no label."""
        if self._label_key is None:
            return [self._info.name]
        return list(self._info.features[self._label_key].names)

    def __len__(self) -> int:
        """Examples in all splits."""
        return sum(split.num_examples for split in self._info.splits.values())

    def candidates(self) -> Iterator[Candidate]:
        """Every example, split by split in stored order."""
        licence, labels = spdx_identifier(self._info.redistribution_info.license), self.labels()
        for split in sorted(self._info.splits):
            examples = read_encoded(self._builder, split, image_key=self._image_key)
            for number, example in enumerate(examples):
                content = bytes(example[self._image_key])
                # Test splits often have -1: nobody says what the picture shows.
                number_of_label = int(example[self._label_key]) if self._label_key else 0
                known = 0 <= number_of_label < len(labels)
                yield Candidate(
                    source_name=_name_of(example, f"{self.tfds_name} {split} {number}"),
                    label=labels[number_of_label] if known else "",
                    content=content,
                    source_sha256=hashlib.sha256(content).hexdigest(),
                    licence=licence,
                    origin=self._info.homepage or self.tfds_name,
                    refusal="" if known else f"its label is {number_of_label}, which is no class",
                )


def _load(name: str, data_dir: Path) -> tfds.core.DatasetInfo:
    builder = _builder(name, data_dir)
    if not builder.is_prepared():
        _refuse_without_network(builder, name, data_dir)
    tfds.disable_progress_bar()
    try:
        # TFDS prints what it does; standard output belongs to whoever called us.
        with contextlib.redirect_stdout(sys.stderr):
            # No split: this only makes sure that the dataset is there.
            _, info = tfds.load(name, split=[], data_dir=str(data_dir), with_info=True)
    # Downloaders, checksums, parsers of a thousand datasets: any error means it cannot be had.
    except Exception as error:
        raise _not_there(name, data_dir, _one_line(error)) from error
    return info


def _builder(name: str, data_dir: Path) -> tfds.core.DatasetBuilder:
    try:
        return tfds.builder(name, data_dir=str(data_dir))
    except tfds.core.DatasetNotFoundError as error:
        raise DatasetError(f"TensorFlow datasets has no {name!r}; {_NAMES}") from error
    # A version or config it does not have, a name that is none, a module it would need.
    except Exception as error:
        raise DatasetError(
            f"tfds:{name} cannot be opened ({_one_line(error)}); {_NAMES}"
        ) from error


def _refuse_without_network(builder: tfds.core.DatasetBuilder, name: str, data_dir: Path) -> None:
    """Ask once for the first file to download; TFDS would ask for minutes before it gives up."""
    kept = "".join(path.read_text() for path in (data_dir / "downloads").rglob("*.INFO"))
    urls = [url for url in builder.url_infos or () if url.startswith(("http://", "https://"))]
    for url in urls[:1]:
        if url in kept:  # it was downloaded already, so no network is needed for it
            return
        request = urllib.request.Request(url, method="HEAD")
        try:
            urllib.request.build_opener().open(request, timeout=_ANSWER_TIMEOUT_S).close()
        except urllib.error.HTTPError as error:
            error.close()  # an answer, and TFDS asks in its own way
        except OSError as error:
            why = getattr(error, "reason", error)
            # TFDS trusts other certificates, so it may succeed.
            if not isinstance(why, ssl.SSLError):
                host = urlsplit(url).hostname
                raise _not_there(name, data_dir, f"{host}: {why}") from error


def _not_there(name: str, data_dir: Path, why: str) -> DatasetError:
    return DatasetError(
        f"tfds:{name} is not prepared under {data_dir} and could not be downloaded ({why}); check "
        "the network, or name the folder of a prepared copy: TFDS_DATA_DIR"
    )


def _key_of(info: tfds.core.DatasetInfo, kind: type) -> str | None:
    """First feature of a kind; `image` and `label` before any other."""
    keys = [key for key, feature in info.features.items() if isinstance(feature, kind)]
    return min(keys, key=lambda key: (key not in ("image", "label"), key), default=None)


def _name_of(example: dict[str, Any], fallback: str) -> str:
    for key in _NAME_KEYS:
        name = example.get(key)
        if isinstance(name, bytes) and name:
            return printable(name.decode(errors="backslashreplace"))
    return fallback


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
