"""`texture-mill trace FILE_OR_HASH`: where a picture comes from, what came of a photograph."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from data.url_credentials import text_without_credentials

if TYPE_CHECKING:
    from data.library.lineage import Traced
    from data.library.records import LibraryManifest

DONE, FAILED, UNKNOWN = 0, 1, 3

Commands = argparse._SubParsersAction


def add_trace_command(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `trace` to the command line's parser."""
    text = (
        "from a picture to model, training, photographs and licences; or forward from a photograph"
    )
    parser = commands.add_parser("trace", help=text, description=text + "; exit 3: unknown")
    parser.add_argument("what", metavar="FILE_OR_HASH", help="a picture, or the start of a SHA-256")
    parser.add_argument(
        "--library-url",
        default="",
        metavar="URL",
        help="a store, or a manifest.json on this disk; default: TEXTURE_MILL_STORE_URL",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of words")
    parser.set_defaults(command=_in_one_line)


def _in_one_line(options: argparse.Namespace) -> int:
    from data.store_errors import StoreError
    from tasks.errors import MillError

    try:
        return _trace(options)
    except (MillError, StoreError, ValueError, OSError) as error:
        found = text_without_credentials(" ".join(str(error).split()))
        print(f"texture-mill: error: {found}", file=sys.stderr)
        return FAILED


def _trace(options: argparse.Namespace) -> int:
    from data.library.lineage import hashes_of, lineage_in, trace_back, trace_forward

    path = Path(options.what)
    wanted = hashes_of(path) if path.is_file() else [options.what]
    said = lineage_in(path) if path.is_file() else {}
    manifests = _manifests(options.library_url)
    back = [traced for sha256 in wanted for traced in trace_back(manifests, sha256)]
    forward = [traced for sha256 in wanted for traced in trace_forward(manifests, sha256)]
    back = list({(t.library, t.version, t.key): t for t in reversed(back)}.values())
    if options.json:
        found = {
            "in_the_file": said,
            "back": [traced.model_dump(mode="json") for traced in back],
            "forward": [traced.model_dump(mode="json") for traced in forward],
        }
        print(json.dumps(found, indent=2, sort_keys=True))
    else:
        _print(back, forward, said)
    return DONE if back or forward or said else UNKNOWN


def _manifests(url: str) -> list[LibraryManifest]:
    """Every version of every library of a store, or the one manifest on this disk."""
    from data.library.records import parse_manifest
    from data.library.versions import load_manifest, published_versions
    from data.object_store import open_store

    path = Path(url.removeprefix("file://"))
    if url and path.is_file():
        return [parse_manifest(path.read_bytes(), where=str(path))]
    if not url:
        from tasks.settings import Settings

        url = Settings().store_url
    store = open_store(url)
    return [
        load_manifest(store, library, version)[0]
        for library in store.folders()
        for version in published_versions(store, library)
    ]


def _print(back: list[Traced], forward: list[Traced], said: dict[str, str]) -> None:
    for name, value in said.items():
        print(f"in the file   {name}: {value}")
    for traced in back:
        model, seed = traced.model, "" if traced.seed is None else f", seed {traced.seed}"
        print(
            f"found         {traced.library} v{traced.version:04d} {traced.key} ({traced.found_by})"
        )
        print(f"material      {traced.material or 'the whole library'}{seed}")
        if source := traced.source:
            where = f"{source.library} v{source.version:04d} " if source.version else ""
            name = f"{where}{source.key}".strip() or source.sha256
            print(f"source        {name}, {source.licence}")
            print(f"its SHA-256   {source.sha256}")
        print(f"model         {model.name} version {model.version}, {model.family}")
        print(f"weights       {model.weights_sha256}")
        print(f"training run  {model.mlflow_run_id}")
        print(f"dataset       {traced.dataset.fingerprint}")
        for photograph in traced.dataset.photographs:
            if photograph.photo_id in traced.photographs or not traced.material:
                name = photograph.source_name or photograph.photo_id
                where = f", {photograph.origin}" if photograph.origin else ""
                print(f"photograph    {name}, {photograph.licence}{where}")
        print(f"licence       {traced.licence}")
        print(f"code          {traced.code_version}")
    for traced in forward:
        print(f"made with it  {traced.library} v{traced.version:04d} {traced.key}")
    if not back and not forward:
        print("found         in no manifest")
