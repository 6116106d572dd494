"""`texture-mill library ...`: what is done with a library once it is in a store.

Options and output only. What the commands do is in `data/library/`, which is imported when a
command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from flows.recipe_commands import add_recipe_commands

if TYPE_CHECKING:
    from collections.abc import Callable

DONE, FAILED, MISSING = 0, 1, 3

Commands = argparse._SubParsersAction


def add_library_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `library` and its commands to the command line's parser."""
    library = commands.add_parser("library", help="versions and objects of a published library")
    verbs = library.add_subparsers(required=True, metavar="COMMAND")
    _add_verify(verbs)
    add_recipe_commands(verbs)


def store_command(
    verbs: Commands[argparse.ArgumentParser],
    name: str,
    act: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    """Add a command with the options that all of them have: library, `--store`, `--json`."""
    parser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("library", metavar="LIBRARY", help="name of the library")
    parser.add_argument(
        "--store", default="", metavar="URL", help="default: TEXTURE_MILL_STORE_URL, or the home's"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of words")
    parser.set_defaults(command=lambda options: _in_one_line(act, options))
    return parser


def store_url_of(options: argparse.Namespace) -> str:
    """Return the store's URL: the option, else the environment's, else the one in the home."""
    if options.store:
        return str(options.store)
    from tasks.settings import Settings

    return Settings().store_url


def say(options: argparse.Namespace, value: Any, lines: list[str]) -> None:
    """Print `value` as JSON if that was asked for, else `lines`."""
    if options.json:
        print(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True))
        return
    for line in lines:
        print(line)


def _in_one_line(act: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    from data.library.records import LibraryError
    from data.object_store import StoreError
    from tasks.errors import MillError

    try:
        return act(options)
    except (LibraryError, StoreError, MillError, OSError) as error:
        print(f"texture-mill: error: {' '.join(str(error).split())}", file=sys.stderr)
        return FAILED


def _add_verify(verbs: Commands[argparse.ArgumentParser]) -> None:
    text = "read every object of a version; exit 3 if one is missing or damaged and stays so"
    parser = store_command(verbs, "verify", _verify, text)
    parser.add_argument("--version", type=int, metavar="N", help="default: the newest")
    parser.add_argument(
        "--repair",
        action="store_true",
        help="restore each from its other copy if that is sound",
    )


def _verify(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from data.library.verify import find_faults
    from data.library.versions import read_manifest
    from data.object_store import open_store

    url = store_url_of(options)
    manifest = read_manifest(url, options.library, options.version)
    faults = find_faults(open_store(url), manifest, repair=options.repair)
    left = sum(not fault.repaired for fault in faults)
    counted = sum(1 for _ in manifest.objects())
    name = f"{manifest.library} v{manifest.version:04d}"
    summary = f"{name}: {counted} objects, {left} copies missing or damaged"
    if restored := len(faults) - left:
        summary += f", {restored} restored"
    value = {"version": manifest.version, "faults": [asdict(fault) for fault in faults]}
    say(options, value, [*map(str, faults), summary])
    return MISSING if left else DONE
